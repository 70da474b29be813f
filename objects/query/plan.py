"""Compiling a read once per shape: the SQL text with its slots, kept on the compiled object.

An inner query filters, orders and limits on the object's own table (joined only to what filter and order
need); everything that is merely shown is joined around its few rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from objects.access.policy import AccessPolicy
from objects.access.visibility import Branch, Scope
from objects.query import ordering, paging
from objects.query.binding import resolve_visible
from objects.query.columns import Member, Selection, api_members, typed_members
from objects.query.ordering import Order, SortTerm, is_newest
from objects.query.params import TRUE, Slot, SqlText, Statement, join_sql
from objects.query.predicates import condition_sql, leaf_sql
from objects.query.relations import Joins
from objects.query.shapes import Shape

LIMIT, OFFSET, IDS, GUARD = "limit", "offset", "ids", "guard"  # keys of slots
API, LABELLED, TYPED = "api", "labelled", "typed"  # forms of values
EXACT, CAPPED, ESTIMATE = "exact", "capped", "estimate"  # kinds of count

LIVE = SqlText('t."deleted_at" IS NULL')
TRASHED = SqlText('t."deleted_at" IS NOT NULL')


class RowsShape(NamedTuple):
    """Which rows: everything on which the predicate's SQL depends, but no value of it."""

    action: str
    filter: Shape | None
    by_ids: bool
    in_trash: bool


class ListShape(NamedTuple):
    """All on which the SQL of a list depends."""

    rows: RowsShape
    form: str  # API, LABELLED or TYPED
    fields: tuple[str, ...]
    order: Order  # total
    seek: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class ListPlan(Statement):
    """A statement for one page; rows are the select list, then the sort values, then the answer of the guard."""

    members: tuple[Member, ...]
    width: int  # of the select list; what follows is not for the answer
    is_plain: bool  # rows are the answer, once cut to the width
    as_text: bool  # numerics and ids are wanted as text
    first_nullable: bool
    first_descending: bool


class CountPlan(Statement):
    """A statement for one number."""


def list_plan(obj: CompiledObject, policy: AccessPolicy, shape: ListShape) -> ListPlan:
    """Return the plan of a list; raises ValidationFailed for names that the caller may not know."""
    plan: ListPlan = obj.plans.fetch((policy.fingerprint, shape), lambda: _compile_list(obj, policy, shape))
    return plan


def count_plan(obj: CompiledObject, policy: AccessPolicy, shape: RowsShape, kind: str) -> CountPlan:
    """Return the plan of a count: exact, capped (at most the limit) or the planner's estimate."""
    key = (policy.fingerprint, "count", kind, shape)
    plan: CountPlan = obj.plans.fetch(key, lambda: _compile_count(obj, policy, shape, kind))
    return plan


def matching_plan(obj: CompiledObject, policy: AccessPolicy, shape: Shape | None) -> CountPlan:
    """Return the plan of "which of these records meet the condition", read with the rights of the policy."""

    def compile_it() -> CountPlan:
        joins = Joins(obj, "t", "j", policy)
        where = TRUE if shape is None else filter_sql(shape, obj, joins)
        parts = [
            SqlText(f"SELECT t.id FROM {quote(obj.table)} t"),  # noqa: S608 (physical names only)
            joins.sql(),
            SqlText(" WHERE t.id = ANY(%s::uuid[]) AND ", (Slot(IDS),)),
            where,
        ]
        statement = join_sql("", parts)
        return CountPlan(statement.text, statement.params)

    plan: CountPlan = obj.plans.fetch((policy.fingerprint, "matching", shape), compile_it)
    return plan


def _compile_list(obj: CompiledObject, policy: AccessPolicy, shape: ListShape) -> ListPlan:
    paths = [resolve_visible(obj, policy, name) for name in shape.fields]
    ordering.check(shape.order, obj, policy)
    outside = Joins(obj, "b", "r", policy)
    selection = Selection(outside)
    if shape.form == TYPED:
        members = typed_members(selection, paths)
    else:
        members = api_members(selection, paths, labels=shape.form == LABELLED)
    inside = Joins(obj, "t", "j", policy)
    terms = ordering.terms(shape.order, obj, inside)
    where = _where(obj, shape.rows, inside)
    seek = paging.seek_sql(shape.seek, terms)
    if seek is not None:
        where = join_sql(" AND ", [where, seek])
    branches = _branches(policy.scope(obj, shape.rows.action), shape, where)
    inner = _inner(obj, outside, inside, terms, branches)
    statement = _around(selection, outside, inner, terms)
    return ListPlan(
        sql=statement.text,
        slots=statement.params,
        members=members,
        width=len(selection.parts),
        is_plain=[member.index for member in members] == list(range(len(selection.parts))),
        as_text=shape.form != TYPED,
        first_nullable=terms[0].nullable,
        first_descending=terms[0].descending,
    )


def _branches(scope: Scope, shape: ListShape, where: SqlText) -> list[Branch]:
    """Return the parts of the list; of records that are named by their ids there is but one."""
    if scope.is_all:
        return [Branch(where)]
    if shape.rows.by_ids:
        found = [Branch(scope.template("t"))]
    else:
        found = scope.branches("t", newest=is_newest(shape.order) and not shape.rows.in_trash)
    return [branch._replace(where=join_sql(" AND ", [where, branch.where])) for branch in found]


def _inner(
    obj: CompiledObject, outside: Joins, inside: Joins, terms: Sequence[SortTerm], branches: Sequence[Branch]
) -> SqlText:
    """Return the limited query on the object's table: the columns that are read outside, and the sort keys.

    Of several branches each gives as many as could be wanted of it alone. What two of them give is told by the sort
    keys, among which is the id.
    """
    selected = [SqlText(f"t.{quote(name)}") for name in outside.base_columns]
    selected += [SqlText(f"{term.sql.text} AS s{n}", term.sql.params) for n, term in enumerate(terms)]
    order = ", ".join(f"s{number} {term.clause}" for number, term in enumerate(terms))
    source = join_sql("", [SqlText(f" FROM {quote(obj.table)} t"), inside.sql(), SqlText(" WHERE ")])
    select = join_sql("", [SqlText("SELECT "), join_sql(", ", selected), source])
    part = SqlText(f" ORDER BY {order} LIMIT %s OFFSET %s", (Slot(LIMIT), Slot(OFFSET)))
    if len(branches) == 1 and branches[0].each is None:
        return join_sql("", [select, branches[0].where, part])
    enough = SqlText(f" ORDER BY {order} LIMIT %s + %s)", (Slot(LIMIT), Slot(OFFSET)))
    columns = [*(quote(name) for name in outside.base_columns), *(f"s{number}" for number in range(len(terms)))]
    parts = [_part(branch, columns, join_sql("", [SqlText("("), select, branch.where, enough])) for branch in branches]
    keys = ", ".join(columns[len(outside.base_columns) :])
    merged = SqlText(f"SELECT DISTINCT ON ({keys}) {', '.join(columns)} FROM (")  # noqa: S608 (physical names only)
    return join_sql("", [merged, join_sql(" UNION ALL ", parts), SqlText(") u"), part])


def _part(branch: Branch, columns: Sequence[str], rows: SqlText) -> SqlText:
    """Return the rows of a branch, which may be asked for each of a list apart."""
    if branch.each is None:
        return rows
    chosen = SqlText(f"SELECT {', '.join(f'x.{name}' for name in columns)} FROM ")  # noqa: S608 (physical names only)
    return join_sql("", [chosen, branch.each, SqlText(" e(id) CROSS JOIN LATERAL "), rows, SqlText(" x")])


def _around(selection: Selection, outside: Joins, inner: SqlText, terms: Sequence[SortTerm]) -> SqlText:
    more = [*(SqlText(f"b.s{number}") for number in range(len(terms))), SqlText("%s", (Slot(GUARD),))]
    order = ", ".join(f"b.s{number} {term.clause}" for number, term in enumerate(terms))
    return join_sql(
        "",
        [
            SqlText("SELECT "),
            join_sql(", ", [*selection.parts, *more]),
            SqlText(" FROM ("),
            inner,
            SqlText(") b"),
            outside.sql(),
            SqlText(f" ORDER BY {order}"),
        ],
    )


def _compile_count(obj: CompiledObject, policy: AccessPolicy, shape: RowsShape, kind: str) -> CountPlan:
    joins = Joins(obj, "t", "j", policy)
    where, scope = _where(obj, shape, joins), policy.scope(obj, shape.action)
    parts = [SqlText("TRUE")] if scope.is_all else _apart(scope, one=shape.by_ids or kind == ESTIMATE)
    source = SqlText(f"SELECT 1 FROM {quote(obj.table)} t")  # noqa: S608 (a physical name)
    select = join_sql("", [source, joins.sql(), SqlText(" WHERE "), where])
    rows = join_sql(" UNION ALL ", [join_sql(" AND ", [select, part]) for part in parts])
    if kind == EXACT:
        return CountPlan(f"SELECT count(*) FROM ({rows.text}) c", rows.params)  # noqa: S608 (compiled text only)
    if kind == ESTIMATE:
        return CountPlan(f"EXPLAIN (FORMAT JSON) {rows.text}", rows.params)
    capped = f"SELECT count(*) FROM ({rows.text} LIMIT %s) c"  # noqa: S608 (compiled text only)
    return CountPlan(capped, (*rows.params, Slot(LIMIT)))


def _apart(scope: Scope, *, one: bool) -> list[SqlText]:
    """Return predicates of which at most one holds for a record, and one for each record within reach.

    Counted each by itself, what the role opens can be read from an index that holds owner and department; asked
    together with shares, which name records, every row would have to be looked at.
    """
    if one:
        return [scope.template("t")]
    parts = [branch.where for branch in scope.branches("t", newest=False)]
    return [
        join_sql(" AND ", [part, *(SqlText(f"({other.text}) IS NOT TRUE", other.params) for other in parts[:number])])
        for number, part in enumerate(parts)
    ]


def _where(obj: CompiledObject, shape: RowsShape, joins: Joins) -> SqlText:
    """Return the predicate on the object's table `t` but for the caller's reach: what is not deleted and asked for."""
    parts = [TRASHED if shape.in_trash else LIVE]
    if shape.by_ids:
        parts.append(SqlText('t."id" = ANY(%s::uuid[])', (Slot(IDS),)))
    if shape.filter is not None:
        parts.append(filter_sql(shape.filter, obj, joins))
    return join_sql(" AND ", parts)


def filter_sql(shape: Shape, obj: CompiledObject, joins: Joins) -> SqlText:
    """Return the predicate of a bound condition, read through the joins and what they add."""

    def leaf(path: str, operator: str, first: int, count: int) -> SqlText:
        resolved = obj.resolve(path)
        alias, here = joins.locate(resolved)
        read = joins.expression(alias, here, resolved.field)
        return leaf_sql(here, resolved.field, read, operator, range(first, first + count))

    return condition_sql(shape, leaf)
