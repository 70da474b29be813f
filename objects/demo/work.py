"""What the salespeople do all year, and have before them today: follow-ups, calls, visits, events, tasks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from objects.demo.texts import facts, fill
from objects.demo.world import SeedRow, World

CALLS_PER_FOLLOW_UP = 0.4
VISIT_PURPOSES = {
    "new": "first",
    "requirements": "requirements",
    "proposal": "presentation",
    "negotiation": "negotiation",
    "won": "return",
    "account": "return",
}
VISIT_RESULTS = {"progress": 34, "interested": 32, "follow_up": 24, "no_progress": 10}
CALL_RESULTS = {"connected": 68, "no_answer": 20, "busy": 9, "wrong_number": 3}
OPEN_STAGES = ("contact", "requirements", "proposal", "negotiation")


def add_work(world: World) -> None:
    """Add the activities of the past, then what is planned for today and the days to come."""
    for lead in world.rows["lead"]:
        _follow_lead(world, lead)
    for deal in world.rows["opportunity"]:
        _follow_deal(world, deal)
    for account in world.rows["account"]:
        _follow_account(world, account)
    _plan_days(world)
    _add_tasks(world)


def _follow_lead(world: World, lead: SeedRow) -> None:
    status = lead.values["status"]
    if status == "new" or not lead.history:
        return
    at = lead.history[0].at
    for number in range(world.dice.choice((1, 1, 1, 2, 3))):
        if not world.clock.is_past(at):
            return
        kind = "new" if number < 2 else "requirements"
        if status == "invalid" and at > lead.history[-1].at - timedelta(days=1):
            kind = "invalid"
        add_follow_up(world, lead, kind, at)
        if kind == "invalid":
            return
        at = world.clock.after(at, 3, 15, world.dice)


def _follow_deal(world: World, deal: SeedRow) -> None:
    """Add one to three follow-ups for every stage that the deal went through."""
    for stage, begin, end in _stays(world, deal):
        kind = "new" if stage == "contact" else stage
        count = 1 if stage in ("won", "lost") else world.dice.choice((1, 1, 2, 2, 3))
        at = world.clock.after(begin, 0, 2, world.dice)
        for _number in range(count):
            if at > end or not world.clock.is_past(at):
                break
            add_follow_up(world, deal, kind, at)
            at = world.clock.after(at, 3, 9, world.dice)


def _stays(world: World, deal: SeedRow) -> Iterator[tuple[str, datetime, datetime]]:
    """Yield (stage, from, until) for the whole life of a deal."""
    begin, stage = deal.created_at, "contact"
    for entry in deal.history:
        yield stage, begin, entry.at
        begin, stage = entry.at, entry.changes["stage"][1]
    yield stage, begin, min(world.clock.now, begin + timedelta(days=45))


def _follow_account(world: World, account: SeedRow) -> None:
    if account.values["type"] != "customer" and not world.dice.chance(0.35):
        return
    at = world.clock.after(account.created_at, 5, 90, world.dice)
    while world.clock.is_past(at):
        add_follow_up(world, account, "account", at)
        at = world.clock.after(at, 60, 150, world.dice)


def add_follow_up(world: World, row: SeedRow, kind: str, at: datetime) -> None:
    """Add a follow-up, with the call or the visit of which it tells."""
    known = facts(world, row)
    text = world.dice.choice(world.words.texts["follow_up"][kind])
    following = None
    if text["plan"] and (world.clock.now - at).days < 20 and kind not in ("won", "lost"):
        following = world.clock.after(at, 2, 9, world.dice)
    world.add(
        "follow_up",
        row.owner,
        at,
        name=f"{text['name']}：{known['short']}",
        related_id=row.ref,
        contact_id=_contact(world, row),
        method=text["method"],
        content=fill(text["content"], known),
        followed_up_at=at,
        next_contact_at=following,
        next_plan=fill(text["plan"], known),
    )
    if following is not None:
        row.values["next_contact_at"] = following
    _touch(world, row, at, is_followup=True)
    if text["method"] == "phone" and world.dice.chance(CALLS_PER_FOLLOW_UP):
        add_call(world, row, at, result="connected")
    elif text["method"] == "visit":
        add_visit(world, row, kind, at, is_done=True)
    elif text["method"] == "meeting" and world.dice.chance(0.4):
        add_event(world, row, at, is_done=True)
    if world.dice.chance(0.12):
        add_call(world, row, at - timedelta(hours=world.dice.randint(1, 20)))


def add_call(world: World, row: SeedRow, at: datetime, *, result: str | None = None) -> None:
    """Add a telephone call with the person behind the record."""
    at = max(at, row.created_at)
    known = facts(world, row)
    result = result or world.dice.weighted(CALL_RESULTS)
    account_id = row.id if row.object in ("lead", "account") else row.values["account_id"].id
    world.add(
        "call",
        row.owner,
        at,
        name=f"致电{known['short']}{known['person']}",
        related_id=row.ref,
        contact_id=_contact(world, row),
        direction=world.dice.weighted({"outbound": 82, "inbound": 18}),
        phone=world.people[account_id].mobile,
        result=result,
        started_at=at,
        duration_seconds=world.dice.randint(45, 1500) if result == "connected" else 0,
        summary=fill(world.dice.choice(world.words.texts["call"][result]), known),
    )
    _touch(world, row, at, is_followup=False)


def add_visit(world: World, row: SeedRow, kind: str, at: datetime, *, is_done: bool) -> None:
    """Add a visit, with check-in and result when it has taken place."""
    dice, known = world.dice, facts(world, row)
    purpose = VISIT_PURPOSES.get(kind, "first")
    account_id = row.id if row.object in ("lead", "account") else row.values["account_id"].id
    done: dict[str, Any] = {"status": "planned"}
    if is_done:
        result = dice.weighted(VISIT_RESULTS)
        arrived = at + timedelta(minutes=dice.randint(-10, 15))
        done = {
            "status": "done",
            "checked_in_at": arrived,
            "checked_out_at": arrived + timedelta(minutes=dice.randint(35, 140)),
            "result": result,
            "summary": fill(dice.choice(world.words.texts["visit_summaries"][result]), known),
        }
        _touch(world, row, at, is_followup=False)
    companions = [user for user in world.users.values() if user.username in ("chenhao", "linjianguo", "zhoumin")]
    world.add(
        "visit",
        row.owner,
        max(row.created_at, min(at, world.clock.now) - timedelta(days=dice.randint(1, 4))),
        name=fill(world.words.texts["visit"][purpose], known),
        related_id=row.ref,
        contact_id=_contact(world, row),
        purpose=purpose,
        planned_at=at,
        address=world.companies[account_id].address,
        companion_id=dice.choice(companions).ref if dice.chance(0.2) else None,
        **done,
    )


def add_event(world: World, row: SeedRow, at: datetime, *, is_done: bool, kind: str | None = None) -> None:
    """Add an appointment about a record."""
    kind = kind or world.dice.weighted({"meeting": 50, "demo": 28, "exchange": 14, "training": 8})
    known = facts(world, row)
    world.add(
        "event",
        row.owner,
        max(row.created_at, min(at, world.clock.now) - timedelta(days=world.dice.randint(1, 5))),
        name=fill(world.dice.choice(world.words.texts["event"][kind]), known),
        related_id=row.ref,
        contact_id=_contact(world, row),
        type=kind,
        starts_at=at,
        ends_at=at + timedelta(minutes=world.dice.choice((30, 60, 60, 90, 120))),
        is_all_day=False,
        location=world.dice.choice(("腾讯会议", "客户会议室", "公司三楼会议室", known["city"] + "客户现场")),
        status="done" if is_done else "planned",
    )
    if is_done:
        _touch(world, row, at, is_followup=False)


def _plan_days(world: World) -> None:
    """Fill today and this week of every seller, and a few days of the next week."""
    monday = -world.clock.today.isoweekday() + 1
    for user in [user for user in world.users.values() if user.region]:
        deals = [
            row for row in world.rows["opportunity"] if row.owner == user and row.values["stage"] in OPEN_STAGES
        ] or [row for row in world.rows["account"] if row.owner == user]
        for offset in sorted({0, *range(monday, monday + 5), monday + 7, monday + 9}):
            for _number in range(2 if offset == 0 else world.dice.choice((0, 1, 1))):
                _plan(world, world.dice.choice(deals), offset)
    for name in world.words.texts["internal_events"]:
        _plan_internal(world, name, monday)


def _plan(world: World, row: SeedRow, offset: int) -> None:
    at = world.clock.work_moment(world.clock.day(offset), world.dice)
    if at < row.created_at:
        return
    is_done = at < world.clock.now - timedelta(hours=1)
    if world.dice.chance(0.5):
        add_visit(world, row, row.values.get("stage", "account"), at, is_done=is_done)
    else:
        add_event(world, row, at, is_done=is_done)


def _plan_internal(world: World, name: str, monday: int) -> None:
    organizer = world.users[{"华南": "linjianguo", "华东": "chenhao"}.get(name[:2], "zhoumin")]
    at = world.clock.at(world.clock.day(monday + world.dice.randint(0, 4)), 9, 30)
    world.add(
        "event",
        organizer,
        world.clock.work_moment(world.clock.day(monday - 4), world.dice),
        name=name,
        type="internal",
        starts_at=at,
        ends_at=at + timedelta(hours=1),
        is_all_day=False,
        location="公司三楼会议室",
        status="done" if at < world.clock.now else "planned",
    )


def _add_tasks(world: World) -> None:
    """Add tasks: many done, some due today, some overdue, some ahead."""
    sources = {
        "lead": [row for row in world.rows["lead"] if row.values["status"] in ("new", "working")],
        "opportunity": [row for row in world.rows["opportunity"] if row.values["stage"] in OPEN_STAGES],
        "contract": [row for row in world.rows["contract"] if row.values["status"] == "active"],
    }
    for kind, rows in sources.items():
        for row in world.dice.some(rows, 140, 160):
            _add_task(world, row, kind, world.dice.choice((0, 0, -1, -2, -4, 1, 2, 3, 6, 10)), is_open=True)
    finished = [*world.rows["opportunity"], *world.rows["contract"]]
    for row in world.dice.some(finished, 280, 300):
        age = max(1, (world.clock.now - row.created_at).days)
        _add_task(world, row, row.object, -world.dice.randint(1, min(age, 300)), is_open=False)


def _add_task(world: World, row: SeedRow, kind: str, offset: int, *, is_open: bool) -> None:
    dice, due = world.dice, world.clock.day(offset)
    created = max(row.created_at, world.clock.work_moment(due - timedelta(days=dice.randint(2, 9)), dice))
    created = min(created, world.clock.now - timedelta(minutes=dice.randint(5, 300)))
    task = world.add(
        "task",
        row.owner,
        created,
        name=fill(dice.choice(world.words.texts["task"][kind]), facts(world, row)),
        related_id=row.ref,
        status=dice.weighted({"open": 70, "in_progress": 30}) if is_open else "open",
        priority=dice.weighted({"high": 22, "normal": 60, "low": 18}),
        due_on=due,
        remind_at=world.clock.at(due, 9) if dice.chance(0.4) else None,
    )
    if not is_open:
        at = max(created, min(world.clock.work_moment(due, dice), world.clock.now))
        task.change(at, row.owner, status="done", completed_at=at)
        _touch(world, row, at, is_followup=False)


def _contact(world: World, row: SeedRow) -> Any:
    """Return the contact that an activity is about; leads have none."""
    if row.object == "lead":
        return None
    if "contact_id" in row.values:
        return row.values["contact_id"]
    account_id = row.id if row.object == "account" else row.values["account_id"].id
    contacts = world.contacts[account_id]
    return contacts[0].ref if contacts else None


def _touch(world: World, row: SeedRow, at: datetime, *, is_followup: bool) -> None:
    """Note an activity on the record, and on the account of a deal."""
    row.touch(at, is_followup=is_followup)
    reference = row.values.get("account_id")
    if reference is not None:
        world.accounts[reference.id].touch(at, is_followup=is_followup)
