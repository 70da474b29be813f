"""Explanations say what the policy says, for random organisations, and name what decided."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.kit.context import system_actor
from metadata.compiler.current import pinned_snapshot
from objects.access.audience import who_can
from objects.access.circle import Circle
from objects.access.circles import Crowd, MemberCircle
from objects.access.explaining import explain
from objects.access.explanation import Explanation, Layer, Outcome, Step, opening
from objects.access.policy import AccessPolicy
from tests.objects import world as worlds
from tests.objects.access.chance import ACTED, Chance
from tests.objects.access.test_scope_property import prepare
from tests.objects.world import World, compiled

PAIRS = int(os.environ.get("PAIRS", "5000")) // 10
PEOPLE, ROWS, SAMPLE = 10, 120, 12
FIELDS = {"firm": "score", "deal": "stage", "deal_line": "score", "note": "body__c"}
CIRCLE_PARTS = (
    "department_ids",
    "department_paths",
    "departments_below",
    "departments_above",
    "subordinates",
    "people_of_roles_below",
    "group_ids",
    "roles_above",
    "stand_ins",
    "territory_places",
    "territory_principals",
    "principals",
)


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world(prepare=prepare) as made:
        yield made


@pytest.mark.parametrize("round_", range(100, 101 + PAIRS // (PEOPLE * SAMPLE)))
def test_explanations_say_what_the_policy_says(the_world: World, django_db_blocker: Any, round_: int) -> None:
    with django_db_blocker.unblock(), worlds.inside(the_world.schema_name), transaction.atomic():
        with pinned_snapshot():
            chance = Chance(round_, PEOPLE, ROWS)
            for person in chance.rules.people:
                for row in chance.dice.sample(chance.rows, SAMPLE):
                    field = FIELDS.get(row.object) if chance.dice.random() < 0.3 else None
                    check(chance, person.id, row.object, row.id, chance.dice.choice(ACTED), field)
        transaction.set_rollback(True)


def check(chance: Chance, user_id: uuid.UUID, name: str, record_id: uuid.UUID, action: str, field: str | None) -> None:
    policy = AccessPolicy.of(build_actor(User.objects.get(pk=user_id), via="api"))
    obj = compiled(name)
    covered = obj.model._base_manager.filter(policy.scope(obj, action).predicate(), pk=record_id, deleted_at=None)
    wanted = policy.can(name, action) and covered.exists()
    if field is not None and action == "read":
        wanted = wanted and policy.can_read_field(obj, field)
    found = explain(system_actor(), user_id, name, record_id, action, field)
    assert found.is_allowed == wanted
    check_steps(found, policy)


def check_steps(found: Explanation, policy: AccessPolicy) -> None:
    """The layers agree with the verdict: something opens the record and nothing closes it, or the other way round."""
    denied = [step for step in found.steps if step.outcome == Outcome.DENIES]
    assert bool(denied) != found.is_allowed, told(found.steps)
    if found.is_allowed:
        assert any(opening(found.steps)), told(found.steps)
        assert found.decided_by.outcome == Outcome.ALLOWS
    else:
        assert found.decided_by is denied[0]
    for step in found.steps:
        if step.steps and step.layer == Layer.MASTER:
            inner_denies = any(inner.outcome == Outcome.DENIES for inner in step.steps)
            assert inner_denies == (step.outcome == Outcome.DENIES), told(found.steps)


def told(steps: tuple[Step, ...]) -> str:
    return "\n".join(f"{step.layer} {step.outcome}: {step.text} [{told(step.steps)}]" for step in steps)


@pytest.mark.parametrize("round_", range(200, 203))
def test_everybody_who_can_is_found_with_a_reason(the_world: World, django_db_blocker: Any, round_: int) -> None:
    with django_db_blocker.unblock(), worlds.inside(the_world.schema_name), transaction.atomic():
        with pinned_snapshot():
            chance = Chance(round_, PEOPLE, ROWS)
            policies = {user.pk: AccessPolicy.of(build_actor(user, via="api")) for user in chance.users.values()}
            check_circles(policies)
            alive = [row for row in chance.rows if not row.deleted]
            for row in chance.dice.sample(alive, SAMPLE):
                check_audience(policies, row.object, row.id, chance.dice.choice(ACTED))
        transaction.set_rollback(True)


def check_circles(policies: dict[uuid.UUID, AccessPolicy]) -> None:
    """What is read for everybody at once is what is read for one."""
    crowd = Crowd.read()
    for policy in policies.values():
        actor = policy.actor
        assert actor.user_id is not None
        alone = Circle(actor.user_id, actor.role_id, actor.department_id)
        among = MemberCircle(crowd, actor.user_id, actor.role_id, actor.department_id)
        for name in CIRCLE_PARTS:
            one, other = getattr(alone, name), getattr(among, name)
            assert sorted(map(str, one)) == sorted(map(str, other)), name


def check_audience(policies: dict[uuid.UUID, AccessPolicy], name: str, record_id: uuid.UUID, action: str) -> None:
    obj = compiled(name)
    wanted = {
        user_id
        for user_id, policy in policies.items()
        if policy.can(name, action)
        and obj.model._base_manager.filter(policy.scope(obj, action).predicate(), pk=record_id).exists()
    }
    found = who_can(system_actor(), name, record_id, action, limit=4)
    people = [*found.people]
    while found.has_more:
        found = who_can(system_actor(), name, record_id, action, offset=len(people), limit=4)
        people += found.people
    by_chance = {one.user_id for one in people} & set(policies)
    assert by_chance == wanted
    assert len(people) == len({one.user_id for one in people}) == found.total
    assert all(one.reasons for one in people), "somebody who can, and nothing that lets him"
