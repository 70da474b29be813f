"""Roll-ups in SQL: whole summaries by one statement, and differences added to what is stored."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models.expressions import Col

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField
from metadata.expressions import Environment
from metadata.field_types.rollup import AVG, COUNT, MAX, MIN, NUMBER, SUM, TOTAL
from objects.query.params import Expressions, SqlText, column
from objects.records.rollup_plans import Rollup

MAIN_ALIAS, SECOND_ALIAS = "t", "x"

Ids = Sequence[uuid.UUID]


@dataclass(slots=True)
class Difference:
    """What one write changes for one parent: how many records more, and how much more they add up to."""

    number: int = 0
    total: Decimal = Decimal(0)


def recompute(rollup: Rollup, env: Environment, parents: Ids | None = None) -> list[uuid.UUID]:
    """Summarise anew by one statement, for the given parents or for all; returns those whose value has changed."""
    summary, condition = _summary(rollup), _condition(rollup, env)
    chosen = "" if parents is None else f" AND {_lookup(rollup)} = ANY(%s)"
    grouped = (
        f"SELECT {_lookup(rollup)} AS parent, {', '.join(f'{sql} AS {quote(name)}' for name, sql in summary.items())}"  # noqa: S608
        f" FROM {_tables(rollup)} WHERE t.deleted_at IS NULL AND {_lookup(rollup)} IS NOT NULL"
        f" AND ({condition.text}){chosen} GROUP BY 1"
    )
    values = {name: _stored(rollup, name) for name in summary}
    sql = (
        f"UPDATE {quote(rollup.parent.table)} p SET {', '.join(f'{quote(n)} = s.{quote(n)}' for n in values)}"  # noqa: S608
        f" FROM (SELECT q.id, {', '.join(f'{sql} AS {quote(n)}' for n, sql in values.items())}"
        f" FROM {quote(rollup.parent.table)} q LEFT JOIN ({grouped}) a ON a.parent = q.id"
        f"{'' if parents is None else ' WHERE q.id = ANY(%s)'}) s WHERE p.id = s.id"
        f" AND ({', '.join(f'p.{quote(n)}' for n in values)})"
        f" IS DISTINCT FROM ({', '.join(f's.{quote(n)}' for n in values)}) RETURNING p.id"
    )
    wanted = [] if parents is None else [list(parents)]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*condition.params, *wanted, *wanted])
        return [row[0] for row in cursor.fetchall()]


def differences_of(rollup: Rollup, env: Environment, ids: Ids, sign: int) -> dict[uuid.UUID, Difference]:
    """Return what the given records mean for each parent, as they are stored, deleted or not."""
    condition = _condition(rollup, env)
    total = "0" if rollup.source is None else f"coalesce(sum({_source(rollup)}), 0)" if adds_up(rollup) else "0"
    sql = (
        f"SELECT {_lookup(rollup)}, {_number(rollup)}, {total} FROM {_tables(rollup)}"  # noqa: S608
        f" WHERE t.id = ANY(%s) AND {_lookup(rollup)} IS NOT NULL AND ({condition.text}) GROUP BY 1"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids), *condition.params])
        return {row[0]: Difference(sign * row[1], sign * Decimal(row[2])) for row in cursor.fetchall()}


def add(rollup: Rollup, differences: Mapping[uuid.UUID, Difference]) -> list[uuid.UUID]:
    """Add differences to what parents have stored, by one statement; returns the parents that were found."""
    rows = [(key, found.number, found.total) for key, found in sorted(differences.items())]
    changes = {name: sql for name, sql in _sums(rollup).items()}
    sets = ", ".join(f"{quote(name)} = {sql}" for name, sql in changes.items())
    sql = (
        f"UPDATE {quote(rollup.parent.table)} p SET {sets}"  # noqa: S608 (physical names only)
        f" FROM (VALUES {', '.join(['(%s::uuid, %s::bigint, %s::numeric)'] * len(rows))}) AS v (id, number, total)"
        f" WHERE p.id = v.id RETURNING p.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in row])
        return [row[0] for row in cursor.fetchall()]


def extend(rollup: Rollup, extremes: Mapping[uuid.UUID, Any]) -> list[uuid.UUID]:
    """Widen the parents' smallest (largest) values to new ones; returns the parents whose value has changed."""
    if not extremes:
        return []
    main = quote(rollup.field.main.column)
    choose = "least" if rollup.operation == MIN else "greatest"
    cast = _cast(rollup, rollup.field.main.column)
    rows = [value for item in sorted(extremes.items()) for value in item]
    sql = (
        f"UPDATE {quote(rollup.parent.table)} p SET {main} = {choose}(p.{main}, v.value)"  # noqa: S608
        f" FROM (VALUES {', '.join([f'(%s::uuid, %s::{cast})'] * len(extremes))}) AS v (id, value)"
        f" WHERE p.id = v.id AND p.{main} IS DISTINCT FROM {choose}(p.{main}, v.value) RETURNING p.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, rows)
        return [row[0] for row in cursor.fetchall()]


def losing(rollup: Rollup, gone: Sequence[tuple[uuid.UUID, Any]]) -> list[uuid.UUID]:
    """Return the (locked) parents whose smallest or largest value may be among those that are gone.

    All others keep theirs without a look at their children, however many there are.
    """
    if not gone:
        return []
    main, cast = quote(rollup.field.main.column), _cast(rollup, rollup.field.main.column)
    beyond = ">" if rollup.operation == MIN else "<"
    sql = (
        f"SELECT DISTINCT p.id FROM {quote(rollup.parent.table)} p"  # noqa: S608 (physical names only)
        f" JOIN (VALUES {', '.join([f'(%s::uuid, %s::{cast})'] * len(gone))}) AS v (id, value) ON v.id = p.id"
        f" WHERE (v.value {beyond} p.{main}) IS NOT TRUE"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [part for item in gone for part in item])
        return [row[0] for row in cursor.fetchall()]


def parents_of(rollup: Rollup, records: Ids) -> list[uuid.UUID]:
    """Return the records that the given ones point at."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT {_lookup(rollup)} FROM {_tables(rollup)}"  # noqa: S608 (physical names only)
            f" WHERE t.id = ANY(%s) AND {_lookup(rollup)} IS NOT NULL",
            [list(records)],
        )
        return [row[0] for row in cursor.fetchall()]


def lock_parents(rollup: Rollup, parents: Ids) -> None:
    """Lock the parents in the order of their ids, as every writer does."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {quote(rollup.parent.table)} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",  # noqa: S608
            [sorted(parents)],
        )


def adds_up(rollup: Rollup) -> bool:
    """Tell whether the summary can be kept by adding differences; extremes are looked up instead."""
    return rollup.operation in (COUNT, SUM, AVG)


def _summary(rollup: Rollup) -> dict[str, str]:
    """Return the aggregates over the children, by the column of the parent."""
    main = rollup.field.main.column
    if rollup.operation == COUNT:
        return {main: "count(*)"}
    source = _source(rollup)
    if rollup.operation == AVG:
        parts = {suffix: rollup.field.column(suffix).column for suffix in (TOTAL, NUMBER)}
        return {main: f"avg({source})", parts[TOTAL]: f"sum({source})", parts[NUMBER]: f"count({source})"}
    return {main: f"{ {SUM: 'sum', MIN: 'min', MAX: 'max'}[rollup.operation] }({source})"}


def _stored(rollup: Rollup, name: str) -> str:
    """Return what a parent stores for an aggregate: zero instead of nothing for what is counted or added."""
    is_zero = rollup.operation in (COUNT, SUM) or name != rollup.field.main.column
    return f"({'coalesce(' if is_zero else '('}a.{quote(name)}{', 0' if is_zero else ''}))::{_cast(rollup, name)}"


def _sums(rollup: Rollup) -> dict[str, str]:
    """Return the new value of each column of a parent, from its old one and a difference `v`."""
    main = rollup.field.main.column
    if rollup.operation == COUNT:
        return {main: f"(coalesce(p.{quote(main)}, 0) + v.number)::{_cast(rollup, main)}"}
    if rollup.operation == SUM:
        return {main: f"(coalesce(p.{quote(main)}, 0) + v.total)::{_cast(rollup, main)}"}
    total, number = (rollup.field.column(suffix).column for suffix in (TOTAL, NUMBER))
    new_total = f"coalesce(p.{quote(total)}, 0) + v.total"
    new_number = f"coalesce(p.{quote(number)}, 0) + v.number"
    return {
        total: new_total,
        number: new_number,
        main: f"(({new_total}) / nullif({new_number}, 0))::{_cast(rollup, main)}",
    }


def _cast(rollup: Rollup, name: str) -> str:
    definitions = rollup.field.definition.columns(rollup.field.spec)
    found = zip(rollup.field.columns, definitions, strict=True)
    return next(definition.db_type for compiled, definition in found if compiled.column == name)


def _lookup(rollup: Rollup) -> str:
    return f"{_alias(rollup.lookup)}.{quote(rollup.lookup.main.column)}"


def _source(rollup: Rollup) -> str:
    assert rollup.source is not None
    return f"{_alias(rollup.source)}.{quote(rollup.source.column(rollup.value_suffix).column)}"


def _number(rollup: Rollup) -> str:
    return "count(*)" if rollup.source is None else f"count({_source(rollup)})"


def _alias(field: CompiledField) -> str:
    return SECOND_ALIAS if field.is_second else MAIN_ALIAS


def _tables(rollup: Rollup) -> str:
    main = f"{quote(rollup.child.table)} {MAIN_ALIAS}"
    if rollup.child.second is None:
        return main
    return f"{main} LEFT JOIN {quote(rollup.child.second.table)} {SECOND_ALIAS} ON {SECOND_ALIAS}.id = {MAIN_ALIAS}.id"


def _condition(rollup: Rollup, env: Environment) -> SqlText:
    if rollup.filter is None:
        return SqlText("TRUE")

    def read(path: str) -> Col:
        field = rollup.child.field(path)
        return column(_alias(field), rollup.child.model_of(field), field.attr)

    found = Expressions(rollup.child.model).sql(rollup.filter.to_condition(read, env))
    return SqlText(found.text, tuple(found.params))
