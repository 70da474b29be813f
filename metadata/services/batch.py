"""Many changes in one publish: what packages are applied with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from uuid import UUID

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from metadata.inputs import ChoiceInput, ChoiceSetInput, FieldInput, LabelInput, ObjectInput
from metadata.models import BusinessField, BusinessObject, ChoiceSet
from metadata.publishing import publish
from metadata.services.choices import insert_choice_set, write_choices
from metadata.services.labels import save_translations, set_labels
from metadata.services.new_fields import NewFields
from metadata.services.objects import insert_object, with_name_field

T = TypeVar("T")


@dataclass(frozen=True)
class LabelChange:
    """New texts of an existing object or field (`target` is its UUID)."""

    model: type[BusinessObject] | type[BusinessField] | type[ChoiceSet]
    target: UUID
    texts: dict[str, LabelInput]


@dataclass(frozen=True)
class SchemaChange:
    """Everything that one publish shall do. Objects may refer to each other in any order."""

    choice_sets: Sequence[ChoiceSetInput] = ()
    objects: Sequence[ObjectInput] = ()
    fields: Sequence[tuple[str, FieldInput]] = ()  # (object, field) for objects that exist already
    choices: Sequence[tuple[str, Sequence[ChoiceInput]]] = ()  # (choice set, its choices)
    labels: Sequence[LabelChange] = ()
    more: Sequence[Callable[[], None]] = field(default=())  # further row changes, run last


def apply_changes(actor: Actor, change: SchemaChange, *, summary: str) -> None:
    """Apply all of it as one new version, or nothing; raises ValidationFailed with every mistake."""
    publish(actor, summary, lambda: _write(change))


def _write(change: SchemaChange) -> None:
    errors: list[FieldError] = []
    for given_set in change.choice_sets:
        _collect(
            errors,
            f"choice_sets.{given_set.api_name}",
            partial(insert_choice_set, given_set, is_shared=True),
        )
    rows: dict[str, BusinessObject] = {}
    for given in change.objects:
        row = _collect(errors, f"objects.{given.api_name}", partial(insert_object, given, with_fields=False))
        if row is not None:
            rows[given.api_name] = row
    _add_fields(errors, change, rows)
    for set_name, choices in change.choices:
        found = ChoiceSet.objects.get(api_name=set_name)
        _collect(errors, f"choice_sets.{set_name}", partial(write_choices, found, choices))
    _write_labels(change.labels)
    for step in change.more:
        step()
    if errors:
        raise ValidationFailed(errors)


def _add_fields(errors: list[FieldError], change: SchemaChange, rows: dict[str, BusinessObject]) -> None:
    fields = NewFields()
    owners = {name: rows.get(name) for name in (given.api_name for given in change.objects)}
    extended = {name for name, _ in change.fields} - rows.keys()
    owners |= {row.api_name: row for row in BusinessObject.objects.filter(api_name__in=extended)}
    for object_name, new in [*_fields_of_new(change), *change.fields]:
        owner = owners.get(object_name)
        if owner is not None:
            _collect(errors, f"objects.{object_name}.{new.api_name}", partial(fields.add, owner, new))
    fields.save()


def _fields_of_new(change: SchemaChange) -> list[tuple[str, FieldInput]]:
    return [(given.api_name, new) for given in change.objects for new in with_name_field(given)]


def _write_labels(labels: Sequence[LabelChange]) -> None:
    for item in labels:
        row = item.model.objects.get(uuid=item.target)
        save_translations(set_labels(row, **item.texts))
        row.save()


def _collect(errors: list[FieldError], at: str, step: Callable[[], T]) -> T | None:
    try:
        return step()
    except ValidationFailed as failed:
        errors += [FieldError(f"{at}.{e.field}", e.code, e.message, e.params) for e in failed.errors]
        return None
