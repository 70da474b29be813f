"""Trying another role, profile or group tells what really would change, and changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import AccessVersion, Profile, Role, User
from crm_platform.identity.services import bump_access_version, create_group, create_permission_set, create_profile
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from metadata.compiler.current import pinned_snapshot
from metadata.models import BusinessObject
from objects.access.grants import grant_object
from objects.access.models import TerritoryMember
from objects.access.policy import AccessPolicy
from objects.access.services.field_levels import set_field_levels
from objects.access.services.sharing_rules import SharingRuleInput, create_sharing_rule
from objects.access.simulation import Number, ObjectChange, Simulation, simulate_role_change
from objects.query.query import RecordQuery
from tests.objects import world as worlds
from tests.objects.access.chance import Chance
from tests.objects.access.test_scope_property import prepare
from tests.objects.world import World, compiled, insert


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world() as made:
        yield made


@pytest.fixture
def world(the_world: World, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.inside(the_world.schema_name), transaction.atomic():
        with pinned_snapshot():
            for name in ("rep", "rep", "city", "south"):
                insert("deal", name="D", owner=the_world.users[name])
            yield the_world
        transaction.set_rollback(True)


def role(api_name: str) -> uuid.UUID:
    return Role.objects.get(api_name=api_name).uuid


def of(found: Simulation, name: str) -> ObjectChange:
    return next(item for item in found.objects if item.name == name)


def test_a_wider_role_gains_records_and_nothing_is_saved(world: World) -> None:
    rep, version = world.users["rep"], AccessVersion.objects.get().number
    found = simulate_role_change(system_actor(), rep.pk, {"role": role("department_head")})
    deals = of(found, "deal")
    assert (deals.read.gained, deals.read.lost) == (Number(1), Number(0))
    assert (deals.edit.gained, deals.actions_gained, deals.fields) == (Number(1), (), ())
    assert (found.functions_gained, found.functions_lost) == ((), ())
    rep.refresh_from_db()
    assert rep.role is not None
    assert rep.role.api_name == "individual"
    assert AccessVersion.objects.get().number == version
    assert len(RecordQuery(world.actor("rep"), "deal").ids()) == 2


def test_what_was_tried_is_kept_for_nobody(world: World) -> None:
    """The caches are keyed by the access version: that which comes next must not hold what was tried."""
    group = create_group(system_actor(), "G")
    firm = insert("firm", name="F", owner=world.users["south"])
    given = SharingRuleInput(
        object="firm",
        label="S",
        kind="owner",
        owned_by=f"user:{world.users['south'].pk}",
        shared_with=f"group:{group.uuid}",
    )
    create_sharing_rule(system_actor(), given)
    changes = {"role": role("everything"), "groups": [group.uuid], "department": world.departments["south"].pk}
    found = simulate_role_change(system_actor(), world.users["rep"].pk, changes)
    assert of(found, "deal").read.gained == Number(2)
    for _again in range(2):
        assert len(RecordQuery(world.actor("rep"), "deal").ids()) == 2
        assert RecordQuery(world.actor("rep"), "firm").visible_ids([firm]) == set()
        bump_access_version()


def test_a_poorer_profile_loses_rights_records_and_fields(world: World) -> None:
    bare = create_profile(system_actor(), "Bare")
    grant_object(system_actor(), bare, BusinessObject.objects.get(api_name="deal"), ["read"])
    set_field_levels(system_actor(), bare, "deal", {"amount": "hidden", "score": "read"})
    boss = world.users["boss"]
    found = simulate_role_change(system_actor(), boss.pk, {"profile": bare.uuid})
    deals = of(found, "deal")
    assert deals.read == type(deals.read)()
    assert (deals.edit.gained, deals.edit.lost) == (Number(0), Number(4))
    assert {"create", "edit", "delete"} <= set(deals.actions_lost)
    assert {(item.name, item.after.name) for item in deals.fields} >= {("amount", "HIDDEN"), ("score", "READ")}
    assert "read" in of(found, "firm").actions_lost
    assert of(found, "firm").fields == ()  # the object as a whole says it


def test_a_permission_set_adds_functions_and_objects(world: World) -> None:
    added = create_permission_set(system_actor(), "See all", functions=["identity.view_all_data"])
    found = simulate_role_change(system_actor(), world.users["rep"].pk, {"permission_sets": [added.uuid]})
    assert found.functions_gained == ("identity.view_all_data",)
    assert of(found, "secret__c").actions_gained == ("read",)
    assert of(found, "deal").read.gained == Number(2)


def test_who_may_try_and_what_must_be_there(world: World) -> None:
    rep = world.actor("rep")
    with pytest.raises(Forbidden):
        simulate_role_change(rep, world.users["rep"].pk, {"role": None})
    with pytest.raises(NotFound):
        simulate_role_change(system_actor(), uuid.uuid4(), {"role": None})
    wrong = {"role": uuid.uuid4(), "groups": [uuid.uuid4()], "territories": [uuid.uuid4()], "salary": 1}
    with pytest.raises(ValidationFailed) as failed:
        simulate_role_change(system_actor(), world.users["rep"].pk, wrong)
    assert {error.field for error in failed.value.errors} == {"role", "groups", "territories", "salary"}


@pytest.fixture(scope="module")
def chances(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world(prepare=prepare) as made:
        yield made


def test_what_is_told_comes_true(chances: World, django_db_blocker: Any) -> None:
    """In a random organisation: the counts of a trial are those of the change when it is made."""
    with django_db_blocker.unblock(), worlds.inside(chances.schema_name), transaction.atomic():
        with pinned_snapshot():
            chance = Chance(300, 8, 120)
            for person in chance.rules.people:
                check_person(chance, person.id)
        transaction.set_rollback(True)


def check_person(chance: Chance, user_id: uuid.UUID) -> None:
    role_id, profile = chance.dice.choice(chance.roles).id, chance.dice.choice(chance.profiles)[0]
    changes = {
        "role": role_id,
        "profile": profile.uuid,
        "department": chance.dice.choice(chance.departments).id,
        "groups": [row.uuid for row in chance.dice.sample(chance.groups, 1)],
        "territories": [node.id for node in chance.dice.sample(chance.rules.territories, 2)],
    }
    told = {item.name: item for item in simulate_role_change(system_actor(), user_id, changes).objects}
    before = {name: reached(user_id, name) for name in chance.objects}
    with transaction.atomic():
        change(user_id, changes)
        after = {name: reached(user_id, name) for name in chance.objects}
        transaction.set_rollback(True)
    bump_access_version()
    for name in chance.objects:
        difference = (len(after[name] - before[name]), len(before[name] - after[name]))
        read = told[name].read if name in told else None
        assert ((read.gained.value, read.lost.value) if read else (0, 0)) == difference, name


def change(user_id: uuid.UUID, changes: dict[str, Any]) -> None:
    user = User.objects.get(pk=user_id)
    user.role = Role.objects.get(uuid=changes["role"])
    user.profile = Profile.objects.get(uuid=changes["profile"])
    user.department_id = changes["department"]
    user.save()
    TerritoryMember.objects.filter(user=user).delete()
    for territory_id in changes["territories"]:
        TerritoryMember.objects.create(user=user, territory_id=territory_id)
    user.groups.set(Group.objects.filter(user_group__uuid__in=changes["groups"]))
    bump_access_version()


def reached(user_id: uuid.UUID, name: str) -> set[uuid.UUID]:
    policy = AccessPolicy.of(build_actor(User.objects.get(pk=user_id), via="api"))
    if not policy.can(name, "read"):
        return set()
    rows = compiled(name).model._base_manager.filter(policy.scope(compiled(name), "read").predicate(), deleted_at=None)
    return set(rows.values_list("pk", flat=True))
