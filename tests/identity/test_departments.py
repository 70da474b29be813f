"""The department tree."""

from __future__ import annotations

import pytest

from crm_platform.identity import selectors, services
from crm_platform.identity.models import Department
from crm_platform.identity.services.departments import MAX_DEPTH
from crm_platform.kit.errors import StateConflict, ValidationFailed
from tests.kit import make


@pytest.fixture
def sales(admin_actor):
    return services.create_department(admin_actor, "销售部", make.root_department().pk, code="S")


def fresh(department):
    return Department.objects.get(pk=department.pk)


def test_tree_is_listed_in_order_with_levels_and_active_members(admin_actor, sales):
    east = services.create_department(admin_actor, "华东", sales.pk)
    services.create_department(admin_actor, "市场部", make.root_department().pk)
    make.user(department=east)
    make.user(department=east, is_active=False)
    rows = selectors.department_tree(admin_actor)
    assert [(row.level, row.department.name, row.members) for row in rows[1:]] == [
        (1, "销售部", 0),
        (2, "华东", 1),
        (1, "市场部", 0),
    ]


def test_moving_takes_everything_below_along(admin_actor, sales):
    market = services.create_department(admin_actor, "市场部", make.root_department().pk)
    east = services.create_department(admin_actor, "华东", sales.pk)
    services.move_department(admin_actor, sales.pk, market.pk)
    assert fresh(east).path.startswith(fresh(sales).path)
    assert fresh(sales).path.startswith(fresh(market).path)
    assert fresh(east).depth == 4
    assert Department.objects.find_problems() == ([], [], [], [], [])


def test_moving_changes_what_a_head_of_department_reaches(admin_actor, actor_for, sales):
    east = services.create_department(admin_actor, "华东", make.root_department().pk)
    head = make.user(department=sales, role="department_head")
    assert not fresh(east).path.startswith(actor_for(head).department_path)
    services.move_department(admin_actor, east.pk, sales.pk)
    assert fresh(east).path.startswith(actor_for(head).department_path)


def test_department_does_not_go_below_itself(admin_actor, sales):
    east = services.create_department(admin_actor, "华东", sales.pk)
    for target in (sales, east):
        with pytest.raises(ValidationFailed):
            services.move_department(admin_actor, sales.pk, target.pk)


def test_root_stays(admin_actor, sales):
    root = make.root_department()
    with pytest.raises(StateConflict):
        services.move_department(admin_actor, root.pk, sales.pk)
    with pytest.raises(StateConflict):
        services.deactivate_department(admin_actor, root.pk)


def test_names_are_unique_among_siblings_and_codes_everywhere(admin_actor, sales):
    with pytest.raises(ValidationFailed) as failed:
        services.create_department(admin_actor, " 销售部 ", make.root_department().pk, code="S")
    assert {(e.field, e.code) for e in failed.value.errors} == {("name", "not_unique"), ("code", "not_unique")}
    below = services.create_department(admin_actor, "销售部", sales.pk)
    with pytest.raises(ValidationFailed):
        services.move_department(admin_actor, below.pk, make.root_department().pk)


def test_department_keeps_its_own_name_and_code(admin_actor, sales):
    assert services.rename_department(admin_actor, sales.pk, "销售部", code="S").name == "销售部"


@pytest.mark.parametrize(("name", "code"), [("", "required"), ("长" * 101, "too_long")])
def test_bad_names_are_refused(admin_actor, name, code):
    with pytest.raises(ValidationFailed) as failed:
        services.create_department(admin_actor, name, make.root_department().pk)
    assert failed.value.errors[0].code == code


def test_depth_is_bounded(admin_actor):
    parent = make.root_department()
    for level in range(2, MAX_DEPTH + 1):
        parent = services.create_department(admin_actor, f"L{level}", parent.pk)
    with pytest.raises(ValidationFailed):
        services.create_department(admin_actor, "too deep", parent.pk)


def test_department_with_active_members_below_stays_open(admin_actor, sales):
    east = services.create_department(admin_actor, "华东", sales.pk)
    user = make.user(department=east)
    with pytest.raises(StateConflict):
        services.deactivate_department(admin_actor, sales.pk)
    services.deactivate_user(admin_actor, user.pk)
    services.deactivate_department(admin_actor, sales.pk)
    assert not fresh(east).is_active
    with pytest.raises(ValidationFailed):
        services.create_department(admin_actor, "x", sales.pk)
    with pytest.raises(StateConflict):
        services.reactivate_user(admin_actor, user.pk)


def test_reopening_opens_what_is_above(admin_actor, sales):
    east = services.create_department(admin_actor, "华东", sales.pk)
    west = services.create_department(admin_actor, "华西", sales.pk)
    services.deactivate_department(admin_actor, sales.pk)
    services.reactivate_department(admin_actor, east.pk)
    assert (fresh(sales).is_active, fresh(east).is_active, fresh(west).is_active) == (True, True, False)
