"""Answers for functions that ask about other records: COUNTREL, LATEST, VLOOKUP and the like."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, TextField

from crm_platform.kit.hot import Varying, execute_hot
from metadata.compiler.compiled import CompiledObject, ResolvedPath
from metadata.expressions import Environment, RelatedQuery
from metadata.expressions.evaluate import identity
from metadata.expressions.nodes import Path
from metadata.expressions.related import ROOT, VLOOKUP
from objects.query.params import OneOfIds, Param, Statement

MOST_RECORDS = 5_000  # that one question looks at; more of them are what roll-ups are for
MOST_LEVELS = 20


def answer(
    find: Callable[[str], CompiledObject], record_id: uuid.UUID | None, query: RelatedQuery, env: Environment
) -> Any:
    """Return the answer to a question of an expression of the record `record_id` (None: it is not stored yet)."""
    obj = find(query.object)
    paths = [obj.resolve(path) for path in sorted(query.paths)]
    if query.kind == ROOT:
        rows = _root(obj, paths, record_id, query.lookup)
    elif query.kind == VLOOKUP:
        rows = _read(obj, paths, _key_filter(obj, query, env))
    else:
        where = {obj.field(query.lookup).main.attr: record_id}
        rows = iter(()) if record_id is None else _read(obj, paths, where)
    return query.answer(_environment(values, env) for values in rows)


def _environment(values: Mapping[str, Any], outer: Environment) -> Environment:
    return Environment(
        lambda path: values.get(path), outer.actor, outer.now, calendar=outer.calendar, rate=outer.rate, outer=outer
    )


def _key_filter(obj: CompiledObject, query: RelatedQuery, env: Environment) -> dict[str, Any]:
    """Let the database find the key where it is a field; any other key is compared with every record."""
    if not isinstance(query.key, Path) or "." in query.key.name.path:
        return {}
    field, wanted = obj.field(query.key.name.path), query.wanted(env)
    name = field.path if not field.columns[0].references else field.main.attr
    return {name: identity(wanted)}


def _read(obj: CompiledObject, paths: list[ResolvedPath], where: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    names = [name for path in paths for name in column_names(path)]
    found = obj.model._base_manager.filter(deleted_at=None, **where).order_by("-created_at", "-pk")
    for parts in found.values_list("pk", *names)[:MOST_RECORDS]:
        yield dict(zip((path.path for path in paths), values_of(paths, parts[1:]), strict=True))


def _root(
    obj: CompiledObject, paths: list[ResolvedPath], record_id: uuid.UUID | None, lookup: str
) -> Iterator[dict[str, Any]]:
    """Climb a lookup of an object to itself until it is empty; a ring ends where it closes."""
    here = record_id
    seen: set[uuid.UUID] = set()
    column = obj.field(lookup).main.attr
    while here is not None and here not in seen and len(seen) < MOST_LEVELS:
        seen.add(here)
        above = obj.model._base_manager.filter(pk=here, deleted_at=None).values_list(column, flat=True).first()
        if above is None:
            break
        here = above
    yield from _read(obj, paths, {"pk": here}) if here is not None else ()


def column_names(path: ResolvedPath) -> list[str]:
    """Return the columns behind a path in the ORM's spelling, those of the second table included."""
    *before, _last = path.expression.split("__")
    return ["__".join([*before, column.attr]) for column in path.field.columns]


@dataclass(frozen=True)
class _ByIds(Statement):
    """How columns are read by ids; `converters` are the ORM's, by the column's place."""

    converters: Mapping[int, tuple[Sequence[Callable[..., Any]], Any]]


def read_by_ids(obj: CompiledObject, names: Sequence[str], ids: Collection[uuid.UUID]) -> Iterator[list[Any]]:
    """Yield id and columns, named in the ORM's spelling, of the records that there are, deleted ones included."""
    plan: _ByIds = obj.plans.fetch(("records.by_ids", tuple(names)), lambda: _by_ids(obj, names))
    with connection.cursor() as cursor:
        execute_hot(cursor, plan.sql, [Varying(f"{{{','.join(map(str, ids))}}}")], plan.serial)
        rows = cursor.fetchall()
    for row in map(list, rows):
        for place, (converters, expression) in plan.converters.items():
            for convert in converters:
                row[place] = convert(row[place], expression, connection)
        yield row


def _by_ids(obj: CompiledObject, names: Sequence[str]) -> _ByIds:
    found = obj.model._base_manager.filter(OneOfIds(F("pk"), Param("ids", TextField())))
    compiler = found.values_list("pk", *names).query.get_compiler(connection=connection)
    sql, slots = compiler.as_sql()
    assert len(slots) == 1
    return _ByIds(sql, tuple(slots), compiler.get_converters([column[0] for column in compiler.select]))


def values_of(paths: list[ResolvedPath], parts: Any) -> list[Any]:
    """Return the value of each path from the columns of all of them, one after the other."""
    found, start = [], 0
    for path in paths:
        columns = path.field.columns
        if path.field.plain_attr and len(columns) == 1:
            found.append(parts[start])
        else:
            taken = dict(zip((column.suffix for column in columns), parts[start : start + len(columns)], strict=True))
            found.append(path.field.type.from_columns(path.field.spec, taken))
        start += len(columns)
    return found
