"""What applying a package would do to an organisation: additions, changes, renamings and removals by UUID."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit import json
from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.frozen import thaw
from metadata.compiler.spec import ChoiceSetSpec, ChoiceSpec, FieldSpec, Labels, ObjectSpec, SchemaSpec
from metadata.packages.package import PackageChange, PackageSpec
from metadata.packages.sections import package_sections
from metadata.packages.writing import label_value

OBJECT_PARTS = (
    "label",
    "plural_label",
    "description",
    "icon",
    "color",
    "name_field",
    "is_activity",
    "has_pools",
    "in_navigation",
    "is_searchable",
)
FIELD_PARTS = (
    "type",
    "label",
    "help_text",
    "settings",
    "default",
    "is_required",
    "is_unique",
    "is_indexed",
    "is_searchable",
    "track_history",
    "unique_scope",
    "is_case_sensitive",
    "default_formula",
    "required_if",
    "visible_if",
    "readonly_if",
    "sensitivity",
    "is_deprecated",
)


def diff(
    package: PackageSpec, current: SchemaSpec, *, deleted: frozenset[uuid.UUID] = frozenset()
) -> list[PackageChange]:
    """Return the differences in the order in which they are applied; [] when the package is fully there.

    What customers added (objects, fields, choices) is never touched, so it never appears; what they `deleted`
    (UUIDs of objects and fields) stays deleted. Raises ValidationFailed when something else has an API name
    that the package needs.
    """
    _refuse_conflicts(package, current)
    changes = [
        *_choice_set_changes(package, current),
        *_object_changes(package, current, deleted),
        *_removals(package, current),
    ]
    for key, documents in package.sections.items():
        changes += package_sections.get(key).diff(documents)
    return changes


def merged_choices(wanted: ChoiceSetSpec, present: ChoiceSetSpec | None) -> tuple[ChoiceSpec, ...]:
    """Return the package's choices, then those that only the organisation has."""
    known = {choice.value for choice in wanted.choices}
    extra = () if present is None else tuple(choice for choice in present.choices if choice.value not in known)
    return wanted.choices + extra


def _choice_set_changes(package: PackageSpec, current: SchemaSpec) -> Iterator[PackageChange]:
    present = {item.uuid: item for item in current.choice_sets}
    for wanted in package.schema.choice_sets:
        found = present.get(wanted.uuid)
        if found is None:
            yield PackageChange("add", "choice_set", wanted.api_name, wanted.uuid)
            continue
        details = {**_parts(found, wanted, ("label",)), **_choice_details(found, wanted)}
        yield from _changed("choice_set", found.api_name, wanted.api_name, wanted.uuid, details)


def _object_changes(
    package: PackageSpec, current: SchemaSpec, deleted: frozenset[uuid.UUID]
) -> Iterator[PackageChange]:
    present = {item.uuid: item for item in current.objects}
    for wanted in package.schema.objects:
        if wanted.uuid in deleted:
            continue
        found = present.get(wanted.uuid)
        if found is None:
            yield PackageChange("add", "object", wanted.api_name, wanted.uuid)
        else:
            details = _parts(found, wanted, OBJECT_PARTS)
            yield from _changed("object", found.api_name, wanted.api_name, wanted.uuid, details)
        yield from _field_changes(wanted, found, deleted)


def _field_changes(
    wanted: ObjectSpec, found: ObjectSpec | None, deleted: frozenset[uuid.UUID]
) -> Iterator[PackageChange]:
    present = {item.uuid: item for item in found.business_fields} if found else {}
    for field in wanted.business_fields:
        name = f"{wanted.api_name}.{field.api_name}"
        old = present.get(field.uuid)
        if old is None:
            if field.uuid not in deleted:
                yield PackageChange("add", "field", name, _uuid(field))
            continue
        details = {**_parts(old, field, FIELD_PARTS), **_field_choice_details(old, field)}
        yield from _changed("field", f"{wanted.api_name}.{old.api_name}", name, _uuid(field), details)


def _field_choice_details(old: FieldSpec, new: FieldSpec) -> dict[str, tuple[object, object]]:
    if old.choice_set is None or new.choice_set is None:
        return {}
    if old.choice_set.is_shared or new.choice_set.is_shared:
        before, after = (item.api_name if item.is_shared else "" for item in (old.choice_set, new.choice_set))
        return {} if before == after else {"choice_set": (before, after)}
    return _choice_details(old.choice_set, new.choice_set)


def _choice_details(found: ChoiceSetSpec, wanted: ChoiceSetSpec) -> dict[str, tuple[object, object]]:
    details: dict[str, tuple[object, object]] = {}
    for choice in wanted.choices:
        old = found.by_value.get(choice.value)
        parts = ("label", "color", "is_active", "is_default", "properties")
        if old is None:
            details[f"choice {choice.value}"] = (None, plain(choice.label))
        for part, values in (_parts(old, choice, parts) if old else {}).items():
            details[f"choice {choice.value}.{part}"] = values
    order = [choice.value for choice in found.choices]
    merged = [choice.value for choice in merged_choices(wanted, found)]
    if not details and order != merged:
        details["order"] = (order, merged)
    return details


def _removals(package: PackageSpec, current: SchemaSpec) -> Iterator[PackageChange]:
    for spec in current.objects:
        gone = {item.uuid for item in package.removed if item.object_uuid == spec.uuid}
        for field in spec.business_fields:
            if field.uuid in gone:
                yield PackageChange("remove", "field", f"{spec.api_name}.{field.api_name}", _uuid(field))


def _changed(
    what: str, old_name: str, name: str, stable_id: uuid.UUID, details: Mapping[str, tuple[object, object]]
) -> Iterator[PackageChange]:
    """Yield a renaming when the API name differs, and a change when anything else does."""
    if old_name != name:
        yield PackageChange("rename", what, name, stable_id, {"api_name": (old_name, name)})
    if details:
        yield PackageChange("change", what, name, stable_id, details)


def _parts(old: Any, new: Any, names: Iterable[str]) -> dict[str, tuple[object, object]]:
    pairs = {name: (plain(getattr(old, name)), plain(getattr(new, name))) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def plain(value: Any) -> object:
    """Return the form in which values are compared and shown: as they are stored, labels by locale."""
    if isinstance(value, Labels):
        return label_value(value)
    return json.loads(json.dumps(thaw(value)))


def _refuse_conflicts(package: PackageSpec, current: SchemaSpec) -> None:
    """Raise ValidationFailed for every API name of the package that belongs to something else here."""
    errors = _taken("", package.schema.choice_sets, current.choice_sets)
    errors += _taken("", package.schema.objects, current.objects)
    present = {item.uuid: item for item in current.objects}
    gone = {item.uuid for item in package.removed}
    for wanted in package.schema.objects:
        if wanted.uuid in present:
            others = [field for field in present[wanted.uuid].business_fields if field.uuid not in gone]
            errors += _taken(f"{wanted.api_name}.", wanted.business_fields, others)
    if errors:
        raise ValidationFailed(errors)


def _taken(prefix: str, wanted: Iterable[Any], present: Iterable[Any]) -> list[FieldError]:
    wanted, present = list(wanted), list(present)
    moving = {item.uuid for item in wanted}
    owners = {item.api_name: item.uuid for item in present if item.uuid not in moving}
    message = _("Something else here has this API name.")
    return [FieldError(prefix + item.api_name, "not_unique", message) for item in wanted if item.api_name in owners]


def _uuid(field: FieldSpec) -> uuid.UUID:
    assert field.uuid is not None, "only system fields have no UUID"
    return field.uuid
