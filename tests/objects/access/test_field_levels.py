"""Setting what profiles and permission sets may do with fields: rows, limits, new fields, packages, the audit trail."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.models import AccessVersion, PermissionSet, Profile
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from metadata import services
from metadata.ddl.contract import purge_field
from metadata.inputs import FieldInput, ObjectInput
from metadata.models import BusinessField, BusinessFieldGroupPermission, BusinessObject
from objects.access import packages
from objects.access.field_grants import FieldLevel
from objects.access.grants import grant_object, revoke_object
from objects.access.policy import AccessPolicy
from objects.access.services.field_levels import FIELD_LEVELS_CHANGED, field_levels_for, set_field_levels
from tests.objects.world import World, compiled

HIDDEN, MASKED, READ, EDIT = FieldLevel


def rep_profile() -> Profile:
    return Profile.objects.get(api_name="sales_rep")


def permission_set(*actions: str) -> PermissionSet:
    made = PermissionSet.objects.create(api_name="more", name="More", group=Group.objects.create(name="more"))
    if actions:
        for action in actions:
            grant_object(system_actor(), made, BusinessObject.objects.get(api_name="deal"), [action])  # type: ignore[arg-type]
    return made


def level(world: World, name: str, field: str, object_name: str = "deal") -> FieldLevel:
    return AccessPolicy.of(world.actor(name)).field_level(compiled(object_name), field)


def test_without_a_word_about_fields_all_may_be_edited(world: World) -> None:
    found = field_levels_for(system_actor(), rep_profile(), "deal")
    assert set(found) == {field.api_name for field in compiled("deal").spec.business_fields}
    assert set(found.values()) == {EDIT}


def test_levels_are_set_one_by_one_and_the_others_stay(world: World) -> None:
    wanted = {"score": "read", "amount": HIDDEN, "mail__c": "masked"}
    after = set_field_levels(system_actor(), rep_profile(), "deal", wanted)
    assert (after["score"], after["amount"], after["mail__c"], after["name"]) == (READ, HIDDEN, MASKED, EDIT)
    assert set_field_levels(system_actor(), rep_profile(), "deal", {"score": "edit"}) == {**after, "score": EDIT}
    assert field_levels_for(system_actor(), rep_profile(), "deal") == {**after, "score": EDIT}
    rows = BusinessFieldGroupPermission.objects.filter(group=rep_profile().group, content_object__api_name="score")
    assert [row.permission.codename for row in rows] == ["edit_field"]
    assert level(world, "rep", "amount") == HIDDEN
    assert level(world, "rep", "mail__c") == MASKED


def test_a_change_counts_from_the_next_request_on(world: World) -> None:
    before, version = world.actor("rep"), AccessVersion.objects.get().number
    assert AccessPolicy.of(before).field_level(compiled("deal"), "score") == EDIT
    set_field_levels(system_actor(), rep_profile(), "deal", {"score": "hidden"})
    assert AccessVersion.objects.get().number > version
    assert AccessPolicy.of(before).field_level(compiled("deal"), "score") == EDIT
    assert level(world, "rep", "score") == HIDDEN


def test_setting_what_is_set_writes_nothing(world: World) -> None:
    set_field_levels(system_actor(), rep_profile(), "deal", {"score": "read"})
    version, entries = AccessVersion.objects.get().number, AuditEntry.objects.count()
    set_field_levels(system_actor(), rep_profile(), "deal", {"score": "read"})
    assert (AccessVersion.objects.get().number, AuditEntry.objects.count()) == (version, entries)


def test_the_audit_trail_says_what_became_of_what(world: World) -> None:
    set_field_levels(system_actor(), rep_profile(), "deal", {"score": "read"})
    entry = AuditEntry.objects.get(action=FIELD_LEVELS_CHANGED)
    assert entry.object_name == "deal"
    assert entry.details == {"kind": "profile", "name": "sales_rep", "fields": {"score": ["edit", "read"]}}


def test_only_who_manages_users_sets_and_reads_levels(world: World) -> None:
    for call in (
        lambda: set_field_levels(world.actor("rep"), rep_profile(), "deal", {"score": "read"}),
        lambda: field_levels_for(world.actor("rep"), rep_profile(), "deal"),
    ):
        with pytest.raises(Forbidden):
            call()


def test_everything_that_is_wrong_is_told_at_once(world: World) -> None:
    given: dict[str, Any] = {"nothing": "read", "score": "some", "amount": None, "owner_id": "read"}
    with pytest.raises(ValidationFailed) as caught:
        set_field_levels(system_actor(), rep_profile(), "deal", given)
    found = {(error.field, error.code) for error in caught.value.errors}
    assert found == {
        ("nothing", "unknown_field"),
        ("owner_id", "unknown_field"),  # system fields are everybody's
        ("score", "invalid_choice"),
        ("amount", "invalid_choice"),
    }
    with pytest.raises(NotFound):
        set_field_levels(system_actor(), rep_profile(), "no_such_object", {})


def test_hiding_every_field_is_refused_since_no_row_means_no_limit(world: World) -> None:
    every = dict.fromkeys(field_levels_for(system_actor(), rep_profile(), "deal"), HIDDEN)
    with pytest.raises(ValidationFailed):
        set_field_levels(system_actor(), rep_profile(), "deal", every)
    assert level(world, "rep", "score") == EDIT
    revoke_object(system_actor(), rep_profile(), BusinessObject.objects.get(api_name="deal"), ["read"])
    assert set(set_field_levels(system_actor(), rep_profile(), "deal", every).values()) == {HIDDEN}


def test_a_permission_set_adds_to_what_the_profile_allows(world: World) -> None:
    set_field_levels(system_actor(), rep_profile(), "deal", {"score": "hidden", "amount": "masked"})
    more = permission_set()
    assert set(field_levels_for(system_actor(), more, "deal").values()) == {HIDDEN}
    set_field_levels(system_actor(), more, "deal", {"score": "read", "amount": "masked", "name": "masked"})
    assert level(world, "rep", "score") == HIDDEN
    world.users["rep"].groups.add(more.group)
    bump_access_version()
    assert level(world, "rep", "score") == READ
    assert level(world, "rep", "amount") == MASKED
    assert level(world, "rep", "name") == EDIT


def test_a_permission_set_that_reads_the_object_without_limits_takes_them_away(world: World) -> None:
    set_field_levels(system_actor(), rep_profile(), "deal", {"score": "hidden"})
    more = permission_set("read")
    world.users["rep"].groups.add(more.group)
    bump_access_version()
    assert level(world, "rep", "score") == EDIT


def test_new_fields_may_be_edited_by_groups_with_limits(world: World) -> None:
    set_field_levels(system_actor(), rep_profile(), "deal", {"score": "hidden"})
    services.add_field(system_actor(), "deal", FieldInput("fresh__c", "text", "Fresh"))
    assert level(world, "rep", "fresh__c") == EDIT
    assert level(world, "rep", "score") == HIDDEN
    rows = BusinessFieldGroupPermission.objects.filter(content_object__api_name="fresh__c")
    assert [row.group_id for row in rows] == [rep_profile().group_id]


def test_dropping_the_only_visible_field_opens_no_other(world: World) -> None:
    services.add_field(system_actor(), "deal", FieldInput("only__c", "text", "Only"))
    names = field_levels_for(system_actor(), rep_profile(), "deal")
    set_field_levels(system_actor(), rep_profile(), "deal", {**dict.fromkeys(names, HIDDEN), "only__c": READ})
    services.delete_field(system_actor(), "deal", "only__c")
    assert level(world, "rep", "score") == HIDDEN
    purge_field(BusinessField.objects.get(api_name="only__c"))
    bump_access_version()
    assert level(world, "rep", "score") == HIDDEN
    assert level(world, "rep", "name") == MASKED


def test_packages_carry_levels(world: World) -> None:
    set_field_levels(system_actor(), rep_profile(), "deal", {"score": "hidden", "amount": "masked"})
    document = next(item for item in packages.export(["deal"]) if item["profile"] == "sales_rep")
    assert document["fields"]["amount"] == "masked"
    assert "score" not in document["fields"]
    services.create_object(system_actor(), ObjectInput("copy__c", "Copy", fields=[FieldInput("a__c", "text", "A")]))
    wanted = [
        {"object": "copy__c", "profile": "sales_rep", "actions": ["read"], "fields": {"name": "read", "gone": "edit"}}
    ]
    assert packages.diff(wanted)[0].details["fields"] == (None, {"name": "read", "gone": "edit"})
    packages.apply(system_actor(), wanted)
    assert level(world, "rep", "name", "copy__c") == READ
    assert level(world, "rep", "a__c", "copy__c") == HIDDEN
