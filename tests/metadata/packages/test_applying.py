"""Applying packages: once is enough, a rename is a rename, and what is the customer's stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_platform.identity.models import Profile
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, ValidationFailed
from crm_platform.kit.frozen import thaw
from layouts.models import ListView, PageLayout
from metadata.compiler.current import current_snapshot, current_version
from metadata.inputs import ChoiceInput, FieldInput
from metadata.loader import load_spec
from metadata.packages.portable import CRM_PACKAGE, apply, deleted_here, diff, export, load_package, package_of
from metadata.services import add_field, delete_field, update_choices, update_field
from objects.query.conditions import from_json
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit import make
from tests.metadata.packages.documents import choices, field, label, machine, package, stable

pytestmark = pytest.mark.django_db


def told(changes: list[object]) -> list[str]:
    """Return the changes without their details."""
    return [str(change).split(" (")[0] for change in changes]


def test_the_crm_is_applied_once_and_exported_byte_for_byte(admin_actor: Actor) -> None:
    crm = load_package(CRM_PACKAGE)
    first = apply(admin_actor, crm)
    assert {change.kind for change in first} == {"add"}
    version = current_version()
    assert apply(admin_actor, crm) == []
    assert current_version() == version
    again = package_of(crm.object_names, name=crm.name, version=crm.version, label=crm.label)
    assert again == crm
    assert export(again) == export(crm)


def test_installing_the_crm_costs_few_statements(admin_actor: Actor, django_assert_max_num_queries: Any) -> None:
    crm = load_package(CRM_PACKAGE)
    with django_assert_max_num_queries(600):  # most of them create tables and indexes
        apply(admin_actor, crm)


def test_the_crm_works_at_once_for_sales_people(admin_actor: Actor, actor_for: object) -> None:
    apply(admin_actor, load_package(CRM_PACKAGE))
    rep = actor_for(make.user())  # type: ignore[operator]
    saved = RecordService(rep).create("lead", {"name": "周思远", "company": "上海云途信息技术有限公司"})
    assert saved.record.value("status") == "new"
    with pytest.raises(Forbidden):
        RecordService(rep).create("product", {"name": "CRM", "code": "X"})
    assert current_snapshot().object("lead").spec.label.text("zh-hans") == "线索"
    assert ListView.objects.filter(object__api_name="lead", is_default=True).get().api_name == "all"
    assert PageLayout.objects.filter(object__api_name="opportunity").get().highlights[0] == "stage"


def test_every_list_view_of_the_crm_can_be_read(admin_actor: Actor) -> None:
    crm = load_package(CRM_PACKAGE)
    apply(admin_actor, crm)
    for view in crm.sections["list_views"]:
        query = RecordQuery(admin_actor, view["object"]).fields(*view["columns"]).order(*view["order"])
        if "conditions" in view:
            query = query.where(from_json(thaw(view["conditions"])))
        assert query.page(limit=5).rows == [], view["api_name"]


def test_an_update_changes_adds_renames_and_removes_by_uuid(admin_actor: Actor, tmp_path: Path) -> None:
    old = machine(field("weight__c", "integer"), field("kind__c", "picklist", choices=choices("a")), field("old__c"))
    new = machine(
        field("mass__c", "integer", key="weight__c", is_required=True),
        field("kind__c", "picklist", choices=choices("a", "b")),
        field("color__c"),
        removed=[{"uuid": stable("old__c"), "api_name": "old__c"}],
        icon="engine",
    )
    apply(admin_actor, package(tmp_path / "1", old))
    saved = RecordService(admin_actor).create("machine__c", {"name": "M1", "weight__c": 7, "kind__c": "a"})
    changes = apply(admin_actor, package(tmp_path / "2", new))
    assert told(changes) == [
        "~ object machine__c",
        "→ field machine__c.mass__c",
        "~ field machine__c.mass__c",
        "~ field machine__c.kind__c",
        "+ field machine__c.color__c",
        "- field machine__c.old__c",
    ]
    spec = current_snapshot().object("machine__c").spec
    assert [item.api_name for item in spec.business_fields] == ["name", "mass__c", "kind__c", "color__c"]
    assert spec.icon == "engine"
    assert spec.field_map["mass__c"].is_required
    assert [c.value for c in spec.field_map["kind__c"].choice_set.choices] == ["a", "b"]  # type: ignore[union-attr]
    record = current_snapshot().object("machine__c").model.objects.get(pk=saved.id)  # type: ignore[attr-defined]
    assert record.value("mass__c") == 7
    assert apply(admin_actor, package(tmp_path / "2", new)) == []


def test_what_customers_add_is_left_alone(admin_actor: Actor, tmp_path: Path) -> None:
    given = package(tmp_path, machine(field("kind__c", "picklist", choices=choices("a", "b"))))
    apply(admin_actor, given)
    add_field(admin_actor, "machine__c", FieldInput("mine__c", "text", "Mine"))
    kept = [ChoiceInput(value, label(value), "blue") for value in ("a", "b", "mine")]
    update_choices(admin_actor, "machine__c.kind__c", kept)
    assert diff(given, load_spec()) == []
    changed = package(tmp_path, machine(field("kind__c", "picklist", choices=choices("a", "b", "c"))))
    apply(admin_actor, changed)
    spec = load_spec().object_map["machine__c"]
    assert "mine__c" in spec.field_map
    choice_set = spec.field_map["kind__c"].choice_set
    assert choice_set is not None
    assert [(c.value, c.is_active) for c in choice_set.choices] == [
        ("a", True),
        ("b", True),
        ("c", True),
        ("mine", True),
    ]


def test_a_changed_label_is_told_before_it_is_changed_back(admin_actor: Actor, tmp_path: Path) -> None:
    given = package(tmp_path, machine(field("kind__c")))
    apply(admin_actor, given)
    update_field(admin_actor, "machine__c", "kind__c", label={"en": "Sort", "zh-hans": "种类"})
    (change,) = diff(given, load_spec())
    assert change.details == {"label": ({"en": "Sort", "zh-hans": "种类"}, label("kind__c"))}
    apply(admin_actor, given)
    assert load_spec().object_map["machine__c"].field_map["kind__c"].label.text("en") == "kind__c"


def test_what_customers_deleted_stays_deleted(admin_actor: Actor, tmp_path: Path) -> None:
    given = package(tmp_path, machine(field("kind__c")))
    apply(admin_actor, given)
    delete_field(admin_actor, "machine__c", "kind__c")
    assert diff(given, load_spec(), deleted=deleted_here()) == []
    assert apply(admin_actor, given) == []
    assert "kind__c" not in load_spec().object_map["machine__c"].field_map


def test_another_field_of_the_same_name_is_a_conflict(admin_actor: Actor, tmp_path: Path) -> None:
    apply(admin_actor, package(tmp_path, machine()))
    add_field(admin_actor, "machine__c", FieldInput("kind__c", "text", "Mine"))
    with pytest.raises(ValidationFailed) as failed:
        apply(admin_actor, package(tmp_path, machine(field("kind__c"))))
    assert [(error.field, error.code) for error in failed.value.errors] == [("machine__c.kind__c", "not_unique")]


def test_a_field_is_never_narrowed(admin_actor: Actor, tmp_path: Path) -> None:
    apply(admin_actor, package(tmp_path, machine(field("code__c", settings={"max_length": 40}))))
    with pytest.raises(ValidationFailed) as failed:
        apply(admin_actor, package(tmp_path, machine(field("code__c", settings={"max_length": 10}))))
    assert [error.field for error in failed.value.errors] == ["machine__c.code__c"]
    apply(admin_actor, package(tmp_path, machine(field("code__c", settings={"max_length": 80}))))
    assert load_spec().object_map["machine__c"].field_map["code__c"].settings["max_length"] == 80


def test_a_field_moves_between_choices_of_its_own_and_a_shared_set(admin_actor: Actor, tmp_path: Path) -> None:
    shared = [{"api_name": "kinds", "uuid": stable("kinds"), "label": label("Kinds"), "choices": choices("a", "b")}]
    own = machine(field("kind__c", "picklist", choices=choices("a")))
    using = machine(field("kind__c", "picklist", choice_set="kinds"))
    apply(admin_actor, package(tmp_path, own))
    (added, changed) = apply(admin_actor, package(tmp_path, using, choice_sets=shared))
    assert (added.what, changed.details) == ("choice_set", {"choice_set": ("", "kinds")})
    chosen = load_spec().object_map["machine__c"].field_map["kind__c"].choice_set
    assert chosen is not None
    assert (chosen.api_name, chosen.uuid) == ("kinds", load_spec().choice_sets[-1].uuid)
    assert apply(admin_actor, package(tmp_path, using, choice_sets=shared)) == []


def test_list_views_are_changed_and_the_users_own_are_not(admin_actor: Actor, tmp_path: Path) -> None:
    view = {
        "object": "machine__c",
        "uuid": stable("view"),
        "api_name": "all",
        "label": label("All"),
        "columns": ["name"],
        "order": ["name"],
        "is_default": True,
    }
    apply(admin_actor, package(tmp_path, machine(), list_views=[view]))
    row = ListView.objects.get(uuid=view["uuid"])
    mine = ListView.objects.create(
        object=row.object, api_name="mine", label="Mine", owner_id=admin_actor.user_id, is_default=True
    )
    changes = apply(admin_actor, package(tmp_path, machine(), list_views=[{**view, "columns": ["name", "owner_id"]}]))
    assert [(c.what, dict(c.details)) for c in changes] == [
        ("list_views", {"columns": (["name"], ["name", "owner_id"])})
    ]
    row.refresh_from_db()
    mine.refresh_from_db()
    assert (row.columns, mine.is_default) == (["name", "owner_id"], True)


def test_revoked_rights_do_not_come_back(admin_actor: Actor, tmp_path: Path) -> None:
    from metadata.models import BusinessObject
    from objects.access.grants import granted_actions, revoke_object

    grants = [{"object": "machine__c", "profile": "sales_rep", "actions": ["read", "create", "edit"]}]
    apply(admin_actor, package(tmp_path, machine(), grants=grants))
    row, profile = BusinessObject.objects.get(api_name="machine__c"), Profile.objects.get(api_name="sales_rep")
    assert granted_actions(admin_actor, profile.group, row) == {"read", "create", "edit"}
    revoke_object(admin_actor, profile, row, ["create"])
    assert apply(admin_actor, package(tmp_path, machine(), grants=grants)) == []
    assert granted_actions(admin_actor, profile.group, row) == {"read", "edit"}


def test_only_those_who_customise_may_apply(actor_for: object, tmp_path: Path) -> None:
    rep = actor_for(make.user())  # type: ignore[operator]
    with pytest.raises(Forbidden):
        apply(rep, package(tmp_path, machine()))
