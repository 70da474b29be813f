"""Multi-picklist: any number of choices out of a set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import IsNull
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, nullable
from metadata.field_types.choices import (
    ChoiceField,
    ChoiceType,
    active_choices,
    choice_tag,
    find_choice,
    in_choice_order,
    label_of,
)
from metadata.field_types.dependent import DependencySettings
from metadata.field_types.predicates import ContainedBy, ContainsAll, Overlaps, either
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

FEW_CHOICES = 10  # so many are shown all at once


class MultiPicklistSettings(DependencySettings):
    max_chosen = forms.IntegerField(
        label=_("How many can be chosen"), min_value=1, max_value=100, required=False, widget=widgets.NumberInput
    )


class MultiChoiceField(ChoiceField):
    """Several choices at once, as a list of values; retired ones pass, as in ChoiceField."""

    def __init__(self, field: FieldSpec, language: str) -> None:
        few = len(active_choices(field)) <= FEW_CHOICES
        super().__init__(field, language, blank=False, widget=widgets.Chips if few else widgets.ChipSelect)

    def to_python(self, value: Any) -> Any:
        return [str(item) for item in value] if isinstance(value, list | tuple) else []

    def validate(self, value: Any) -> None:
        forms.Field.validate(self, value)
        for item in value:
            if not self.valid_value(item):
                params = {"value": item}
                raise forms.ValidationError(self.error_messages["invalid_choice"], "invalid_choice", params)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(initial or ()) != set(data or ())


class MultiPicklistType(ChoiceType):
    """Stored as an array of values, each once, in the order of the choices; none is NULL, not an empty array."""

    key = "multi_picklist"
    label = _("Multi-select picklist")
    icon = "list-check"
    converts_to = ("picklist", "multi_picklist", "text", "long_text")
    expression_type = "choices"
    settings_form = MultiPicklistSettings
    is_sortable = False
    operator_labels = {"eq": _("is exactly")}

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("text[]", nullable(ArrayField, models.TextField()), INLINE_BYTES),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> list[str] | None:
        if value is None or value == "":
            return None
        if not isinstance(value, list | tuple | set | frozenset):
            raise InvalidValue("invalid_type", _("Enter a list of choices."))
        cleaned = (self.clean_choice(field, item) for item in value)
        chosen = in_choice_order(field, [item for item in cleaned if item is not None])
        limit = field.settings.get("max_chosen")
        if limit is not None and len(chosen) > int(limit):
            raise InvalidValue("too_long", _("Choose at most %(max)d.") % {"max": int(limit)}, max=int(limit))
        return chosen or None

    def default(self, field: FieldSpec, ctx: CleanContext) -> list[str] | None:
        return self.default_choices(field) or None

    def from_columns(self, field: FieldSpec, parts: Any) -> list[str] | None:
        return list(parts[""]) if parts[""] else None

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return list(value or ())

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        separator = "、" if ctx.language.startswith("zh") else ", "
        return separator.join(label_of(find_choice(field, item), item, ctx.language) for item in value or ())

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        tags = ((choice_tag(find_choice(field, item), item, ctx.language),) for item in value or ())
        return format_html('<span class="tags">{}</span>', format_html_join(" ", "{}", tags)) if value else SafeString()

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return MultiChoiceField(field, language)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        schema = {"type": "array", "uniqueItems": True, "items": self.choice_schema(field, language)}
        limit = field.settings.get("max_chosen")
        return schema if limit is None else {**schema, "maxItems": int(limit)}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("any", "all", "none", "eq", "empty", "nempty")

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        if operator == "eq":  # a set as a whole, hence a list where other types have one value
            operator = "any"
        return super().clean_operand(field, operator, raw, ctx)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "any":
            return Overlaps(column, params[0])
        if operator == "all":
            return ContainsAll(column, params[0])
        if operator == "none":
            return either(~Q(Overlaps(column, params[0])), IsNull(column, True))
        if operator == "eq":
            # Not `=`: the stored order is that of the choices when the record was saved.
            return Q(ContainsAll(column, params[0])) & Q(ContainedBy(column, params[0]))
        return IsNull(column, operator == "empty")


field_types.register(MultiPicklistType())
