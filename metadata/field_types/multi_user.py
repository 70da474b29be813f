"""Multi-user: points at several people who work here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.safestring import SafeString
from django.utils.translation import pgettext_lazy

from crm_platform.console.templatetags.console import avatar
from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types.date import default_expression
from metadata.field_types.reference_lists import LIST_FILTERS, MaxChosenSettings, ReferenceListType, SharesIds
from metadata.field_types.registry import field_types
from metadata.field_types.user import UserSettings
from metadata.field_types.values import CleanContext, Reference


class MultiUserSettings(MaxChosenSettings, UserSettings):
    field_order = ("active_only", "max_chosen", "filter")


class MultiUserType(ReferenceListType):
    key = "multi_user"
    label = pgettext_lazy("field type", "Users")
    icon = "users"
    settings_form = MultiUserSettings

    def target(self, field: FieldSpec) -> str:
        return "user"

    def default(self, field: FieldSpec, ctx: CleanContext) -> Any:
        if default_expression(field) == "current_user":
            return (Reference("user", ctx.actor.user_id, ctx.actor.name),) if ctx.actor.user_id else None
        return super().default(field, ctx)

    def one_cell(self, link: Reference, text: str) -> SafeString:
        return format_html('<span class="text-nowrap">{}{}</span>', avatar(text, link.id), text)

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("is_me", *LIST_FILTERS)

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        if operator == "is_me":
            return ([ctx.actor.user_id] if ctx.actor.user_id else [],)  # the system itself is nobody's "me"
        return super().clean_operand(field, operator, raw, ctx)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "is_me":
            return SharesIds(column, params[0])
        return super().predicate(field, operator, column, params)


field_types.register(MultiUserType())
