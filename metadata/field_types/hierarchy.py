"""Hierarchical lookup: the record's place in a tree of records of its own object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import BooleanField, F, Func, Q
from django.db.models.expressions import BaseExpression, Col
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.sqlnames import quote
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, nullable
from metadata.field_types.lookup import LookupType, TargetSettings
from metadata.field_types.predicates import either, sibling
from metadata.field_types.reference_lists import SharesIds
from metadata.field_types.references import REFERENCE_FILTERS
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext

PATH = "_path"
UNDER, ABOVE = "under", "above"


class HierarchySettings(TargetSettings):
    fixed = ("target", "on_delete")
    on_delete = forms.ChoiceField(
        label=_("When the other record is deleted"),
        help_text=_("It can't be changed later."),
        choices=[("set_null", _("Empty this field")), ("restrict", _("Refuse while records point at it"))],
        required=False,
        widget=widgets.Select,
    )
    field_order = ("target", "on_delete", "filter", "related_label")


class IdArray(Func):
    """One id as an array of one."""

    template = "ARRAY[%(expressions)s]"
    arity = 1


class OnPathOf(Func):
    """The record lies on the path of the given one, that is, above it."""

    template = "(%(expressions)s), '{}')))"
    arity = 2
    output_field = BooleanField()


class SameId(Func):
    template = "(%(expressions)s)"
    arg_joiner = " = "
    arity = 2
    output_field = BooleanField()


class HierarchyType(LookupType):
    """The parent's id, and beside it the ids of all that is above, the topmost first; empty for a root.

    The record service keeps the paths, and refuses circles. `under` and `above` speak of the place of the record
    itself: under a record are that record and all below it.
    """

    key = "hierarchy"
    label = _("Hierarchical lookup")
    icon = "hierarchy-3"
    settings_form = HierarchySettings
    can_be_default = False
    is_always_indexed = True
    operator_labels = {UNDER: _("is or is below")}

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        make = nullable(ArrayField, models.UUIDField())
        return (*super().columns(field), Column("uuid[]", make, INLINE_BYTES, suffix=PATH, is_internal=True))

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {**super().to_columns(field, value, ctx), PATH: None}  # known once the record is written

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        return super().from_columns(field, {"": parts[""]})

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return (UNDER, ABOVE, *REFERENCE_FILTERS)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == UNDER:
            return either(SharesIds(sibling(column, PATH), IdArray(params[0])), SameId(_own_id(column), params[0]))
        if operator == ABOVE:
            return OnPathOf(_own_id(column), params[0], arg_joiner=_path_of(column))
        return super().predicate(field, operator, column, params)


def _own_id(column: BaseExpression) -> BaseExpression:
    """Return the id of the record whose parent column this is."""
    if isinstance(column, Col):
        return Col(column.alias, column.target.model._meta.pk)
    assert isinstance(column, F)
    return F("id")


def _path_of(column: BaseExpression) -> str:
    assert isinstance(column, Col), "compiled on a table's alias"
    path = sibling(column, PATH).target  # type: ignore[attr-defined]
    table = path.model._meta.db_table
    return f" = ANY(COALESCE((SELECT p.{quote(path.column)} FROM {quote(table)} p WHERE p.id = "  # noqa: S608


field_types.register(HierarchyType())
