"""Conditions as parts of other statements, and over values that are not stored yet: rules of the data model.

Whoever asks, all fields and records play a part: a rule is no read of a person. "Me" and "mine" are the actor's.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject, UnknownField
from metadata.field_types.contexts import calendar_of
from metadata.field_types.values import CleanContext
from objects.access.policy import AccessPolicy
from objects.query.binding import Bound, bind
from objects.query.conditions import Tree, from_json, leaves
from objects.query.params import Slot, SqlText, fill
from objects.query.plan import filter_sql
from objects.query.relations import Joins
from objects.query.virtual import clock_values

if TYPE_CHECKING:
    from objects.records.table import RecordTable

Row = Mapping[str, Any]  # by physical column


@dataclass(frozen=True)
class Fragment:
    """A condition on the alias `t`: the joins that it needs, and the predicate; both with their values."""

    joins: SqlText
    where: SqlText


def checked_tree(actor: Actor, obj: CompiledObject, condition: Any, pointer: str = "#/condition") -> Tree | None:
    """Read a condition that is to be kept; raises ValidationFailed for what the object's records can't be asked.

    What is worked out when it is read, and what stands in the second table, is not known of a record that is about
    to be written.
    """
    tree = from_json(condition, pointer)
    for leaf in leaves(tree):
        resolved = obj.resolve(leaf.path)
        if not resolved.hops and (resolved.field.is_second or resolved.field.is_virtual):
            raise UnknownField(leaf.path)
    _bound(actor, obj, tree, timezone.now())
    return tree


def fragment(actor: Actor, obj: CompiledObject, tree: Tree | None, now: datetime) -> Fragment:
    """Return the condition as a part of a statement about records of the object, aliased `t`.

    Raises ValidationFailed for one that does not fit the object.
    """
    if tree is None:
        return Fragment(SqlText(""), SqlText("TRUE"))
    bound = _bound(actor, obj, tree, now)
    policy = AccessPolicy.of(system_actor())

    def compile_it() -> Fragment:
        joins = Joins(obj, "t", "f", policy)
        where = filter_sql(bound.shape or (), obj, joins)
        return Fragment(joins.sql(), where)

    plan: Fragment = obj.plans.fetch((policy.fingerprint, "fragment", bound.shape), compile_it)
    values: dict[Any, Any] = {**clock_values(actor, now), **dict(enumerate(bound.values))}
    return Fragment(_filled(plan.joins, values), _filled(plan.where, values))


def fitting(
    actor: Actor,
    obj: CompiledObject,
    table: RecordTable,
    tree: Tree | None,
    rows: Mapping[uuid.UUID, Row],
    now: datetime,
) -> set[uuid.UUID]:
    """Return which of some rows meet the condition, be they stored or not; they hold what `needed_fields` names."""
    if tree is None or not rows:
        return set(rows)
    part = fragment(actor, obj, tree, now)
    names = [column.column for field in needed_fields(obj, [tree]) for column in field.columns]
    names = [name for name in dict.fromkeys(names) if name != "id"]
    row = f"({', '.join(['%s::uuid', *(f'%s::{table.columns[name].cast}' for name in names)])})"
    columns = ", ".join(quote(name) for name in ("id", *names))
    sql = (
        f"SELECT t.id FROM (VALUES {', '.join([row] * len(rows))}) AS t ({columns})"  # noqa: S608 (physical names)
        f"{part.joins.text} WHERE {part.where.text}"
    )
    values = [value for key, given in rows.items() for value in (key, *table.adapted(names, given))]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, *part.joins.params, *part.where.params])
        return {found[0] for found in cursor.fetchall()}


def needed_fields(obj: CompiledObject, trees: Sequence[Tree | None]) -> list[CompiledField]:
    """Return the record's own fields from which conditions start."""
    found: dict[str, CompiledField] = {}
    for tree in trees:
        for leaf in leaves(tree):
            resolved = obj.resolve(leaf.path)
            field = resolved.hops[0] if resolved.hops else resolved.field
            found[field.name] = field
    return list(found.values())


def _bound(actor: Actor, obj: CompiledObject, tree: Tree | None, now: datetime) -> Bound:
    speaks_of_periods = any(leaf.operator == "rel" for leaf in leaves(tree))
    ctx = CleanContext(actor, now, calendar=calendar_of(actor)) if speaks_of_periods else CleanContext(actor, now)
    return bind(tree, obj, AccessPolicy.of(system_actor()), ctx)


def _filled(part: SqlText, values: Mapping[Any, Any]) -> SqlText:
    if not any(isinstance(item, Slot) for item in part.params):
        return part
    return SqlText(part.text, tuple(fill(part.params, values)))
