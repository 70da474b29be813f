"""User: points at a person who works here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.console.templatetags.console import avatar
from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import SettingsForm
from metadata.field_types.date import default_expression
from metadata.field_types.predicates import compare
from metadata.field_types.references import REFERENCE_FILTERS, ReferenceType
from metadata.field_types.registry import field_types
from metadata.field_types.target_filters import TargetFilterField
from metadata.field_types.values import CleanContext, DisplayContext, Reference


class UserSettings(SettingsForm):
    active_only = forms.TypedChoiceField(
        label=_("Who can be chosen"),
        choices=[("True", _("Active users")), ("False", _("All users, deactivated ones too"))],
        coerce=lambda value: value == "True",
        empty_value=None,
        required=False,
        widget=widgets.Select,
    )
    filter = TargetFilterField(_("Only users that fit"), "user")


class UserType(ReferenceType):
    """Whether the user is active is checked by the record service, when the value changes."""

    key = "user"
    label = _("User")
    icon = "user"
    settings_form = UserSettings

    def target(self, field: FieldSpec) -> str:
        return "user"

    def active_only(self, field: FieldSpec) -> bool:
        """Tell whether deactivated users are refused as new values."""
        return bool(field.settings.get("active_only", True))

    def default(self, field: FieldSpec, ctx: CleanContext) -> Any:
        if default_expression(field) == "current_user":
            return Reference("user", ctx.actor.user_id, ctx.actor.name) if ctx.actor.user_id else None
        return super().default(field, ctx)

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value:
            return SafeString()
        name = self.to_text(field, value, ctx)
        return format_html('<span class="text-nowrap">{}{}</span>', avatar(name, value.id), name)

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("is_me", *REFERENCE_FILTERS)

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        if operator == "is_me":
            return (ctx.actor.user_id,)  # NULL for the system itself: it is nobody's "me"
        return super().clean_operand(field, operator, raw, ctx)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return compare("eq" if operator == "is_me" else operator, column, params)


field_types.register(UserType())
