"""Conditions of pools over a record's own columns, as SQL with its values: trees, and expressions.

Whoever may read a field plays no part here: the rule asks, not a person.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.compiled import CompiledField, CompiledObject, UnknownField
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.expressions import Expression, ExpressionError, compile_expression, scope_of
from metadata.expressions.environment import blank_environment
from metadata.expressions.errors import NotCompilable
from metadata.field_types.contexts import calendar_of
from objects.query.conditions import from_json
from objects.query.fragments import fragment
from objects.query.params import TRUE, Expressions, SqlText, column

MAIN, SECOND = "t", "x"  # aliases of a record's two tables


def tables(obj: CompiledObject) -> str:
    """Return what stands after FROM: the record's table, and the second one where there is one."""
    main = f'"{obj.table}" {MAIN}'
    if obj.second is None:
        return main
    return f'{main} LEFT JOIN "{obj.second.table}" {SECOND} ON {SECOND}.id = {MAIN}.id'


def own_field(obj: CompiledObject, path: str) -> CompiledField:
    """Return a stored field of the object itself; raises UnknownField for all else."""
    resolved = obj.resolve(path)
    if resolved.hops or resolved.field.is_virtual:
        raise UnknownField(path)
    return resolved.field


def tree_sql(
    obj: CompiledObject, tree: Any, actor: Actor, now: datetime, *, alias: str = MAIN, pointer: str = "#/condition"
) -> SqlText:
    """Return a condition tree as SQL that is never null; nothing is always true. Raises ValidationFailed."""
    found = from_json(tree, pointer)
    if found is None:
        return TRUE
    made = fragment(actor, obj, found, now)
    if alias == MAIN and not made.joins.text:
        return SqlText(f"coalesce({made.where.text}, FALSE)", made.where.params)
    inner = f"(SELECT {made.where.text} FROM (SELECT {alias}.*) t {made.joins.text})"  # noqa: S608 (compiled)
    return SqlText(f"coalesce({inner}, FALSE)", (*made.where.params, *made.joins.params))


def checked_expression(snapshot: SchemaSnapshot, object_name: str, text: str, at: str = "expression") -> Expression:
    """Return an expression that the database can ask of records; raises ValidationFailed at the field `at`."""
    if not text.strip():
        raise ValidationFailed.single(at, "required", _("This field is required."))
    try:
        found = compile_expression(text, scope_of(snapshot, object_name), purpose="condition")
    except ExpressionError as error:
        raise ValidationFailed.single(at, "formula_error", str(error).replace("%", "%%")) from error
    obj = snapshot.object(object_name)
    far = sorted(path for path in found.paths if "." in path or obj.field(path).is_virtual)
    if far or found.not_compilable or found.uses_user or found.is_random:
        names = ", ".join(sorted({*far, *found.not_compilable})) or "$User"
        message = _("The database can't ask this of many records at once: %(names)s")
        raise ValidationFailed.single(at, "formula_error", message, names=names)
    return found


def expression_sql(snapshot: SchemaSnapshot, obj: CompiledObject, text: str, actor: Actor, now: datetime) -> SqlText:
    """Return an expression as SQL that is never null."""
    expression = checked_expression(snapshot, obj.name, text)

    def read(path: str) -> Any:
        field = own_field(obj, path)
        return column(SECOND if field.is_second else MAIN, obj.model_of(field), field.attr)

    env = blank_environment(actor, now, calendar=lambda: calendar_of(actor))
    try:
        made = Expressions(obj.model).sql(expression.to_condition(read, env))
    except NotCompilable as error:
        raise ValidationFailed.single("expression", "formula_error", str(error).replace("%", "%%")) from error
    return SqlText(f"coalesce({made.text}, FALSE)", tuple(made.params))
