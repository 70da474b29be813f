"""What the database would be asked to compute an expression: for people who want to see it."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from metadata.expressions import Expression, PlaceColumns, ValueType, blank_environment, value_type
from objects.records.related_records import column_names


def sql_of(actor: Actor, obj: CompiledObject, expression: Expression) -> str:
    """Return the statement that computes an expression for all records of an object; "" when only Python can."""
    if not expression.is_compilable:
        return ""

    def column(path: str) -> Any:
        resolved = obj.resolve(path)
        names = column_names(resolved)
        if value_type(resolved.field.spec) is ValueType.GEO:
            return PlaceColumns(F(names[0]), F(names[1]))
        return resolved.field.type.as_operand(resolved.field.spec, F(names[0]))

    made: Any = expression.to_orm(column, blank_environment(actor, timezone.now()))
    text, params = obj.model._base_manager.annotate(value=made).values("value").query.sql_with_params()
    return str(connection.ops.compose_sql(text, params))  # type: ignore[attr-defined]
