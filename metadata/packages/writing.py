"""From a `PackageSpec` to its YAML files: always the same bytes for the same package."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from crm_platform.kit.frozen import thaw
from metadata.compiler.spec import ChoiceSetSpec, ChoiceSpec, FieldSpec, Labels, ObjectSpec
from metadata.field_types import field_types
from metadata.packages.package import PackageSpec, Tombstone
from metadata.packages.reading import CHOICE, FIELD, MAIN_FILE, OBJECT
from metadata.packages.sections import package_sections
from metadata.packages.yaml_format import dump


def write_package(package: PackageSpec) -> dict[str, str]:
    """Return the text of each file by its name: the main one, and one for each object."""
    files = {MAIN_FILE: dump(_main_document(package))}
    flow = {name for section in package_sections for name in section.flow}
    rows = {name for section in package_sections for name in section.rows}
    for spec in package.schema.objects:
        files[f"{spec.api_name}.yaml"] = dump(_object_file(package, spec), flow, rows)
    return files


def _main_document(package: PackageSpec) -> dict[str, Any]:
    header = {"name": package.name, "version": package.version, "label": label_value(package.label)}
    document: dict[str, Any] = {"package": header, "files": [f"{name}.yaml" for name in package.object_names]}
    if package.schema.choice_sets:
        document["choice_sets"] = [choice_set_document(item) for item in package.schema.choice_sets]
    return document


def _object_file(package: PackageSpec, spec: ObjectSpec) -> dict[str, Any]:
    tombstones = [item for item in package.removed if item.object_uuid == spec.uuid]
    document: dict[str, Any] = {"objects": [object_document(spec, tombstones)]}
    for key, items in package.sections.items():
        own = [thaw(item) for item in items if item["object"] == spec.api_name]
        if own:
            document[key] = own
    return document


def object_document(spec: ObjectSpec, tombstones: Iterable[Tombstone] = ()) -> dict[str, Any]:
    """Return the document of one object; members that have their usual value are left out."""
    document = _without_usual(spec, OBJECT)
    if spec.plural_label == spec.label:
        document.pop("plural_label", None)
    document["fields"] = [field_document(item) for item in spec.business_fields]
    removed = [{"uuid": str(item.uuid), "api_name": item.api_name} for item in tombstones]
    if removed:
        document["removed"] = removed
    return document


def field_document(spec: FieldSpec) -> dict[str, Any]:
    """Return the document of one field, its own choices included."""
    document = _without_usual(spec, FIELD)
    if spec.choice_set is not None and spec.choice_set.is_shared:
        document["choice_set"] = spec.choice_set.api_name
    elif spec.choice_set is not None and field_types.get(spec.type).uses_choices:
        document["choices"] = [choice_document(item) for item in spec.choice_set.choices]
    return {name: document[name] for name in FIELD if name in document}


def choice_set_document(spec: ChoiceSetSpec) -> dict[str, Any]:
    """Return the document of one shared choice set."""
    return {
        "api_name": spec.api_name,
        "uuid": str(spec.uuid),
        "label": label_value(spec.label),
        "choices": [choice_document(item) for item in spec.choices],
    }


def choice_document(spec: ChoiceSpec) -> dict[str, Any]:
    """Return the document of one choice."""
    return _without_usual(spec, CHOICE)


def label_value(labels: Labels) -> str | dict[str, str]:
    """Return texts by locale in a fixed order; a text without locale only when there is no other."""
    by_locale = {locale: str(labels[locale]) for locale in sorted(labels, reverse=True) if locale and labels[locale]}
    return by_locale or str(labels.get("", ""))


def _without_usual(spec: Any, members: Mapping[str, Any]) -> dict[str, Any]:
    document = {}
    for name, member in members.items():
        value = getattr(spec, name, None)
        if name in ("choice_set", "choices", "fields", "removed") or value == member.default:
            continue
        document[name] = _plain(value)
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, Labels):
        return label_value(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    return thaw(value)
