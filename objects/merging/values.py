"""Which value the survivor of a merge has in each field: its own, a chosen one, or all together."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.record_base import Record
from metadata.field_types.contexts import clean_context
from metadata.field_types.labelled import Labelled
from metadata.field_types.values import InvalidValue, Reference
from objects.access.policy import AccessPolicy

CURRENCY = "currency"
TOGETHER = "together"  # in choices: the values of all records, each once


@dataclass(frozen=True)
class MergedValue:
    """What a field will hold. `source` is the record that it comes from, None for several together."""

    field: CompiledField
    value: Any
    source: uuid.UUID | None
    differs: bool  # from what the survivor holds now

    @property
    def name(self) -> str:
        return self.field.name


def mergeable_fields(policy: AccessPolicy, obj: CompiledObject) -> list[CompiledField]:
    """Return the fields of which a value can be chosen: those that the caller may write, and that can be read."""
    return [field for field in policy.editable_fields(obj) if not field.type.is_sealed]


def told_counts(actor: Actor, counts: Mapping[str, int]) -> dict[str, int]:
    """Return those of the numbers by `object.field` whose object and field exist for the reader."""
    policy, snapshot, told = AccessPolicy.of(actor), current_snapshot(), {}
    for path, number in counts.items():
        object_name, _dot, field_name = path.partition(".")
        is_known = object_name in snapshot.spec.object_map and policy.can(object_name, "read")
        if is_known and policy.can_see_field(snapshot.object(object_name), field_name):
            told[path] = number
    return told


def is_many(field: CompiledField, values: Iterable[Any]) -> bool:
    """Tell whether a field holds several values, which can be put together."""
    return all(isinstance(value, list | tuple) for value in values if value is not None)


def merged_values(
    policy: AccessPolicy, obj: CompiledObject, survivor: Record, losers: Sequence[Record], choices: Mapping[str, str]
) -> list[MergedValue]:
    """Return what each field will hold: as chosen, else the survivor's value, else the newest that there is.

    Several values are put together. Raises ValidationFailed for a choice of an unknown field or record.
    """
    fields = {field.name: field for field in mergeable_fields(policy, obj)}
    newest_first = sorted(losers, key=lambda record: record.updated_at, reverse=True)
    records = [survivor, *newest_first]
    _check_choices(fields, records, choices)
    gone = {record.pk for record in records}
    found = []
    for field in fields.values():
        values = [(record, _usable(field, record, survivor, gone)) for record in records]
        present = field.value_of(survivor)
        value, source = _choose(policy, field, values, choices.get(field.name))
        found.append(MergedValue(field, value, source, _differs(present, value)))
    return found


def _check_choices(fields: Collection[str], records: Sequence[Record], choices: Mapping[str, str]) -> None:
    known = {str(record.pk) for record in records}
    errors = [
        FieldError(name, "unknown_field", _("Unknown field: %(path)s"), {"path": name[:120]})
        for name in choices
        if name not in fields
    ]
    errors += [
        FieldError(name, "invalid_choice", _("This record is not among those to be merged."))
        for name, choice in choices.items()
        if name in fields and choice not in known and choice != TOGETHER
    ]
    if errors:
        raise ValidationFailed(errors)


def _usable(field: CompiledField, record: Record, survivor: Record, gone: Collection[uuid.UUID]) -> Any:
    """Return a record's value as far as the survivor can have it.

    No amount in another currency, and no reference to one of the merged records, which would be itself.
    """
    value = field.value_of(record)
    if field.type.expression_type == "number" and "_base" in {column.suffix for column in field.columns}:
        is_own = getattr(record, CURRENCY, None) == getattr(survivor, CURRENCY, None)
        return value if is_own else None
    if isinstance(value, Reference):
        return None if value.id in gone else value
    if isinstance(value, tuple) and value and isinstance(value[0], Reference):
        return tuple(item for item in value if item.id not in gone) or None
    return value


def _choose(
    policy: AccessPolicy, field: CompiledField, values: Sequence[tuple[Record, Any]], choice: str | None
) -> tuple[Any, uuid.UUID | None]:
    if choice is not None and choice != TOGETHER:
        return next((value, record.pk) for record, value in values if str(record.pk) == choice)
    filled = [(record, value) for record, value in values if not _is_empty(value)]
    if not filled:
        return None, values[0][0].pk
    if len(filled) > 1 and is_many(field, (value for _record, value in filled)):
        together = _together(policy, field, [value for _record, value in filled])
        if together is not None:
            return together, None
    record, value = filled[0]
    return value, record.pk


def _together(policy: AccessPolicy, field: CompiledField, values: Sequence[Any]) -> Any:
    """Return all items, each once, the survivor's first; None when they are more than the field takes."""
    items: dict[Any, Any] = {}
    for item in (item for value in values for item in value):
        items.setdefault(item.value if isinstance(item, Labelled) else item, item)
    whole = type(values[0])(items.values())
    try:
        field.type.clean(field.spec, field.type.to_api(field.spec, whole), clean_context(policy.actor))
    except InvalidValue:
        return None
    return whole


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == () or value == []


def _differs(present: Any, value: Any) -> bool:
    return type(present) is not type(value) or present != value
