"""Who may do what with which object: grants, overrides, unknown objects, the caches in between."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_platform.identity.models import Profile
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from metadata.compiler.compiled import UnknownObject
from metadata.models import BusinessObject
from objects.access import grants
from objects.access.grants import ACTIONS, grant_object, granted_actions, revoke_object
from objects.access.policy import AccessPolicy
from objects.query.query import RecordQuery
from tests.objects.world import World, compiled, insert


def policy_of(world: World, name: str) -> AccessPolicy:
    return AccessPolicy.of(world.actor(name))


def rep_profile() -> Profile:
    return Profile.objects.get(api_name="sales_rep")


def deal() -> BusinessObject:
    return BusinessObject.objects.get(api_name="deal")


def test_what_is_granted_is_allowed(world: World) -> None:
    policy = policy_of(world, "rep")
    assert all(policy.can("deal", action) for action in ACTIONS)
    assert not any(policy.can("secret__c", action) for action in ACTIONS)


def test_an_object_without_the_right_to_read_is_as_unknown_as_none(world: World) -> None:
    policy = policy_of(world, "rep")
    messages = set()
    for name in ("secret__c", "no_such_object"):
        with pytest.raises(UnknownObject) as caught:
            policy.require(name, "read")
        messages.add((caught.value.status, caught.value.code, str(caught.value)))
    assert len(messages) == 1
    assert "secret__c" not in {spec.api_name for spec in policy.readable_objects()}


def test_a_readable_object_without_another_right_is_forbidden(world: World) -> None:
    revoke_object(system_actor(), rep_profile(), deal(), ["delete"])
    policy = policy_of(world, "rep")
    policy.require("deal", "read")
    with pytest.raises(Forbidden):
        policy.require("deal", "delete")


def test_every_right_needs_the_right_to_read(world: World) -> None:
    revoke_object(system_actor(), rep_profile(), deal(), ["read"])
    policy = policy_of(world, "rep")
    assert not policy.can("deal", "edit")
    with pytest.raises(NotFound):
        policy.require("deal", "edit")


def test_a_grant_counts_from_the_callers_next_request_on(world: World) -> None:
    before = world.actor("rep")
    assert not AccessPolicy.of(before).can("secret__c", "read")
    secret = BusinessObject.objects.get(api_name="secret__c")
    grant_object(system_actor(), rep_profile(), secret, ["read"])
    after = world.actor("rep")
    assert not AccessPolicy.of(before).can("secret__c", "read")
    assert AccessPolicy.of(after).can("secret__c", "read")
    assert granted_actions(system_actor(), rep_profile().group, secret) == {"read"}


def test_granting_needs_a_function_and_known_actions(world: World) -> None:
    with pytest.raises(Forbidden):
        grant_object(world.actor("rep"), rep_profile(), deal(), ["read"])
    with pytest.raises(ValidationFailed):
        grant_object(system_actor(), rep_profile(), deal(), ["read", "own"])


def test_grants_are_read_once_per_access_version(world: World, django_assert_num_queries) -> None:
    actor = world.actor("rep")
    AccessPolicy.of(actor)
    again = world.actor("rep")
    with django_assert_num_queries(0):
        assert AccessPolicy.of(again).can("deal", "read")
        assert AccessPolicy.of(again) is AccessPolicy.of(again)


def test_an_actor_without_a_version_is_not_cached(world: World) -> None:
    actor = replace(world.actor("rep"), access_version=0, memo={})
    first, second = (read_by_policy(replace(actor, memo={})) for _time in range(2))
    assert first == second
    for table in ("businessobjectgrouppermission", "sharingrule", "restrictionrule", "rolescope"):
        assert any(table in statement for statement in first), table


def read_by_policy(actor: Actor) -> list[str]:
    """Return the statements by which a policy is made."""
    with CaptureQueriesContext(connection) as read:
        AccessPolicy.of(actor)
    return [query["sql"] for query in read.captured_queries]


def test_the_cache_tells_organisations_apart(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = world.actor("rep")
    here = grants.grants_of(actor)
    assert "deal" in here
    monkeypatch.setattr(grants, "current_schema", lambda: "elsewhere")
    monkeypatch.setattr(grants, "_read", lambda group_ids: {})
    assert grants.grants_of(actor) == {}


def test_view_all_reads_everything_and_writes_nothing_more(world: World) -> None:
    record = insert("deal", name="South", owner=world.users["south"])
    actor = replace(world.actor("rep"), functions=frozenset({"identity.view_all_data"}), memo={})
    assert RecordQuery(actor, "deal").visible_ids([record]) == {record}
    assert RecordQuery(actor, "deal", action="edit").visible_ids([record]) == set()
    assert RecordQuery(actor, "secret__c").count().value == 0
    with pytest.raises(Forbidden):
        RecordQuery(actor, "secret__c", action="edit")


def test_modify_all_changes_everything(world: World) -> None:
    record = insert("deal", name="South", owner=world.users["south"])
    actor = replace(world.actor("rep"), functions=frozenset({"identity.modify_all_data"}), memo={})
    assert RecordQuery(actor, "deal", action="delete").visible_ids([record]) == {record}
    AccessPolicy.of(actor).require("secret__c", "delete")


def test_a_caller_without_an_account_sees_nothing(world: World) -> None:
    insert("deal", name="Pool")
    nobody = Actor(None, "nobody", "api", group_ids=world.actor("rep").group_ids)
    assert RecordQuery(nobody, "deal").count("exact").value == 0
    assert RecordQuery(system_actor(), "deal").count("exact").value == 1


def test_kept_and_computed_fields_are_read_only(world: World) -> None:
    policy, obj = policy_of(world, "rep"), compiled("deal")
    editable = {field.name for field in policy.editable_fields(obj, for_create=True)}
    assert {"name", "amount", "owner_id", "currency"} <= editable
    assert not editable & {"id", "version", "created_at", "deleted_at", "deletion_id", "owner_department_id"}
    readable = {field.name for field in policy.readable_fields(obj)}
    assert "deletion_id" not in readable
    assert {"id", "version", "created_by_id", "name"} <= readable
