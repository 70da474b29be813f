"""Conditions of sharing and restriction rules: checked when they are written, compiled to SQL when they are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import PlatformError
from metadata.compiler.compiled import CompiledObject, UnknownField
from metadata.field_types.contexts import calendar_of
from metadata.field_types.values import Calendar, CleanContext
from objects.query.binding import Bound, bind
from objects.query.conditions import from_json, leaves
from objects.query.params import FALSE, SqlText, column
from objects.query.predicates import condition_sql, leaf_sql

if TYPE_CHECKING:
    from objects.access.policy import AccessPolicy


def checked(obj: CompiledObject, condition: Any, actor: Actor, everything: AccessPolicy) -> Bound:
    """Read and check a condition over a record's own fields; raises ValidationFailed with all that is wrong.

    "Me" and "today" in it are the actor's. `everything` is a policy that may read all fields: which of them the
    actor may read plays no part in a rule.
    """
    tree = from_json(condition, "#/condition")
    for leaf in leaves(tree):
        resolved = obj.resolve(leaf.path)
        if resolved.hops or resolved.field.is_second or resolved.field.is_virtual:
            raise UnknownField(leaf.path)
    speaks_of_periods = any(leaf.operator == "rel" for leaf in leaves(tree))
    calendar = calendar_of(actor) if speaks_of_periods else Calendar()  # which costs a query
    return bind(tree, obj, everything, CleanContext(actor, timezone.now(), calendar=calendar))


def bound_or_none(obj: CompiledObject, condition: Any, actor: Actor, everything: AccessPolicy) -> Bound | None:
    """Return the condition checked, None when it fits the object no longer."""
    try:
        return checked(obj, condition, actor, everything)
    except PlatformError:
        return None


def compiled(obj: CompiledObject, rule: tuple[Any, ...], bound: Bound | None) -> Callable[[str], SqlText]:
    """Return what makes the predicate on a table alias; its values stand in slots `(*rule, number)`.

    No record meets a broken condition: a sharing rule then opens nothing, and a restriction closes everything.
    """

    def sql(alias: str) -> SqlText:
        if bound is None or bound.shape is None:
            return FALSE
        return condition_sql(bound.shape, lambda *leaf: _leaf(alias, *leaf))

    def _leaf(alias: str, path: str, operator: str, first: int, count: int) -> SqlText:
        keys = [(*rule, first + number) for number in range(count)]
        field = obj.resolve(path).field
        read = column(alias.strip('"'), obj.model_of(field), field.attr)
        return leaf_sql(obj, field, read, operator, keys)

    return sql
