"""What the types with choices share: cleaning against the set, order, coloured tags; no field type itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db import models
from django.db.models import Case, IntegerField, Value, When
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import Exact
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.console.templatetags.console import tag
from metadata.compiler.spec import ChoiceSpec, FieldSpec
from metadata.field_types.base import INLINE_BYTES, Column, FieldType, nullable
from metadata.field_types.values import CleanContext, InvalidValue

VALUE_LENGTH = 60
# Names of Tabler's palette; a tag's class is `tag tag-<colour>`.
COLORS = (
    *("blue", "azure", "indigo", "purple", "pink", "red"),
    *("orange", "yellow", "lime", "green", "teal", "cyan", "gray"),
)
PLAIN_COLOR = "gray"


def all_choices(field: FieldSpec) -> tuple[ChoiceSpec, ...]:
    """Return every choice in its order, retired ones included."""
    return field.choice_set.choices if field.choice_set else ()


def active_choices(field: FieldSpec) -> tuple[ChoiceSpec, ...]:
    return tuple(choice for choice in all_choices(field) if choice.is_active)


def find_choice(field: FieldSpec, value: str) -> ChoiceSpec | None:
    return field.choice_set.by_value.get(value) if field.choice_set else None


def choice_tag(choice: ChoiceSpec | None, value: str, language: str) -> SafeString:
    """Return a coloured tag; a value that is no longer in the set is shown as it is."""
    color = choice.color if choice and choice.color in COLORS else PLAIN_COLOR
    return tag(label_of(choice, value, language), color)


def label_of(choice: ChoiceSpec | None, value: str, language: str) -> str:
    return (choice.label.text(language) if choice else "") or value


class ChoiceField(forms.ChoiceField):
    """A select that offers active choices and lets a retired one pass, so that it can stay where it is."""

    def __init__(self, field: FieldSpec, language: str, *, blank: bool = True, **options: Any) -> None:
        offered = [(c.value, label_of(c, c.value, language)) for c in active_choices(field)]
        super().__init__(choices=[("", ""), *offered] if blank else offered, **options)
        self.known = {c.value: label_of(c, c.value, language) for c in all_choices(field)}
        self.widget.known = self.known

    def valid_value(self, value: Any) -> bool:
        return str(value) in self.known


class ChoiceType(FieldType):
    """Base of picklist, multi-picklist and stage."""

    group = "choice"
    uses_choices = True

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        make = nullable(models.CharField, max_length=VALUE_LENGTH)
        return (Column(f"varchar({VALUE_LENGTH})", make, INLINE_BYTES),)

    def clean_choice(self, field: FieldSpec, value: Any) -> str | None:
        """Return the value of an active choice, None when empty; raises InvalidValue."""
        text = self._known(field, value)
        choice = find_choice(field, text) if text is not None else None
        if choice is not None and not choice.is_active:
            raise InvalidValue("invalid_choice", _("This choice is no longer in use."), value=text)
        return text

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        text = self._known(field, item)  # a retired choice may still be asked for
        if text is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return text

    @staticmethod
    def _known(field: FieldSpec, value: Any) -> str | None:
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise InvalidValue("invalid_type", _("Enter the value of a choice."))
        if find_choice(field, value) is None:
            raise InvalidValue("invalid_choice", _("There is no such choice."), value=value[:VALUE_LENGTH])
        return value

    def default_choices(self, field: FieldSpec) -> list[str]:
        """Return the values a new record starts with: the field's own default, else the set's; never retired."""
        given = field.default
        values = [given] if isinstance(given, str) else list(given or ())
        if not values:
            values = [choice.value for choice in all_choices(field) if choice.is_default]
        return [choice.value for choice in active_choices(field) if choice.value in values]

    def choice_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        """Return the JSON Schema of one value; retired choices are listed, for records may hold them."""
        choices = all_choices(field)
        schema: dict[str, Any] = {"type": "string", "maxLength": VALUE_LENGTH}
        if choices:
            schema["enum"] = [choice.value for choice in choices]
            schema["x-enum-labels"] = {choice.value: label_of(choice, choice.value, language) for choice in choices}
        return schema


def choice_order(field: FieldSpec, column: BaseExpression) -> BaseExpression:
    """Return the position of the column's value among the choices; empty and unknown values come last."""
    choices = all_choices(field)
    cases = [When(Exact(column, Value(choice.value)), then=Value(place)) for place, choice in enumerate(choices)]
    return Case(*cases, default=Value(len(choices)), output_field=IntegerField())


def in_choice_order(field: FieldSpec, values: Iterable[str]) -> list[str]:
    """Return each value once, in the order of the choices."""
    wanted = set(values)
    return [choice.value for choice in all_choices(field) if choice.value in wanted]
