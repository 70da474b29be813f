"""From the shape of a bound condition to SQL; where a leaf's field is read from is the caller's affair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import ForeignKey, Q
from django.db.models.expressions import BaseExpression

from metadata.compiler.compiled import CompiledField, CompiledObject
from objects.query.params import FALSE, TRUE, Expressions, Param, SqlText, join_sql
from objects.query.shapes import AND, LEAF, NOT, Shape

Leaf = Callable[[str, str, int, int], SqlText]  # path, operator, first slot, number of slots


def condition_sql(shape: Shape, leaf: Leaf) -> SqlText:
    """Return the predicate of a whole condition, its leaves made by `leaf`."""
    kind, *items = shape
    if kind == LEAF:
        return leaf(*items)
    if kind == NOT:
        inner = condition_sql(items[0], leaf)
        return SqlText(f"NOT ({inner.text})", inner.params)
    if not items:
        return TRUE if kind == AND else FALSE
    group = join_sql(" AND " if kind == AND else " OR ", [condition_sql(item, leaf) for item in items])
    return SqlText(f"({group.text})", group.params)


def leaf_sql(
    obj: CompiledObject, field: CompiledField, read: BaseExpression, operator: str, keys: Sequence[Any]
) -> SqlText:
    """Return `field operator operands`, the field being what `read` says, the operands slots of these keys."""
    # A foreign key's own column, so that no expression takes it for a relation to follow.
    target = read.output_field
    output = target.target_field if isinstance(target, ForeignKey) else target
    params = [Param(key, output) for key in keys]
    predicate: BaseExpression | Q = field.type.predicate(field.spec, operator, read, params)
    compiled = Expressions(obj.model).sql(predicate)
    return SqlText(f"({compiled.text})", compiled.params)
