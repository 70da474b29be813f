"""List views and layouts: stored and generated, who may change them, what becomes of lost fields."""

from __future__ import annotations

import pytest

from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from layouts.models import ListView
from layouts.selectors import chosen_columns, default_layout, default_list_view, list_views
from layouts.services import (
    LayoutInput,
    ListViewInput,
    choose_columns,
    create_list_view,
    delete_layout,
    delete_list_view,
    save_layout,
    update_list_view,
)
from metadata import services
from metadata.compiler.current import current_snapshot, repin
from metadata.inputs import FieldInput, ObjectInput
from tests.layouts.pages import hide_field
from tests.objects.world import World


@pytest.fixture
def custom(crm: World) -> str:
    """An object that nobody has arranged."""
    fields = [
        FieldInput("amount__c", "currency", "金额"),
        FieldInput("notes__c", "long_text", "备注"),
        FieldInput("account__c", "lookup", "客户", settings={"target": "account"}),
    ]
    services.create_object(system_actor(), ObjectInput("order__c", {"zh-hans": "订单", "en": "Order"}, fields=fields))
    return "order__c"


def lead() -> object:
    return current_snapshot().object("lead")


def test_an_object_without_views_has_generated_ones_in_every_language(custom: str) -> None:
    views = list_views(system_actor(), current_snapshot().object(custom))
    assert [view.key for view in views] == ["all", "mine"]
    assert views[0].label.text("zh-hans") == "全部订单"
    assert views[0].label.text("en") == "All Order"
    assert views[0].columns[:2] == ("name", "amount__c")
    assert "notes__c" not in views[0].columns


def test_an_object_without_a_layout_shows_every_field(custom: str) -> None:
    layout = default_layout(current_snapshot().object(custom))
    placed = [name for section in layout.sections for name in section.fields]
    assert {"name", "amount__c", "notes__c", "account__c", "owner_id"} <= set(placed)
    assert len(placed) == len(set(placed))


def test_a_layout_is_completed_with_what_it_does_not_name(custom: str) -> None:
    services.add_field(system_actor(), "account", FieldInput("region__c", "text", "大区"))
    repin()
    layout = default_layout(current_snapshot().object("account"))
    assert layout.sections[0].label.text("zh-hans") == "基本信息"
    assert any("region__c" in section.fields for section in layout.sections)
    assert any((item.object, item.field) == (custom, "account__c") for item in layout.related)


def test_a_layout_and_a_view_pass_over_a_field_that_is_gone(crm: World) -> None:
    hide_field("lead", "wechat")
    layout = default_layout(current_snapshot().object("lead"))
    assert all("wechat" not in section.fields for section in layout.sections)


def test_activities_stand_apart_from_related_lists(crm: World) -> None:
    layout = default_layout(current_snapshot().object("opportunity"))
    assert {item.object for item in layout.activities} == {"task", "event", "visit", "call", "follow_up"}
    assert {"opportunity_line", "contract"} <= {item.object for item in layout.related}


def test_own_default_view_wins_over_the_shared_one(rep_actor: Actor) -> None:
    assert default_list_view(list_views(rep_actor, lead())).key == "all"
    made = create_list_view(rep_actor, "lead", ListViewInput("我的", ["name"], is_default=True))
    assert default_list_view(list_views(rep_actor, lead())).key == str(made.uuid)
    assert default_list_view(list_views(system_actor(), lead())).key == "all"


def test_only_who_customises_changes_shared_views_and_layouts(rep_actor: Actor) -> None:
    with pytest.raises(Forbidden):
        create_list_view(rep_actor, "lead", ListViewInput("公共", ["name"], is_shared=True))
    shared = ListView.objects.filter(object__api_name="lead", owner=None).first()
    assert shared is not None
    with pytest.raises(Forbidden):
        delete_list_view(rep_actor, shared.uuid)
    with pytest.raises(Forbidden):
        save_layout(rep_actor, "lead", LayoutInput("布局"))


def test_a_view_of_somebody_else_is_not_there(rep_actor: Actor, crm: World) -> None:
    made = create_list_view(rep_actor, "lead", ListViewInput("我的", ["name"]))
    with pytest.raises(NotFound):
        update_list_view(crm.actor("boss"), made.uuid, ListViewInput("x", ["name"]))
    with pytest.raises(NotFound):
        delete_list_view(crm.actor("boss"), made.uuid)
    assert str(made.uuid) not in [view.key for view in list_views(crm.actor("boss"), lead())]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (ListViewInput("", ["name"]), "label"),
        (ListViewInput("x" * 81, ["name"]), "label"),
        (ListViewInput("甲", []), "columns"),
        (ListViewInput("甲", ["name"] * 31), "columns"),
        (ListViewInput("甲", ["salary"]), "columns"),
        (ListViewInput("甲", ["account.name"]), "columns"),
        (ListViewInput("甲", ["name"], order=["-salary"]), "order"),
        (ListViewInput("甲", ["name"], api_name="Bad Name"), "api_name"),
        (ListViewInput("甲", ["name"], conditions={"field": 1}), "filter"),
        (ListViewInput("甲", ["name"], conditions={"field": "salary", "op": "eq", "value": 1}), "salary"),
        (ListViewInput("甲", ["name"], conditions={"field": "status", "op": "gt", "value": 1}), "status"),
    ],
)
def test_a_bad_view_is_refused_at_what_is_wrong(rep_actor: Actor, given: ListViewInput, field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        create_list_view(rep_actor, "lead", given)
    assert [error.field for error in refused.value.errors] == [field]


def test_two_views_of_one_name_are_refused(rep_actor: Actor) -> None:
    create_list_view(rep_actor, "lead", ListViewInput("甲", ["name"], api_name="one"))
    with pytest.raises(ValidationFailed):
        create_list_view(rep_actor, "lead", ListViewInput("乙", ["name"], api_name="one"))


def test_chosen_columns_are_kept_changed_and_forgotten(rep_actor: Actor) -> None:
    choose_columns(rep_actor, "lead", ["name", "city"], "all")
    assert chosen_columns(rep_actor, lead(), "all") == ("name", "city")
    assert chosen_columns(rep_actor, lead(), "mine") is None
    choose_columns(rep_actor, "lead", ["city"], "all")
    assert chosen_columns(rep_actor, lead(), "all") == ("city",)
    choose_columns(rep_actor, "lead", [], "all")
    assert chosen_columns(rep_actor, lead(), "all") is None
    with pytest.raises(ValidationFailed):
        choose_columns(rep_actor, "lead", ["salary"], "all")


def test_a_stored_layout_arranges_the_page_and_goes_away(custom: str) -> None:
    section = {"label": {"zh-hans": "要点", "en": "Points"}, "columns": 1, "fields": ["amount__c"]}
    given = LayoutInput({"zh-hans": "标准"}, highlights=["amount__c"], sections=[section])
    stored = save_layout(system_actor(), custom, given)
    layout = default_layout(current_snapshot().object(custom))
    assert layout.sections[0].label.text("zh-hans") == "要点"
    assert layout.highlights == ("amount__c",)
    with pytest.raises(ValidationFailed):
        save_layout(system_actor(), custom, LayoutInput("x", highlights=["salary"]))
    delete_layout(system_actor(), stored.uuid)
    assert default_layout(current_snapshot().object(custom)).sections[0].label.text("en") == "Details"
    with pytest.raises(NotFound):
        delete_layout(system_actor(), stored.uuid)
