"""Roles, profiles and permission sets: made, changed, refused, deleted, and written to the audit trail."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group

from crm_platform.audit.models import AuditEntry
from crm_platform.identity import services
from crm_platform.identity.functions import MANAGE_USERS, VIEW_SYSTEM
from crm_platform.identity.models import AccessVersion, PermissionSet, Profile, Role
from crm_platform.identity.services import RoleInput
from crm_platform.identity.services.roles import MAX_DEPTH
from crm_platform.kit.errors import NotFound, StateConflict, ValidationFailed
from tests.kit import make

pytestmark = pytest.mark.django_db


def version() -> int:
    return AccessVersion.objects.get().number


def entry(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("id")


def codes(caught: Any) -> set[tuple[str | None, str]]:
    return {(error.field, error.code) for error in caught.value.errors}


def test_the_first_roles_stand_below_each_other() -> None:
    individual = Role.objects.get(api_name="individual")
    assert individual.parent is not None and individual.parent.parent is not None
    assert [individual.parent.api_name, individual.parent.parent.api_name] == ["department_head", "everything"]


# --- roles ------------------------------------------------------------------------------------------------------
def test_a_role_is_made_with_a_name_of_its_own_and_written_down(admin_actor: Any) -> None:
    before, department = version(), make.department("华东")
    role = services.create_role(
        admin_actor,
        RoleInput(
            name=" 区域经理 ",
            parent=Role.objects.get(api_name="everything"),
            data_scope="roles_below",
            contact_scope="chosen",
            contact_departments=[department],
            hides_contact_details=True,
        ),
    )
    role.refresh_from_db()
    assert (role.name, role.api_name, list(role.contact_departments.all())) == ("区域经理", "role_1", [department])
    assert version() > before
    found = entry("role.created")
    assert (found.actor_id, found.record_name) == (admin_actor.user_id, "区域经理")
    assert found.details["changes"]["contact_departments"] == [None, ["华东"]]
    assert services.create_role(admin_actor, RoleInput(name="另一个")).api_name == "role_2"


def test_a_change_is_written_down_from_what_to_what(admin_actor: Any) -> None:
    role = services.create_role(admin_actor, RoleInput(name="助理"))
    before = version()
    services.update_role(admin_actor, role.uuid, data_scope="department", name="助理")
    assert entry("role.changed").details["changes"] == {"data_scope": ["own", "department"]}
    assert version() > before
    before, count = version(), AuditEntry.objects.count()
    services.update_role(admin_actor, role.uuid, data_scope="department")
    assert (version(), AuditEntry.objects.count()) == (before, count)


def test_chosen_contacts_need_departments_and_lose_them_with_another_scope(admin_actor: Any) -> None:
    role = services.create_role(admin_actor, RoleInput(name="客服"))
    with pytest.raises(ValidationFailed) as caught:
        services.update_role(admin_actor, role.uuid, contact_scope="chosen")
    assert codes(caught) == {("contact_departments", "required")}
    services.update_role(admin_actor, role.uuid, contact_scope="chosen", contact_departments=[make.department()])
    services.update_role(admin_actor, role.uuid, contact_scope="all")
    assert not role.contact_departments.exists()


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"name": "  "}, ("name", "required")),
        ({"name": "长" * 101}, ("name", "too_long")),
        ({"name": "个人"}, ("name", "not_unique")),
        ({"api_name": "Bad Name"}, ("api_name", "invalid_type")),
        ({"api_name": "individual"}, ("api_name", "not_unique")),
        ({"data_scope": "galaxy"}, ("data_scope", "invalid_choice")),
        ({"contact_scope": "galaxy"}, ("contact_scope", "invalid_choice")),
        ({"users": 1}, ("users", "unknown_field")),
    ],
)
def test_what_is_wrong_with_a_role_is_told(admin_actor: Any, changes: dict[str, Any], wrong: tuple[str, str]) -> None:
    Role.objects.filter(api_name="individual").update(name="个人")
    role = services.create_role(admin_actor, RoleInput(name="新角色"))
    with pytest.raises(ValidationFailed) as caught:
        services.update_role(admin_actor, role.uuid, **changes)
    assert codes(caught) == {wrong}


def test_roles_stand_in_no_circle_and_not_too_deep(admin_actor: Any) -> None:
    chain = [services.create_role(admin_actor, RoleInput(name="级1"))]
    for number in range(2, MAX_DEPTH + 1):
        chain.append(services.create_role(admin_actor, RoleInput(name=f"级{number}", parent=chain[-1])))
    for below in (chain[0], chain[1], chain[-1]):
        with pytest.raises(ValidationFailed) as caught:
            services.update_role(admin_actor, chain[0].uuid, parent=below)
        assert codes(caught) == {("parent", "invalid_reference")}
    with pytest.raises(ValidationFailed) as caught:
        services.create_role(admin_actor, RoleInput(name="太深", parent=chain[-1]))
    assert codes(caught) == {("parent", "out_of_range")}
    other = services.create_role(admin_actor, RoleInput(name="顶"))
    with pytest.raises(ValidationFailed) as caught:
        services.update_role(admin_actor, chain[0].uuid, parent=other)
    assert codes(caught) == {("parent", "out_of_range")}
    services.update_role(admin_actor, chain[1].uuid, parent=other)


def test_a_role_in_use_stays_and_says_by_whom(admin_actor: Any) -> None:
    role = services.create_role(admin_actor, RoleInput(name="组长"))
    people = [make.user(role=role, name=f"组长{number}") for number in range(7)]
    with pytest.raises(StateConflict) as caught:
        services.delete_role(admin_actor, role.uuid)
    assert "组长0" in str(caught.value) and "组长4" in str(caught.value) and "组长5" not in str(caught.value)
    assert "2" in str(caught.value)
    for user in people:
        services.update_user(admin_actor, user.pk, role=Role.objects.get(api_name="individual"))
    below = services.create_role(admin_actor, RoleInput(name="组员", parent=role))
    with pytest.raises(StateConflict, match="组员"):
        services.delete_role(admin_actor, role.uuid)
    services.delete_role(admin_actor, below.uuid)
    services.delete_role(admin_actor, role.uuid)
    assert not Role.objects.filter(pk__in=[role.pk, below.pk]).exists()
    assert entry("role.deleted").details["changes"]["name"] == ["组长", None]
    with pytest.raises(NotFound):
        services.update_role(admin_actor, role.uuid, name="x")


# --- profiles and permission sets -----------------------------------------------------------------------------
def test_a_profile_lives_and_dies_with_its_group(admin_actor: Any, actor_for: Any) -> None:
    profile = services.create_profile(admin_actor, "运维", functions=[VIEW_SYSTEM])
    user = make.user(profile=profile)
    assert actor_for(user).functions == {VIEW_SYSTEM}
    services.update_profile(admin_actor, profile.uuid, name="系统运维", api_name="ops")
    assert entry("profile.changed").details["changes"] == {
        "name": ["运维", "系统运维"],
        "api_name": ["profile_1", "ops"],
    }
    with pytest.raises(StateConflict, match=user.name):
        services.delete_profile(admin_actor, profile.uuid)
    services.update_user(admin_actor, user.pk, profile=Profile.objects.get(api_name="sales_rep"))
    services.delete_profile(admin_actor, profile.uuid)
    assert not Group.objects.filter(pk=profile.group_id).exists()
    assert entry("profile.deleted").record_name == "系统运维"


def test_a_permission_set_adds_to_the_profile_of_those_who_have_it(admin_actor: Any, actor_for: Any) -> None:
    made, user = services.create_permission_set(admin_actor, "看系统", functions=[VIEW_SYSTEM]), make.user(name="小王")
    assert VIEW_SYSTEM not in actor_for(user).functions
    services.set_permission_set_members(admin_actor, made.uuid, [user.pk])
    assert VIEW_SYSTEM in actor_for(user).functions
    assert entry("permission_set.members_changed").details["changes"] == {"members": [[], ["小王"]]}
    with pytest.raises(StateConflict, match="小王"):
        services.delete_permission_set(admin_actor, made.uuid)
    services.update_permission_set(admin_actor, made.uuid, description="只读")
    services.set_permission_set_members(admin_actor, made.uuid, [])
    assert VIEW_SYSTEM not in actor_for(user).functions
    services.delete_permission_set(admin_actor, made.uuid)
    assert not PermissionSet.objects.exists() and not Group.objects.filter(pk=made.group_id).exists()


def test_members_of_a_permission_set_are_users_that_there_are(admin_actor: Any) -> None:
    made = services.create_permission_set(admin_actor, "看系统")
    with pytest.raises(ValidationFailed):
        services.set_permission_set_members(admin_actor, made.uuid, [made.uuid])


def test_functions_change_as_a_whole_and_are_written_down(admin_actor: Any) -> None:
    profile = services.create_profile(admin_actor, "运维", functions=[VIEW_SYSTEM])
    before = version()
    services.set_functions(admin_actor, profile, ["identity.manage_api_keys"])
    assert version() > before
    assert entry("grants.functions_changed").details["changes"] == {
        "functions": [[VIEW_SYSTEM], ["identity.manage_api_keys"]]
    }
    with pytest.raises(ValidationFailed):
        services.set_functions(admin_actor, profile, ["auth.add_user"])


def test_somebody_must_stay_able_to_manage_users_be_it_by_a_permission_set(admin_actor: Any) -> None:
    administrators = Profile.objects.get(api_name="administrator")
    with pytest.raises(StateConflict):
        services.set_functions(admin_actor, administrators, [VIEW_SYSTEM])
    made = services.create_permission_set(admin_actor, "用户管理", functions=[MANAGE_USERS])
    with pytest.raises(StateConflict):
        services.set_functions(admin_actor, administrators, [VIEW_SYSTEM])
    services.set_permission_set_members(admin_actor, made.uuid, [make.user().pk])
    services.set_functions(admin_actor, administrators, [VIEW_SYSTEM])
    with pytest.raises(StateConflict):
        services.set_permission_set_members(admin_actor, made.uuid, [])
    with pytest.raises(StateConflict):
        services.set_functions(admin_actor, made, [])
