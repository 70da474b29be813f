"""Department: points at a node of the organisation chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, Func, Q
from django.db.models.expressions import BaseExpression
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types.base import SettingsForm
from metadata.field_types.predicates import compare
from metadata.field_types.references import REFERENCE_FILTERS, ReferenceType
from metadata.field_types.registry import field_types
from metadata.field_types.target_filters import TargetFilterField
from metadata.field_types.values import CleanContext, DisplayContext

MINE = "mine"  # an operand that stands for the caller's own department


class InSubtree(Func):
    """A department's id is that of the given department or of one below it."""

    template = "(%(expressions)s))"
    arg_joiner = (
        " IN (SELECT below.id FROM identity_department below JOIN identity_department top"
        " ON starts_with(below.path, top.path) WHERE top.id = "
    )
    arity = 2
    output_field = BooleanField()


class DepartmentSettings(SettingsForm):
    filter = TargetFilterField(_("Only departments that fit"), "department")


class DepartmentType(ReferenceType):
    """Operands are ids, or `mine` for the caller's department."""

    key = "department"
    label = _("Department")
    icon = "sitemap"
    settings_form = DepartmentSettings

    def target(self, field: FieldSpec) -> str:
        return "department"

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        return mark_safe(escape(self.to_text(field, value, ctx)))  # noqa: S308 (escaped right here)

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("under", *REFERENCE_FILTERS)

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        if item == MINE:
            return ctx.actor.department_id
        return super().operand(field, operator, item, ctx)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return InSubtree(column, params[0]) if operator == "under" else compare(operator, column, params)


field_types.register(DepartmentType())
