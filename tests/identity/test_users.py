"""The services of users, departments and profiles."""

from __future__ import annotations

import pytest

from crm_platform.identity import services
from crm_platform.identity.models import AccessVersion, Profile, Role, User
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from tests.kit import make


@pytest.fixture
def data(db):
    def build(**changes):
        values = {
            "username": "wang.fang",
            "name": "王芳",
            "department": make.root_department(),
            "role": Role.objects.get(api_name="individual"),
            "profile": Profile.objects.get(api_name="sales_rep"),
        }
        return services.UserInput(**(values | changes))

    return build


def fields_of(failed):
    return {(error.field, error.code) for error in failed.value.errors}


def test_new_user_can_sign_in_and_moves_the_access_version(admin_actor, data, client):
    before = AccessVersion.objects.get().number
    user = services.create_user(admin_actor, data(username=" Wang.Fang "), "a-long-Passw0rd")
    assert user.username == "wang.fang"
    assert client.login(username="wang.fang", password="a-long-Passw0rd")
    assert AccessVersion.objects.get().number > before


def test_user_without_password_can_not_sign_in(admin_actor, data, client):
    services.create_user(admin_actor, data())
    assert not client.login(username="wang.fang", password="")


def test_all_mistakes_are_named_at_once(admin_actor, data):
    closed = make.department("旧部门", is_active=False)
    with pytest.raises(ValidationFailed) as failed:
        services.create_user(
            admin_actor,
            data(username="王 芳", name="  ", email="x", role=None, department=closed, time_zone="Mars/Base"),
            "123",
        )
    assert fields_of(failed) == {
        ("username", "invalid_type"),
        ("name", "required"),
        ("email", "invalid_type"),
        ("role", "required"),
        ("department", "inactive_reference"),
        ("time_zone", "invalid_choice"),
        ("password", "validation_rule_failed"),
    }


def test_user_name_is_taken_whatever_its_case(admin_actor, data):
    make.user("wang.fang")
    with pytest.raises(ValidationFailed) as failed:
        services.create_user(admin_actor, data(username="WANG.Fang"))
    assert fields_of(failed) == {("username", "not_unique")}


def test_unknown_attribute_is_refused(admin_actor):
    with pytest.raises(ValidationFailed) as failed:
        services.update_user(admin_actor, make.user().pk, is_superuser=True)
    assert fields_of(failed) == {("is_superuser", "unknown_field")}


def test_managers_do_not_form_a_circle(admin_actor):
    top = make.user()
    middle = make.user(manager=top)
    low = make.user(manager=middle)
    for manager in (low, middle, top):
        with pytest.raises(ValidationFailed) as failed:
            services.update_user(admin_actor, top.pk, manager=manager)
        assert fields_of(failed) == {("manager", "invalid_reference")}


def test_deactivated_user_is_signed_out_at_once_and_for_good(admin_actor, client, admin_user):
    user = make.user()
    client.force_login(user)
    key = client.cookies["sessionid"].value
    services.deactivate_user(admin_actor, user.pk)
    assert client.get("/setup/users/").status_code == 302
    services.reactivate_user(admin_actor, user.pk)
    client.cookies["sessionid"] = key
    assert client.get("/setup/users/").status_code == 302


def test_reset_password_ends_sessions(admin_actor, client):
    user = make.user(profile="administrator")
    client.force_login(user)
    services.reset_password(admin_actor, user.pk, "another-Passw0rd")
    assert client.get("/setup/users/").status_code == 302
    assert client.login(username=user.username, password="another-Passw0rd")


def test_end_sessions_of_oneself_needs_no_right(actor_for):
    user, other = make.user(), make.user()
    services.end_sessions(actor_for(user), user.pk)
    assert User.objects.get(pk=user.pk).session_epoch == 1
    with pytest.raises(Forbidden):
        services.end_sessions(actor_for(user), other.pk)


def test_nobody_locks_out_the_last_manager_of_users(admin_actor, admin_user, actor_for):
    second = make.user(profile="administrator")
    services.deactivate_user(actor_for(second), admin_user.pk)
    with pytest.raises(StateConflict):
        services.deactivate_user(actor_for(second), second.pk)
    with pytest.raises(StateConflict):
        services.update_user(actor_for(second), second.pk, profile=Profile.objects.get(api_name="sales_rep"))
    with pytest.raises(StateConflict):
        services.revoke_function(actor_for(second), "administrator", "identity.manage_users")


def test_granted_function_is_there_at_the_next_request_and_gone_after_revoking(admin_actor, actor_for):
    user = make.user()
    assert not actor_for(user).has_function("identity.view_system")
    services.grant_function(admin_actor, "sales_rep", "identity.view_system")
    assert actor_for(user).has_function("identity.view_system")
    services.revoke_function(admin_actor, "sales_rep", "identity.view_system")
    assert not actor_for(user).has_function("identity.view_system")


def test_unknown_function_and_profile_are_named(admin_actor):
    with pytest.raises(ValidationFailed):
        services.grant_function(admin_actor, "sales_rep", "auth.add_user")
    with pytest.raises(NotFound):
        services.grant_function(admin_actor, "nobody", "identity.view_system")


def test_rolled_back_access_version_is_not_used_again(admin_actor):
    from django.db import transaction

    seen = set()
    for _ in range(3):
        with transaction.atomic():
            services.bump_access_version()
            seen.add(AccessVersion.objects.get().number)
            transaction.set_rollback(True)
    assert len(seen) == 3


def test_actor_costs_one_query_once_its_functions_are_known(admin_user, actor_for, django_assert_num_queries):
    from crm_platform.identity.auth import users_for_actor

    actor_for(admin_user)
    with django_assert_num_queries(1):
        actor = actor_for(users_for_actor().get(pk=admin_user.pk))
    assert actor.language == "zh-hans"
    assert actor.time_zone == "Asia/Shanghai"
    assert actor.data_scope == "all"
    assert actor.department_path == "0001"


CALLS = {
    "create_user": lambda actor, user, department, data: services.create_user(actor, data()),
    "update_user": lambda actor, user, department, data: services.update_user(actor, user.pk, name="x"),
    "deactivate_user": lambda actor, user, department, data: services.deactivate_user(actor, user.pk),
    "reactivate_user": lambda actor, user, department, data: services.reactivate_user(actor, user.pk),
    "reset_password": lambda actor, user, department, data: services.reset_password(actor, user.pk, "x"),
    "end_sessions": lambda actor, user, department, data: services.end_sessions(actor, user.pk),
    "grant_function": lambda actor, *_: services.grant_function(actor, "sales_rep", "identity.view_system"),
    "revoke_function": lambda actor, *_: services.revoke_function(actor, "sales_rep", "identity.view_system"),
    "create_department": lambda actor, user, department, data: services.create_department(actor, "x", department.pk),
    "rename_department": lambda actor, user, department, data: services.rename_department(actor, department.pk, "x"),
    "move_department": lambda actor, user, department, data: services.move_department(
        actor, department.pk, make.root_department().pk
    ),
    "deactivate_department": lambda actor, user, department, data: services.deactivate_department(actor, department.pk),
    "reactivate_department": lambda actor, user, department, data: services.reactivate_department(actor, department.pk),
    "update_organization": lambda actor, *_: services.update_organization(actor, None),
    "set_functions": lambda actor, *_: services.set_functions(actor, Profile.objects.get(api_name="sales_rep"), []),
    "create_role": lambda actor, *_: services.create_role(actor, services.RoleInput(name="x")),
    "update_role": lambda actor, user, *_: services.update_role(actor, user.role.uuid, name="x"),
    "delete_role": lambda actor, user, *_: services.delete_role(actor, user.role.uuid),
    "create_profile": lambda actor, *_: services.create_profile(actor, "x"),
    "update_profile": lambda actor, user, *_: services.update_profile(actor, user.profile.uuid, name="x"),
    "delete_profile": lambda actor, user, *_: services.delete_profile(actor, user.profile.uuid),
    "create_permission_set": lambda actor, *_: services.create_permission_set(actor, "x"),
    "update_permission_set": lambda actor, user, *_: services.update_permission_set(actor, user.pk, name="x"),
    "delete_permission_set": lambda actor, user, *_: services.delete_permission_set(actor, user.pk),
    "set_permission_set_members": lambda actor, user, *_: services.set_permission_set_members(actor, user.pk, []),
    "create_group": lambda actor, *_: services.create_group(actor, "x"),
    "update_group": lambda actor, user, *_: services.update_group(actor, user.pk, name="x"),
    "delete_group": lambda actor, user, *_: services.delete_group(actor, user.pk),
    "add_group_members": lambda actor, user, *_: services.add_group_members(actor, user.pk, []),
    "remove_group_members": lambda actor, user, *_: services.remove_group_members(actor, user.pk, []),
    "set_group_members": lambda actor, user, *_: services.set_group_members(actor, user.pk, []),
    "add_user_department": lambda actor, user, department, data: services.add_user_department(
        actor, user.pk, department.pk
    ),
    "remove_user_department": lambda actor, user, department, data: services.remove_user_department(
        actor, user.pk, department.pk
    ),
    "invite_user": lambda actor, user, *_: services.invite_user(actor, user.pk, None),
    "set_logo": lambda actor, *_: services.set_logo(actor, b""),
    "remove_logo": lambda actor, *_: services.remove_logo(actor),
    "unlock_user": lambda actor, user, *_: services.unlock_user(actor, user.pk),
    "end_session": lambda actor, user, *_: services.end_session(actor, user.pk, user.pk),
    "reset_second_factor": lambda actor, user, *_: services.reset_second_factor(actor, user.pk),
    "update_sign_in_policy": lambda actor, *_: services.update_sign_in_policy(actor, None),
    "update_profile_sign_in": lambda actor, user, *_: services.update_profile_sign_in(
        actor, user.profile.uuid, [], False, ""
    ),
}
OWN = {  # about nobody's account but the caller's own
    "begin_second_factor",
    "confirm_second_factor",
    "disable_second_factor",
    "end_other_sessions",
    "renew_recovery_codes",
    "replace_due_password",
}
HELPERS = {
    "SignInPolicy",
    "MAX_LOGO_BYTES",
    "OrganizationInput",
    "RoleInput",
    "UserInput",
    "bump_access_version",
    "change_own_password",
    "change_own_preferences",
    "require_function",
}


def test_every_service_is_in_the_permission_test():
    assert set(services.__all__) - HELPERS - OWN == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_service_refuses_who_lacks_the_function(name, actor_for, data):
    caller, user, department = make.user(profile="sales_manager"), make.user(), make.department()
    with pytest.raises(Forbidden):
        CALLS[name](actor_for(caller), user, department, data)
