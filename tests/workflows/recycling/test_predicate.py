"""The predicate of a pool takes back exactly the records that a slow reading of its rules takes back."""

from __future__ import annotations

import random
import uuid
from typing import Any

import pytest

from metadata.compiler.current import current_snapshot
from metadata.models import BusinessObject
from tests.objects.world import World
from tests.workflows.recycling import known, reference
from tests.workflows.recycling.known import NOW
from workflows.pools.models import Clock, Pool, RecycleRule
from workflows.pools.recycling.countdown import due_dates
from workflows.pools.recycling.finding import due_among, due_places
from workflows.pools.recycling.predicate import BrokenRules, due_plan

RECORDS, ROUNDS = 80, 60
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "no_follow_up": [{}],
    "no_valid_follow_up": [{}, {"min_length": 5}, {"methods": ["visit"]}, {"min_length": 2, "methods": ["phone"]}],
    "no_progress": [{"field": "type"}],
    "no_deal": [{}],
    "not_converted": [{"field": "type", "values": ["customer"]}, {"field": "level", "values": ["normal", "small"]}],
    "contract_ended": [{}, {"statuses": ["active", "completed"]}],
    "expression": [{"expression": 'level = "small"'}],
}
VARIANTS = [
    [],
    [{"condition": {"field": "level", "op": "in", "value": ["strategic"]}, "days": 21}],
    [
        {"condition": {"field": "type", "op": "in", "value": ["prospect"]}, "days": 2},
        {"condition": {"field": "level", "op": "in", "value": ["small", "normal"]}, "days": 12},
    ],
]


@pytest.fixture
def pool(crm: World) -> Pool:
    account = BusinessObject.objects.get(api_name="account")
    return Pool.objects.create(business_object=account, api_name="sea", label="客户公海", recycles=True)


def rule(dice: random.Random, pool: Pool, kind: str, group: int) -> RecycleRule:
    return RecycleRule(
        pool=pool,
        label=f"{kind} {group}",
        kind=kind,
        days=dice.choice((0, 3, 7, 14)),
        variants=dice.choice(VARIANTS),
        settings=dice.choice(SETTINGS[kind]),
        group=group,
    )


def drawn_rules(dice: random.Random, pool: Pool, first: str) -> list[list[RecycleRule]]:
    """Return one to three groups of one or two rules, the first of a kind."""
    groups = [[rule(dice, pool, first, 0)]]
    for number in range(dice.choice((0, 0, 1, 2))):
        groups.append([rule(dice, pool, dice.choice(list(SETTINGS)), number + 1)])
    for number, group in enumerate(groups):
        if dice.random() < 0.4:
            group.append(rule(dice, pool, dice.choice(list(SETTINGS)), number))
    return groups


def test_the_predicate_means_what_the_rules_say(crm: World, pool: Pool) -> None:
    dice = random.Random(20261012)
    found = [known.drawn(dice) for _number in range(RECORDS)]
    by_id = dict(zip(known.stored(crm, pool, found), found, strict=True))
    taken: dict[str, int] = dict.fromkeys(SETTINGS, 0)
    for number in range(ROUNDS):
        kind = list(SETTINGS)[number % len(SETTINGS)]
        pool.clock, pool.waits_for_leave = Clock.values[number // len(SETTINGS) % 2], number % 3 != 0
        pool.recycle_rules.all().delete()
        groups = drawn_rules(dice, pool, kind)
        rules = RecycleRule.objects.bulk_create(item for group in groups for item in group)
        plan = due_plan(pool, NOW, rules=rules)
        away = known.AWAY if pool.waits_for_leave else {key: [] for key in known.AWAY}
        expected = {
            key for key, one in by_id.items() if reference.is_due(groups, pool.clock, away[one.owner], one, NOW)
        }
        assert {place.id for place in due_places(plan, None, 1_000)} == expected, [vars(item) for item in rules]
        taken[kind] += bool(expected)
        _check_reasons(plan, expected, by_id)
        _check_due_dates(pool, by_id, expected)
    assert all(taken.values()), f"some kind never took anything back: {taken}"


def _check_reasons(plan: Any, expected: set[uuid.UUID], by_id: dict[uuid.UUID, reference.Known]) -> None:
    for record in due_among(plan, list(by_id)):
        assert record.id in expected
        for reason in record.reasons:
            mine = next(item.rule for item in plan.rules if item.rule.pk == reason.rule_id)
            one = by_id[record.id]
            assert reason.base == reference.base(mine.kind, mine.settings, one, NOW)
            assert reason.days == reference.days_of(mine, one)
            assert reason.base < reason.cutoff


def _check_due_dates(pool: Pool, by_id: dict[uuid.UUID, reference.Known], expected: set[uuid.UUID]) -> None:
    pool.save()
    dates = due_dates(current_snapshot().object("account"), list(by_id), NOW)
    assert {key for key, date in dates.items() if date.at < NOW} == expected


def test_rules_that_fit_no_longer_return_nothing(crm: World, pool: Pool) -> None:
    pool.exempt = {"field": "no_such_field", "op": "eq", "value": "1"}
    with pytest.raises(BrokenRules):
        due_plan(pool, NOW)
    pool.exempt = None
    for kind, settings in (
        ("not_converted", {"field": "name", "values": ["a"]}),
        ("expression", {"expression": "parent.level ="}),
        ("expression", {"expression": 'parent.level = "small"'}),
        ("expression", {"expression": '$User.name = "a"'}),
        ("no_valid_follow_up", {"object": "product"}),
        ("no_progress", {"field": "created_at"}),
    ):
        with pytest.raises(BrokenRules):
            due_plan(pool, NOW, rules=[RecycleRule(pool=pool, label="x", kind=kind, settings=settings)])
    assert due_places(due_plan(pool, NOW), None, 10) == []
