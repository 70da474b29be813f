"""Packages: metadata as portable YAML documents. Load, export, compare and apply them from here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from crm_platform.kit.frozen import FrozenDict
from metadata.compiler.record_base import SYSTEM_FIELDS
from metadata.compiler.spec import FieldSpec, Labels, ObjectSpec, SchemaSpec
from metadata.loader import load_spec
from metadata.packages.applying import apply, deleted_here
from metadata.packages.differences import diff
from metadata.packages.package import PackageChange, PackageSpec, Tombstone
from metadata.packages.reading import load_package
from metadata.packages.sections import package_sections
from metadata.packages.writing import write_package

CRM_PACKAGE = Path(__file__).parent / "crm"

__all__ = [
    "CRM_PACKAGE",
    "PackageChange",
    "PackageSpec",
    "apply",
    "deleted_here",
    "diff",
    "export",
    "load_package",
    "package_of",
    "write_package",
]


def export(package: PackageSpec) -> dict[str, bytes]:
    """Return the package's files by name, always the same bytes for the same content."""
    return {name: text.encode() for name, text in write_package(package).items()}


def package_of(
    names: Iterable[str], *, name: str, version: str, label: Labels, removed: Iterable[Tombstone] = ()
) -> PackageSpec:
    """Return a package of the organisation's objects with these API names, in the order given.

    The shared choice sets that their fields use come along, and what the sections hold about these objects.
    Raises KeyError for an object that does not exist.
    """
    current = load_spec()
    objects = tuple(_portable(current.object_map[item]) for item in names)
    used = {f.choice_set.uuid for item in objects for f in item.business_fields if f.choice_set}
    choice_sets = tuple(replace(s, id=0) for s in current.choice_sets if s.is_shared and s.uuid in used)
    chosen = [item.api_name for item in objects]
    sections = {section.key: section.export(chosen) for section in package_sections}
    return PackageSpec(
        name=name,
        version=version,
        label=label,
        schema=SchemaSpec(objects, choice_sets),
        removed=tuple(removed),
        sections={key: tuple(FrozenDict(item) for item in items) for key, items in sections.items() if items},
    )


def _portable(spec: ObjectSpec) -> ObjectSpec:
    """Return the object without its rules, which are sections, and what only this organisation knows (ids, places)."""
    fields = (*(_portable_field(item) for item in spec.business_fields), *SYSTEM_FIELDS)
    without: dict[str, Any] = {"matching_rules": (), "duplicate_rules": (), "record_types": ()}
    return replace(spec, id=0, position=0, fields=fields, **without)


def _portable_field(spec: FieldSpec) -> FieldSpec:
    chosen = spec.choice_set
    if chosen is not None and chosen.is_shared:
        chosen = replace(chosen, id=0)
    elif chosen is not None:
        assert spec.uuid is not None, "only system fields have no UUID"
        chosen = replace(chosen, id=0, uuid=spec.uuid, api_name="", label=spec.label, is_custom=False)
    return replace(spec, id=0, choice_set=chosen)
