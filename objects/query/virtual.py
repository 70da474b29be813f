"""Virtual formulas in queries: the SQL of their values, and what its slots are filled with."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.expressions import PlaceColumns, ValueType
from metadata.expressions.sql import FormulaSql
from metadata.virtual_formulas import Clock, value_sql, virtual_formula
from objects.query.params import NOW, TODAY, ZONE, Slot, column

if TYPE_CHECKING:
    from objects.query.relations import Joins

CLOCK = Clock(Slot(NOW), Slot(TODAY), Slot(ZONE))


def clock_values(actor: Actor, now: datetime) -> dict[str | int, Any]:
    """Return the values of the slots: formulas see the reader's clock, as it is when they are read."""
    return {NOW: now, TODAY: now.astimezone(actor.zone).date(), ZONE: actor.zone.key}


def virtual_value(joins: Joins, alias: str, obj: CompiledObject, field: CompiledField) -> FormulaSql:
    """Return the value of a virtual field of the record that is read through an alias.

    Behind a lookup it is empty where there is no record that the caller may see, whatever the formula makes of
    empty fields.
    """

    def columns(path: str) -> Any:
        source = obj.fields[path]
        place = joins.second(alias, obj, source)
        for item in source.columns:
            joins.read(place, item.column)
        model = obj.model_of(source)
        if source.type.expression_type == ValueType.GEO:
            return PlaceColumns(*(column(place, model, item.expression) for item in source.columns[:2]))
        return source.type.as_operand(source.spec, column(place, model, source.attr))

    made = value_sql(virtual_formula(current_snapshot(), obj.name, field.spec), field.spec, columns, CLOCK)
    if alias == joins.base:
        return made
    here = column(alias, obj.model, "id")
    return FormulaSql(("CASE WHEN ", here, " IS NOT NULL THEN ", *made.parts, " END"), made.output_field)
