"""The matrix of profiles and objects, and how far roles reach: set at once, checked, copied, written down."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.models import AccessVersion, PermissionSet, Profile, Role
from crm_platform.identity.services import (
    RoleInput,
    create_permission_set,
    create_role,
    delete_role,
    set_permission_set_members,
)
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from metadata.models import BusinessObject
from objects.access.field_grants import FieldLevel
from objects.access.grants import GRANTABLE
from objects.access.models import SharingRule
from objects.access.policy import AccessPolicy
from objects.access.rules import Reach
from objects.access.services.field_levels import field_levels_for, set_field_levels
from objects.access.services.grants import (
    clone_permission_set,
    clone_profile,
    grants_matrix,
    implied,
    owner_of,
    set_grants,
)
from objects.access.services.role_scopes import change_role, clone_role, scope_table, set_scopes
from objects.query.query import RecordQuery
from tests.objects.world import World, insert


@pytest.fixture
def admin(world: World) -> Actor:
    return system_actor()


@pytest.fixture
def reps(world: World) -> Profile:
    return Profile.objects.get(api_name="sales_rep")


def details(action: str) -> dict[str, Any]:
    changes: dict[str, Any] = AuditEntry.objects.filter(action=action).latest("id").details["changes"]
    return changes


def version() -> int:
    return AccessVersion.objects.get().number


# --- the matrix -------------------------------------------------------------------------------------------------
def test_actions_bring_what_they_need() -> None:
    assert implied([]) == ()
    assert implied(["export"]) == ("read", "export")
    assert implied(["modify_all"]) == ("read", "view_all", "modify_all")
    assert implied(reversed(GRANTABLE)) == GRANTABLE


def test_the_matrix_names_every_object_and_what_is_set_holds_at_once(world: World, admin: Actor, reps: Profile) -> None:
    matrix, before = grants_matrix(admin, reps), version()
    assert set(matrix) == set(BusinessObject.objects.values_list("api_name", flat=True))
    assert matrix["secret__c"] == ()
    assert set_grants(admin, reps, {"deal": ["edit"], "secret__c": []}) == {"deal": ("read", "edit"), "secret__c": ()}
    assert version() > before
    policy = AccessPolicy.of(world.actor("rep"))
    assert policy.can("deal", "edit") and not policy.can("deal", "delete")
    assert grants_matrix(admin, reps) == {**matrix, "deal": ("read", "edit")}
    assert details("grants.objects_changed") == {"deal": [list(matrix["deal"]), ["read", "edit"]]}


def test_an_object_without_the_right_to_read_leaves_the_navigation(world: World, admin: Actor, reps: Profile) -> None:
    from layouts.navigation import object_links

    assert "deal" in {link.api_name for link in object_links(world.actor("rep"))}
    set_grants(admin, reps, {"deal": []})
    assert "deal" not in {link.api_name for link in object_links(world.actor("rep"))}


def test_setting_what_is_set_changes_nothing(admin: Actor, reps: Profile) -> None:
    matrix = grants_matrix(admin, reps)
    before, count = version(), AuditEntry.objects.count()
    set_grants(admin, reps, matrix)
    assert (version(), AuditEntry.objects.count()) == (before, count)


def test_the_number_of_statements_does_not_depend_on_the_objects(admin: Actor, reps: Profile) -> None:
    names = list(BusinessObject.objects.values_list("api_name", flat=True))
    assert len(names) > 3

    def cost(wanted: dict[str, list[str]]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            set_grants(admin, reps, wanted)
        return len(captured)

    set_grants(admin, reps, {name: ["read", "export"] for name in names})
    one = cost({names[0]: ["read", "edit"]})
    assert cost({name: ["read", "delete"] for name in names}) == one <= 12


@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [
        ({"no_such": ["read"]}, ("no_such", "invalid_reference")),
        ({"deal": ["read", "fly"]}, ("deal", "invalid_choice")),
    ],
)
def test_what_there_is_not_is_refused(
    admin: Actor, reps: Profile, wanted: dict[str, list[str]], wrong: tuple[str, str]
) -> None:
    matrix = grants_matrix(admin, reps)
    with pytest.raises(ValidationFailed) as caught:
        set_grants(admin, reps, wanted)
    assert [(error.field, error.code) for error in caught.value.errors] == [wrong]
    assert grants_matrix(admin, reps) == matrix


def test_who_does_not_manage_users_sets_nothing(world: World, reps: Profile) -> None:
    rep, role = world.actor("rep"), Role.objects.get(api_name="individual")
    for act in (
        lambda: grants_matrix(rep, reps),
        lambda: set_grants(rep, reps, {"deal": []}),
        lambda: clone_profile(rep, reps.uuid, "x"),
        lambda: clone_permission_set(rep, reps.uuid, "x"),
        lambda: scope_table(rep, role),
        lambda: set_scopes(rep, role.uuid, {}),
        lambda: clone_role(rep, role.uuid, "x"),
    ):
        with pytest.raises(Forbidden):
            act()


# --- copies -----------------------------------------------------------------------------------------------------
def test_a_copy_of_a_profile_allows_the_same_and_goes_its_own_way(admin: Actor, reps: Profile) -> None:
    set_field_levels(admin, reps, "deal", {"amount": FieldLevel.HIDDEN})
    Profile.objects.filter(pk=reps.pk).update(allowed_networks=["10.0.0.0/8"], requires_second_factor=True)
    made = owner_of(Profile, clone_profile(admin, reps.uuid, "实习销售").uuid)
    assert grants_matrix(admin, made) == grants_matrix(admin, reps)
    assert field_levels_for(admin, made, "deal") == field_levels_for(admin, reps, "deal")
    assert (made.allowed_networks, made.requires_second_factor) == (["10.0.0.0/8"], True)
    set_grants(admin, made, {"deal": ["read"]})
    assert "edit" in grants_matrix(admin, reps)["deal"]
    with pytest.raises(NotFound):
        clone_profile(admin, uuid.uuid4(), "x")


def test_a_permission_set_adds_actions_and_is_copied_without_its_users(world: World, admin: Actor) -> None:
    made = create_permission_set(admin, "看机密")
    set_grants(admin, made, {"secret__c": ["read"]})
    assert not AccessPolicy.of(world.actor("rep")).can("secret__c", "read")
    set_permission_set_members(admin, made.uuid, [world.users["rep"].pk])
    assert AccessPolicy.of(world.actor("rep")).can("secret__c", "read")
    copy = owner_of(PermissionSet, clone_permission_set(admin, made.uuid, "看机密二").uuid)
    assert grants_matrix(admin, copy) == grants_matrix(admin, made)
    assert not copy.group.user_set.exists()


# --- how far roles reach ----------------------------------------------------------------------------------------
def test_a_scope_of_an_object_and_action_takes_the_place_of_the_general_one(world: World, admin: Actor) -> None:
    theirs = insert("deal", owner=world.users["city"])
    role, city = Role.objects.get(api_name="individual"), world.departments["city"].pk

    def is_seen() -> bool:
        return RecordQuery(world.actor("rep"), "deal").visible_ids([theirs]) == {theirs}

    assert not is_seen()
    set_scopes(admin, role.uuid, {"deal": {"read": Reach("chosen", (city,))}})
    assert is_seen()
    assert details("role.scopes_changed") == {"deal.read": [None, ["chosen", str(city)]]}
    set_scopes(admin, role.uuid, {"deal": {"read": None}})
    assert not is_seen()
    assert scope_table(admin, role) == {}


def test_an_action_never_reaches_further_than_reading(world: World, admin: Actor) -> None:
    role = create_role(admin, RoleInput(name="组长", data_scope="department"))
    for wide in (Reach("all"), Reach("department_below")):
        with pytest.raises(ValidationFailed) as caught:
            set_scopes(admin, role.uuid, {"deal": {"edit": wide}})
        assert [(error.field, error.code) for error in caught.value.errors] == [("deal.edit", "invalid_choice")]
    for other in (Reach("own"), Reach("none"), Reach("department"), Reach("subordinates")):
        set_scopes(admin, role.uuid, {"deal": {"edit": other}})
    set_scopes(admin, role.uuid, {"deal": {"read": Reach("all"), "edit": Reach("department_below")}})
    with pytest.raises(ValidationFailed):
        set_scopes(admin, role.uuid, {"deal": {"read": None}})
    with pytest.raises(ValidationFailed):
        set_scopes(admin, role.uuid, {"deal": {"read": Reach("own")}})


def test_a_narrower_general_scope_is_held_to_the_scopes_of_objects(world: World, admin: Actor) -> None:
    role = create_role(admin, RoleInput(name="组长", data_scope="department_below"))
    set_scopes(admin, role.uuid, {"deal": {"edit": Reach("department")}})
    with pytest.raises(ValidationFailed):
        change_role(admin, role.uuid, data_scope="own")
    change_role(admin, role.uuid, {"deal": {"edit": None}}, data_scope="own")
    assert scope_table(admin, role) == {}


def test_chosen_departments_are_compared_by_what_they_hold(world: World, admin: Actor) -> None:
    north, south = world.departments["north"].pk, world.departments["south"].pk
    role = create_role(admin, RoleInput(name="区域"))
    set_scopes(admin, role.uuid, {"deal": {"read": Reach("chosen", (north,)), "edit": Reach("chosen", (north,))}})
    with pytest.raises(ValidationFailed):
        set_scopes(admin, role.uuid, {"deal": {"edit": Reach("chosen", (north, south))}})


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"deal": {"fly": Reach("own")}}, "invalid_choice"),
        ({"deal": {"read": Reach("galaxy")}}, "invalid_choice"),
        ({"deal": {"read": Reach("chosen")}}, "required"),
        ({"deal": {"read": Reach("chosen", (uuid.UUID(int=7),))}}, "invalid_reference"),
        ({"no_such": {"read": Reach("own")}}, "invalid_reference"),
    ],
)
def test_wrong_cells_are_refused(admin: Actor, cells: Any, code: str) -> None:
    role = create_role(admin, RoleInput(name="组长", data_scope="all"))
    with pytest.raises(ValidationFailed) as caught:
        set_scopes(admin, role.uuid, cells)
    assert [error.code for error in caught.value.errors] == [code]
    assert scope_table(admin, role) == {}


def test_a_copy_of_a_role_reaches_as_far(world: World, admin: Actor) -> None:
    role = create_role(admin, RoleInput(name="组长", data_scope="all", hides_contact_details=True))
    set_scopes(admin, role.uuid, {"deal": {"edit": Reach("chosen", (world.departments["north"].pk,))}})
    made = clone_role(admin, role.uuid, "副组长")
    assert scope_table(admin, made) == scope_table(admin, role)
    assert (made.data_scope, made.hides_contact_details, made.parent) == ("all", True, role.parent)
    assert made.api_name != role.api_name


def test_a_role_that_a_rule_names_is_not_deleted(world: World, admin: Actor) -> None:
    role = create_role(admin, RoleInput(name="组长"))
    deal = BusinessObject.objects.get(api_name="deal")
    rule = SharingRule.objects.create(
        business_object=deal, label="给组长", kind="owner", owned_by="everyone", shared_with=f"role_below:{role.uuid}"
    )
    with pytest.raises(StateConflict, match="给组长"):
        delete_role(admin, role.uuid)
    rule.delete()
    delete_role(admin, role.uuid)
