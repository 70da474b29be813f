"""What an admin asks for when he changes a field's type, checked; and the new field that it describes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from crm_platform.kit.errors import NotFound, StateConflict, ValidationFailed
from crm_platform.kit.frozen import FrozenDict
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ChoiceSetSpec, ChoiceSpec, FieldSpec, Labels
from metadata.field_types import field_types
from metadata.inputs import ChoiceInput
from metadata.names import normal_labels
from metadata.retyping.conversion import BETWEEN_CHOICES
from metadata.services.choices import choice_errors

MOST_FOUND_CHOICES = 200
EMPTY, BLOCK = "empty", "block"  # what becomes of values that do not convert
YES_NO = (
    ChoiceInput("yes", {"en": "Yes", "zh-hans": "是"}),
    ChoiceInput("no", {"en": "No", "zh-hans": "否"}),
)


@dataclass(frozen=True)
class TypeChange:
    """The wish: another type for a field, its parameters, and its choices where the type has some."""

    object_name: str
    field_name: str
    type: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    choices: Sequence[ChoiceInput] = ()
    choice_set: str = ""
    on_failure: str = BLOCK


def checked(change: TypeChange) -> tuple[CompiledObject, CompiledField, TypeChange]:
    """Return the object, the field and the wish with choices filled in; raises NotFound, StateConflict,
    ValidationFailed.
    """
    obj = current_snapshot().object(change.object_name)
    old = obj.fields.get(change.field_name)
    if old is None or old.spec.is_system:
        raise NotFound(_("There is no such field."))
    if old.name == obj.spec.name_field:
        raise StateConflict(_("The type of the name field can't be changed."))
    if old.name in obj.successors:
        raise StateConflict(_("The field is getting another type already."))
    if change.type not in field_types or not old.definition.can_convert_to(change.type):
        raise ValidationFailed.single("type", "invalid_choice", _("The field can't become one of this type."))
    if change.on_failure not in (EMPTY, BLOCK):
        raise ValidationFailed.single("on_failure", "invalid_choice", _("Block the change, or leave them empty."))
    settings = field_types.get(change.type).check_settings(change.settings)
    return obj, old, _with_choices(obj, old, replace(change, settings=settings))


def new_spec(
    old: FieldSpec, type_key: str, settings: Mapping[str, Any], choices: Sequence[ChoiceInput], choice_set: str
) -> FieldSpec:
    """Return the new field as a spec, for trying values with it."""
    found = None
    if field_types.get(type_key).uses_choices:
        found = _choice_set(old, choices, choice_set)
    return replace(old, id=0, type=type_key, settings=FrozenDict(settings), choice_set=found, default=None)


def is_in_place(old: FieldSpec, change: TypeChange) -> bool:
    """Tell whether the column can be widened where it is: nothing to convert, nothing to wait for."""
    new = replace(old, type=change.type, settings=FrozenDict(change.settings), choice_set=old.choice_set)
    return not change.choices and not change.choice_set and field_types.get(old.type).can_change_to(old, new)


def _with_choices(obj: CompiledObject, old: CompiledField, change: TypeChange) -> TypeChange:
    if not field_types.get(change.type).uses_choices:
        return replace(change, choices=(), choice_set="")
    if change.choice_set:
        names = {item.api_name for item in current_snapshot().spec.choice_sets if item.is_shared}
        if change.choice_set not in names:
            raise ValidationFailed.single("choice_set", "invalid_reference", _("There is no such picklist."))
        return replace(change, choices=())
    errors = choice_errors(change.choices)
    if errors:
        raise ValidationFailed(errors)
    if change.choices or old.type.uses_choices:
        return change
    return replace(change, choices=found_choices(obj, old, is_several=change.type == "multi_picklist"))


def proposed_choices(obj: CompiledObject, old: CompiledField, type_key: str) -> ChoiceSetSpec | None:
    """Return the choices to start the form with: the field's own, else those that its values would make."""
    if old.spec.choice_set is not None:
        return old.spec.choice_set
    try:
        found = found_choices(obj, old, is_several=type_key == "multi_picklist")
    except ValidationFailed:
        return None
    return _choice_set(old.spec, found, "")


def found_choices(obj: CompiledObject, old: CompiledField, *, is_several: bool = False) -> Sequence[ChoiceInput]:
    """Return the values that records hold as choices; raises ValidationFailed when they are too many.

    A text that can't be a choice's value (with commas, say) is left out; its records will be told as failing.
    """
    if old.spec.type == "checkbox":
        return YES_NO
    table = quote(obj.second.table if obj.second and old.is_second else obj.table)
    column = quote(old.main.column)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 (physical names)
            f" ORDER BY 1 LIMIT {MOST_FOUND_CHOICES + 1}"
        )
        values = [str(row[0]).strip() for row in cursor.fetchall()]
    if len(values) > MOST_FOUND_CHOICES:
        message = _("The records hold more than %(max)d different values. List the choices.")
        raise ValidationFailed.single("choices", "too_long", message % {"max": MOST_FOUND_CHOICES})
    if is_several:
        values = [part.strip() for value in values for part in BETWEEN_CHOICES.split(value)]
    offered = [ChoiceInput(value, value) for value in dict.fromkeys(values) if value]
    return [choice for choice in offered if not choice_errors([choice])]


def _choice_set(old: FieldSpec, choices: Sequence[ChoiceInput], choice_set: str) -> ChoiceSetSpec | None:
    if choice_set:
        return next(item for item in current_snapshot().spec.choice_sets if item.api_name == choice_set)
    if not choices:
        return old.choice_set
    made = tuple(
        ChoiceSpec(
            item.value,
            Labels(normal_labels(item.label)),
            item.color,
            item.is_active,
            item.is_default,
            FrozenDict(item.properties),
        )
        for item in choices
    )
    return ChoiceSetSpec(0, old.uuid, "", Labels(), made)  # type: ignore[arg-type]
