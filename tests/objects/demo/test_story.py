"""The demo's story: enough of everything, believable, fresh today, and the same every time."""

from __future__ import annotations

import uuid
import zoneinfo
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import phonenumbers
import pytest

from metadata.packages.portable import CRM_PACKAGE, load_package
from objects.demo.load import tell
from objects.demo.organization import STAFF
from objects.demo.world import DemoUser, SeedRow, World

NOW = datetime(2026, 11, 18, 3, 30, tzinfo=UTC)  # a Wednesday, half past eleven in Shanghai
ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")
OPEN = ("contact", "requirements", "proposal", "negotiation")


def story(now: datetime = NOW) -> World:
    home = uuid.UUID(int=1)
    users = {
        member.username: DemoUser(uuid.UUID(int=index), member.username, member.name, home, member.region, member.skill)
        for index, member in enumerate(STAFF, start=10)
    }
    return tell(users, now, ZONE)


@pytest.fixture(scope="module")
def world() -> World:
    return story()


def rows(world: World) -> Iterator[SeedRow]:
    for found in world.rows.values():
        yield from found


def by_value(world: World, object_name: str, field: str) -> Counter[Any]:
    return Counter(row.values.get(field) for row in world.rows[object_name])


def test_there_is_enough_of_everything(world: World) -> None:
    counts = {name: len(found) for name, found in world.rows.items()}
    exact = {"lead": 2_000, "account": 400, "contact": 800, "opportunity": 300, "product": 15, "campaign": 12}
    assert {name: counts[name] for name in exact} == exact
    for name in ("contract", "payment", "task", "event", "visit", "call", "follow_up", "opportunity_line"):
        assert counts[name] >= 60, name


def test_the_same_moment_gives_the_same_story(world: World) -> None:
    again = story()
    assert [(row.id, row.values) for row in rows(again)] == [(row.id, row.values) for row in rows(world)]


def test_every_value_belongs_to_a_field_of_the_package(world: World) -> None:
    schema = load_package(CRM_PACKAGE).schema
    for name, found in world.rows.items():
        known = set(schema.object_map[name].field_map)
        required = {f.api_name for f in schema.object_map[name].business_fields if f.is_required}
        for row in found:
            assert row.values.keys() <= known, name
            assert required <= row.values.keys(), (name, row.values)


def test_nothing_points_at_what_is_not_there(world: World) -> None:
    known = {(row.object, row.id) for row in rows(world)} | {("user", user.id) for user in world.users.values()}
    assert len({row.id for row in rows(world)}) == len(list(rows(world)))
    for row in rows(world):
        for value in row.values.values():
            if hasattr(value, "object"):
                assert (value.object, value.id) in known


def test_time_runs_forward(world: World) -> None:
    for row in rows(world):
        assert world.clock.start - timedelta(days=21) <= row.created_at <= NOW, row
        moments = [row.created_at, *(entry.at for entry in row.history)]
        assert moments == sorted(moments), row
        assert moments[-1] <= NOW, row
        assert row.last_activity_at is None or row.last_activity_at <= NOW, row


def test_the_funnel_narrows_and_leaves_deals_open(world: World) -> None:
    stages = by_value(world, "opportunity", "stage")
    assert all(stages[stage] for stage in (*OPEN, "won", "lost"))
    assert sum(stages[stage] for stage in OPEN) >= 40
    assert 0.2 < stages["won"] / (stages["won"] + stages["lost"]) < 0.5
    statuses = by_value(world, "lead", "status")
    assert statuses["converted"] < statuses["working"] < 2_000 / 2
    wins = Counter(row.owner.username for row in world.rows["opportunity"] if row.values["stage"] == "won")
    assert wins["wanglei"] > 2 * wins["huangweijie"]


def test_amounts_are_the_sums_of_lines_and_payments(world: World) -> None:
    for name in ("opportunity", "contract"):
        for row in world.rows[name]:
            assert row.values["amount"] == sum(line.values["amount"] for line in world.lines[row.id])
    planned: Counter[uuid.UUID] = Counter()
    for payment in world.rows["payment"]:
        planned[payment.values["contract_id"].id] += payment.values["planned_amount"]
    signed = [row for row in world.rows["contract"] if "signed_on" in row.values]
    assert {row.id: row.values["amount"] for row in signed} == dict(planned)


def test_every_won_deal_has_its_contract_and_reason(world: World) -> None:
    contracts = {row.values["opportunity_id"].id for row in world.rows["contract"] if "opportunity_id" in row.values}
    for deal in world.rows["opportunity"]:
        stage = deal.values["stage"]
        assert (deal.id in contracts) == (stage == "won")
        assert ("won_reason" in deal.values, "lost_reason" in deal.values) == (stage == "won", stage == "lost")


@pytest.mark.parametrize("day", [NOW, NOW + timedelta(days=3), NOW.replace(month=2, day=1)])
def test_today_has_work_on_every_day_it_is_seeded(day: datetime) -> None:
    world = story(day)
    today = world.clock.today
    due = Counter((row.values["due_on"] > today) - (row.values["due_on"] < today) for row in _open_tasks(world))
    assert due[0] >= 10
    assert due[-1] >= 10
    assert due[1] >= 10
    visits = [row.values["planned_at"].astimezone(ZONE).date() for row in world.rows["visit"]]
    events = [row.values["starts_at"].astimezone(ZONE).date() for row in world.rows["event"]]
    assert visits.count(today) >= 2
    assert events.count(today) >= 2
    assert sum(1 for row in world.rows["payment"] if row.values["status"] == "overdue") >= 3


def test_followed_up_records_know_their_last_follow_up(world: World) -> None:
    last: dict[uuid.UUID, datetime] = {}
    for row in world.rows["follow_up"]:
        key, at = row.values["related_id"].id, row.values["followed_up_at"]
        last[key] = max(at, last.get(key, at))
    for lead in world.rows["lead"]:
        assert lead.last_followup_at == last.get(lead.id)


def test_texts_have_no_hole_and_addresses_reach_nobody(world: World) -> None:
    for row in rows(world):
        for name, value in row.values.items():
            if isinstance(value, str):
                assert "{" not in value, (name, value)
                assert value == value.strip(), (name, value)
            if name == "email":
                assert value.endswith(".example.com"), value
            if name == "mobile":
                assert "0000" in value
                assert phonenumbers.is_valid_number(phonenumbers.parse(value, "CN")), value


def test_percentages_are_fractions(world: World) -> None:
    assert {row.values["probability"] for row in world.rows["opportunity"]} <= {
        Decimal(part) / 100 for part in (0, 10, 30, 60, 80, 100)
    }


def _open_tasks(world: World) -> list[SeedRow]:
    return [row for row in world.rows["task"] if row.values["status"] in ("open", "in_progress")]
