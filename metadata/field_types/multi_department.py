"""Multi-department: points at several nodes of the organisation chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import BooleanField, Func, Q, UUIDField
from django.db.models.expressions import BaseExpression
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import pgettext_lazy

from metadata.compiler.spec import FieldSpec
from metadata.field_types.department import MINE, DepartmentSettings
from metadata.field_types.reference_lists import LIST_FILTERS, MaxChosenSettings, ReferenceListType
from metadata.field_types.references import ReferenceField
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, Reference

UNDER = "under"


class SomeInSubtree(Func):
    """One of the departments is the given one or below it; the subtree becomes one array, for which the index is."""

    template = "(%(expressions)s))"
    arg_joiner = (
        " && ARRAY(SELECT below.id FROM identity_department below JOIN identity_department top"
        " ON starts_with(below.path, top.path) WHERE top.id = "
    )
    arity = 2
    output_field = BooleanField()


class AsId(Func):
    """A parameter as an id, where the column that it is compared with is an array of them."""

    template = "%(expressions)s::uuid"
    arity = 1
    output_field = UUIDField()


class MultiDepartmentSettings(MaxChosenSettings, DepartmentSettings):
    field_order = ("max_chosen", "filter")


class MultiDepartmentType(ReferenceListType):
    """Operands are ids, or `mine` for the caller's department."""

    key = "multi_department"
    label = pgettext_lazy("field type", "Departments")
    icon = "sitemap"
    settings_form = MultiDepartmentSettings

    def target(self, field: FieldSpec) -> str:
        return "department"

    def one_cell(self, link: Reference, text: str) -> SafeString:
        return conditional_escape(text)

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return (UNDER, *LIST_FILTERS)

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        if item == MINE:
            return ctx.actor.department_id
        return super().operand(field, operator, item, ctx)

    def operand_field(self, field: FieldSpec, operator: str, language: str) -> forms.Field | None:
        return ReferenceField(self.targets(field), language) if operator == UNDER else None

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == UNDER:
            return SomeInSubtree(column, AsId(params[0]))
        return super().predicate(field, operator, column, params)


field_types.register(MultiDepartmentType())
