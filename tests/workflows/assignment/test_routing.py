"""What waits in a pool is given to people by rules: in turn, by weight, load and tags, and is taken on in time."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from crm_platform.identity.models import OrganizationSettings
from crm_platform.jobs.context import JobContext
from crm_platform.jobs.models import Job
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, NotFound
from metadata.compiler.current import current_snapshot
from metadata.models import BusinessObject
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.objects.world import World
from workflows.assignment.accepting import NOT_TAKEN_ON, _settle_some, accept
from workflows.assignment.models import Absence, Assignment, AssignmentMember, AssignmentRule
from workflows.assignment.people import next_opening
from workflows.assignment.routing import JOB, SETTLE, route
from workflows.assignment.simulation import simulate
from workflows.pools.models import Pool, PoolMember, PoolMovement

Strategy, State, Reason = AssignmentRule.Strategy, Assignment.State, Assignment.Reason
SATURDAY = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.fixture
def pool(crm: World) -> Pool:
    lead = BusinessObject.objects.get(api_name="lead")
    Pool.objects.filter(business_object=lead).delete()
    made = Pool.objects.create(business_object=lead, api_name="desk__c", label="线索池")
    PoolMember.objects.create(pool=made, principal=f"user:{crm.users['boss'].pk}", is_admin=True)
    return made


def rule(pool: Pool, crm: World, *people: str, members: dict[str, dict[str, Any]] | None = None, **given: Any) -> Any:
    made = AssignmentRule.objects.create(pool=pool, label="规则", entries=["create", "release"], **given)
    for position, name in enumerate(people):
        more = (members or {}).get(name, {})
        AssignmentMember.objects.create(rule=made, user=crm.users[name], position=position, **more)
    return made


def waiting(number: int, **values: Any) -> uuid.UUID:
    given = {"name": f"线索{number}", "company": f"公司{number}", "owner_id": None, **values}
    return RecordService(system_actor()).create("lead", given).id


def owners(ids: list[uuid.UUID]) -> list[uuid.UUID | None]:
    rows = RecordQuery(system_actor(), "lead").where_ids(ids).fields("id", "owner_id").page(1000).dicts()
    found = {row["id"]: row["owner_id"] for row in rows}
    return [uuid.UUID(str(found[str(item)])) if found[str(item)] else None for item in ids]


def people(crm: World, *names: str) -> list[uuid.UUID]:
    return [crm.users[name].pk for name in names]


def test_in_turn_each_gets_one_after_the_other(crm: World, pool: Pool) -> None:
    rule(pool, crm, "rep", "city", "south")
    ids = [waiting(number) for number in range(5)]
    assert Job.objects.filter(kind=JOB, state=Job.State.QUEUED).exists()
    assert route(pool.pk, timezone.now()) == (5, 5)
    assert owners(ids) == people(crm, "rep", "city", "south", "rep", "city")
    more = waiting(9)
    route(pool.pk, timezone.now())
    assert owners([more]) == people(crm, "south")
    kinds = PoolMovement.objects.filter(record_id=ids[0]).order_by("id").values_list("kind", "to_owner_id")
    assert list(kinds) == [("create", None), ("route", crm.users["rep"].pk)]
    assert Assignment.objects.filter(reason=Reason.TURN, state=State.ACCEPTED).count() == 6


def test_weights_loads_and_capacities_decide(crm: World, pool: Pool) -> None:
    weights = {"rep": {"weight": 3}, "city": {"weight": 1}}
    first = rule(pool, crm, "rep", "city", members=weights, strategy=Strategy.WEIGHTED)
    ids = [waiting(number) for number in range(8)]
    route(pool.pk, timezone.now())
    assert Counter(owners(ids)) == Counter({crm.users["rep"].pk: 6, crm.users["city"].pk: 2})
    first.delete()
    limits = {"south": {"capacity": 2}}
    rule(pool, crm, "rep", "city", "south", members=limits, strategy=Strategy.LEAST_LOAD)
    more = [waiting(number) for number in range(10, 14)]
    route(pool.pk, timezone.now())
    assert Counter(owners(more)) == Counter({crm.users["city"].pk: 2, crm.users["south"].pk: 2})


def test_tags_rule_out_and_recommend(crm: World, pool: Pool) -> None:
    tags = {"rep": {"tags": {"rating": ["hot"]}}, "city": {"tags": {"rating": ["cold", "warm"]}}}
    rule(pool, crm, "rep", "city", members=tags, strategy=Strategy.BEST_MATCH)
    ids = [waiting(1, rating="hot"), waiting(2, rating="warm"), waiting(3)]
    assert route(pool.pk, timezone.now()) == (3, 2)
    assert owners(ids) == [*people(crm, "rep", "city"), None]
    assert Assignment.objects.get(record_id=ids[0]).facts["matched"] == ["rating"]
    assert Assignment.objects.get(record_id=ids[2]).state == State.UNPLACED
    assert route(pool.pk, timezone.now()) == (0, 0), "nobody was free a moment ago"


def test_the_first_rule_that_fits_decides_and_others_look_at_the_rest(crm: World, pool: Pool) -> None:
    hot = {"field": "rating", "op": "eq", "value": "hot"}
    rule(pool, crm, "south", condition=hot, position=1)
    rule(pool, crm, "rep", position=2)
    ids = [waiting(1, rating="hot"), waiting(2)]
    route(pool.pk, timezone.now())
    assert owners(ids) == people(crm, "south", "rep")


def test_the_same_company_stays_with_who_has_it(crm: World, pool: Pool) -> None:
    known = RecordService(crm.actor("boss")).create(
        "lead", {"name": "老线索", "company": "同一家公司", "owner_id": str(crm.users["south"].pk)}
    )
    rule(pool, crm, "rep", "south", sticky_fields=["company"])
    new = waiting(1, company="同一家公司")
    route(pool.pk, timezone.now())
    assert owners([known.id, new]) == people(crm, "south", "south")
    assert Assignment.objects.get(record_id=new).reason == Reason.STICKY


def test_who_is_absent_inactive_or_full_is_passed_over(crm: World, pool: Pool) -> None:
    now = timezone.now()
    rule(pool, crm, "rep", "city", "south")
    Absence.objects.create(user=crm.users["rep"], starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1))
    Pool.objects.filter(pk=pool.pk).update(hold_cap=1)
    ids = [waiting(number) for number in range(3)]
    assert route(pool.pk, now) == (3, 2)
    assert owners(ids) == [*people(crm, "city", "south"), None]
    assert Assignment.objects.get(record_id=ids[2]).state == State.UNPLACED


def test_what_is_not_taken_on_goes_to_the_next_and_at_last_stays(crm: World, pool: Pool) -> None:
    rule(pool, crm, "rep", "city", accept_minutes=30, most_tries=2)
    first, second = waiting(1), waiting(2)
    start = timezone.now()
    route(pool.pk, start)
    assert owners([first, second]) == people(crm, "rep", "city")
    assert Job.objects.filter(kind=SETTLE).count() == 1
    accept(crm.actor("city"), second)
    with pytest.raises(NotFound):
        accept(crm.actor("city"), first)
    assert _settle_some(start + timedelta(minutes=29)) == (0, 0)
    assert _settle_some(start + timedelta(minutes=31)) == (1, 1)
    back = PoolMovement.objects.filter(record_id=first).latest("id")
    assert (back.reason, back.to_owner_id, owners([first])) == (NOT_TAKEN_ON, None, [None])
    route(pool.pk, start + timedelta(minutes=32))
    assert owners([first]) == people(crm, "city")
    _settle_some(start + timedelta(minutes=90))
    assert route(pool.pk, start + timedelta(minutes=91)) == (1, 0)
    assert owners([first]) == [None]


def test_whoever_changes_the_record_has_taken_it_on(crm: World, pool: Pool) -> None:
    start = timezone.now()
    rule(pool, crm, "rep", accept_minutes=5)
    record = waiting(1)
    route(pool.pk, start)
    RecordService(crm.actor("rep")).update("lead", record, {"title": "经理"})
    assert _settle_some(start + timedelta(minutes=6)) == (1, 0)
    assert Assignment.objects.get(record_id=record).state == State.ACCEPTED


def test_rules_of_working_hours_wait_for_them(crm: World, pool: Pool) -> None:
    OrganizationSettings.objects.update(work_days=[1, 2, 3, 4, 5], work_hours=[["09:00", "18:00"]], holidays={})
    rule(pool, crm, "rep", only_in_hours=True)
    record = waiting(1)
    opening = next_opening(SATURDAY)
    assert opening == datetime(2026, 11, 23, 1, tzinfo=UTC)
    assert route(pool.pk, SATURDAY) == (0, 0)
    assert Job.objects.filter(kind=JOB, run_at=opening).exists()
    assert next_opening(opening + timedelta(hours=1)) == opening + timedelta(hours=1)
    route(pool.pk, opening)
    assert owners([record]) == people(crm, "rep")


def test_a_simulation_says_what_would_be_and_changes_nothing(crm: World, pool: Pool) -> None:
    rule(pool, crm, "rep", "city")
    ids = [waiting(number) for number in range(3)]
    shown = simulate(crm.actor("boss"), pool.pk, 3)
    assert [(item.id, item.person) for item in shown] == [
        (ids[2], crm.users["rep"].name),
        (ids[1], crm.users["city"].name),
        (ids[0], crm.users["rep"].name),
    ]
    assert owners(ids) == [None] * 3
    assert not Assignment.objects.exists()
    with pytest.raises((NotFound, Forbidden)):
        simulate(crm.actor("south"), pool.pk)


def test_a_hundred_records_cost_a_handful_of_statements(crm: World, pool: Pool) -> None:
    from django.test.utils import CaptureQueriesContext

    rule(pool, crm, "rep", "city", "south", sticky_fields=["company"])
    for number in range(5):
        waiting(number)
    with CaptureQueriesContext(connection) as few:
        route(pool.pk, timezone.now())
    for number in range(40):
        waiting(100 + number)
    with CaptureQueriesContext(connection) as many:
        route(pool.pk, timezone.now())
    assert len(many) <= len(few) + 2
    assert current_snapshot().object("lead").spec.has_pools


def test_the_job_goes_on_until_nothing_is_left(crm: World, pool: Pool) -> None:
    from workflows.assignment.routing import route_pool

    class Context:
        args = {"pool": str(pool.pk)}

        def check_abort(self) -> None:
            """Nobody asks for it."""

    rule(pool, crm, "rep", "city")
    ids = [waiting(number) for number in range(3)]
    context: JobContext = Context()  # type: ignore[assignment]
    assert route_pool(context) == {"given": 3}
    assert None not in owners(ids)
