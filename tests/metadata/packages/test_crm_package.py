"""The shipped CRM: complete, in two languages, and consistent in itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.field_types import field_types
from metadata.field_types.choices import COLORS
from metadata.field_types.ranges import parse
from metadata.packages.package import PackageSpec
from metadata.packages.portable import CRM_PACKAGE, export, load_package

OBJECTS = {
    "lead",
    "account",
    "contact",
    "opportunity",
    "opportunity_line",
    "campaign",
    "product",
    "contract",
    "contract_line",
    "payment",
    "task",
    "event",
    "visit",
    "call",
    "follow_up",
}
ACTIVITIES = {"task", "event", "visit", "call", "follow_up"}


@pytest.fixture(scope="module")
def crm() -> PackageSpec:
    return load_package(CRM_PACKAGE)


def test_it_holds_the_objects_of_a_crm(crm: PackageSpec) -> None:
    assert set(crm.object_names) == OBJECTS
    assert {spec.api_name for spec in crm.schema.objects if spec.is_activity} == ACTIVITIES
    assert not any(spec.is_custom for spec in crm.schema.objects)


def test_its_files_are_in_the_canonical_form(crm: PackageSpec) -> None:
    written = export(crm)
    assert set(written) == {path.name for path in CRM_PACKAGE.glob("*.yaml")}
    for name, content in written.items():
        assert (CRM_PACKAGE / name).read_bytes() == content, name


def test_every_text_is_there_in_chinese_and_english(crm: PackageSpec) -> None:
    missing = [
        where for where, labels in _labels(crm) if not {"zh-hans", "en"} <= {key for key in labels if labels[key]}
    ]
    assert missing == []


def test_every_choice_of_a_status_has_a_colour_of_the_palette(crm: PackageSpec) -> None:
    for spec in crm.schema.objects:
        for field in spec.business_fields:
            for choice in field.choice_set.choices if field.choice_set else ():
                assert choice.color in COLORS or (not choice.color and field.api_name == "unit")


def test_the_pipeline_ends_won_or_lost(crm: PackageSpec) -> None:
    stage = crm.schema.object_map["opportunity"].field_map["stage"]
    assert stage.choice_set is not None
    found = {c.value: (c.properties["probability"], c.properties["category"]) for c in stage.choice_set.choices}
    assert found == {
        "contact": (10, "open"),
        "requirements": (30, "open"),
        "proposal": (60, "open"),
        "negotiation": (80, "open"),
        "won": (100, "won"),
        "lost": (0, "lost"),
    }


def test_lookups_point_at_objects_of_the_package(crm: PackageSpec) -> None:
    for spec in crm.schema.objects:
        for field in spec.business_fields:
            targets = {*field.settings.get("targets", ()), field.settings.get("target", "lead")}
            assert targets <= OBJECTS, f"{spec.api_name}.{field.api_name}"


def test_every_object_has_views_with_one_default_and_a_layout(crm: PackageSpec) -> None:
    for name in OBJECTS:
        views = [item for item in crm.sections["list_views"] if item["object"] == name]
        assert [item["api_name"] for item in views if item.get("is_default")] == ["all"]
        assert [item["object"] for item in crm.sections["page_layouts"]].count(name) == 1


def test_list_views_use_fields_and_operators_that_exist(crm: PackageSpec) -> None:
    for view in crm.sections["list_views"]:
        spec, where = crm.schema.object_map[view["object"]], f"{view['object']}.{view['api_name']}"
        names = [*view["columns"], *(path.removeprefix("-") for path in view["order"])]
        assert set(names) <= set(spec.field_map), where
        for leaf in _leaves(view.get("conditions")):
            field = spec.field_map[leaf["field"]]
            assert leaf["op"] in field_types.get(field.type).filters(field), f"{where}: {leaf['field']} {leaf['op']}"
            _check_operand(field, leaf, where)


def test_layouts_name_fields_and_related_lists_that_exist(crm: PackageSpec) -> None:
    for layout in crm.sections["page_layouts"]:
        spec = crm.schema.object_map[layout["object"]]
        shown = [name for section in layout["sections"] for name in section["fields"]]
        assert set(layout["highlights"]) | set(shown) <= set(spec.field_map), spec.api_name
        assert len(shown) == len(set(shown)), spec.api_name
        assert {field.api_name for field in spec.business_fields} - set(shown) <= {spec.name_field}, spec.api_name
        for related in layout.get("related", ()):
            child = crm.schema.object_map[related["object"]]
            assert _points_at(child, related["field"], spec.api_name), f"{spec.api_name}: {related}"
            assert set(related["columns"]) <= set(child.field_map)


def test_grants_speak_of_every_object_and_both_sales_profiles(crm: PackageSpec) -> None:
    found = {(item["object"], item["profile"]) for item in crm.sections["grants"]}
    assert found == {(name, profile) for name in OBJECTS for profile in ("sales_manager", "sales_rep")}


def _labels(crm: PackageSpec) -> Iterator[tuple[str, Any]]:
    yield "package", crm.label
    for choice_set in crm.schema.choice_sets:
        yield choice_set.api_name, choice_set.label
    for spec in crm.schema.objects:
        yield from ((f"{spec.api_name} {part}", getattr(spec, part)) for part in ("label", "plural_label"))
        for field in spec.business_fields:
            yield f"{spec.api_name}.{field.api_name}", field.label
            if "related_label" in field.settings:
                yield f"{spec.api_name}.{field.api_name} related", field.settings["related_label"]
            for choice in field.choice_set.choices if field.choice_set else ():
                yield f"{spec.api_name}.{field.api_name}={choice.value}", choice.label
    for key in ("list_views", "page_layouts"):
        for item in crm.sections[key]:
            yield f"{item['object']} {key} {item['api_name']}", item["label"]
            for section in item.get("sections", ()):
                yield f"{item['object']} section", section["label"]


def _leaves(tree: Any) -> Iterator[Any]:
    if tree is None:
        return
    inner = tree.get("and") or tree.get("or")
    if inner is None:
        yield tree
    for item in inner or ():
        yield from _leaves(item)


def _check_operand(field: FieldSpec, leaf: Any, where: str) -> None:
    if leaf["op"] == "rel":
        parse(leaf["value"])
    elif field.choice_set is not None:
        values = leaf["value"] if isinstance(leaf["value"], tuple) else (leaf["value"],)
        assert set(values) <= set(field.choice_set.by_value), where


def _points_at(child: ObjectSpec, name: str, target: str) -> bool:
    settings = child.field_map[name].settings
    return target == settings.get("target") or target in settings.get("targets", ())
