"""Picklist: one choice out of a set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import SettingsForm
from metadata.field_types.choices import (
    ChoiceField,
    ChoiceType,
    all_choices,
    choice_order,
    choice_tag,
    find_choice,
    label_of,
)
from metadata.field_types.dependent import DependencySettings
from metadata.field_types.predicates import compare
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext

SELECT, RADIO, BADGES = "", "radio", "badges"


class PicklistSettings(DependencySettings):
    display = forms.ChoiceField(
        label=_("Shown in forms as"),
        choices=[(SELECT, _("a list that opens")), (RADIO, _("radio buttons")), (BADGES, _("coloured badges"))],
        required=False,
        widget=widgets.Select,
    )


class PicklistType(ChoiceType):
    """Stored by value; a choice is retired, never deleted, so that old records keep it."""

    key = "picklist"
    label = _("Picklist")
    icon = "list"
    converts_to: ClassVar[tuple[str, ...]] = ("picklist", "stage", "multi_picklist", "text", "long_text")
    expression_type = "choice"
    settings_form: ClassVar[type[SettingsForm]] = PicklistSettings

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        return self.clean_choice(field, value)

    def default(self, field: FieldSpec, ctx: CleanContext) -> str | None:
        return next(iter(self.default_choices(field)), None)

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return label_of(find_choice(field, value), value, ctx.language) if value else ""

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        return choice_tag(find_choice(field, value), value, ctx.language) if value else SafeString()

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        display = field.settings.get("display", SELECT)
        if display == SELECT:
            return ChoiceField(field, language, widget=widgets.Select)
        colors = {choice.value: choice.color for choice in all_choices(field)} if display == BADGES else {}
        return ChoiceField(field, language, widget=widgets.Radios(colors))

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return self.choice_schema(field, language)

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("in", "nin", "eq", "ne", "empty", "nempty")

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return compare(operator, column, params)

    def sort_key(self, field: FieldSpec, column: BaseExpression) -> BaseExpression:
        return choice_order(field, column)


field_types.register(PicklistType())
