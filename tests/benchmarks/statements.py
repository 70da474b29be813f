"""Writes down the SQL that the product runs for the measured requests, for the bare server to run as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg2.extensions import AsIs

from crm_platform.kit import json
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from tests.benchmarks import data
from tests.benchmarks.operations import FIELDS, SORT, STATUS
from tests.benchmarks.twin_copy import SCHEMA, copied


def write(path: Path, schema: str) -> None:
    """Write the statements of the list, the filtered list with its count, and the get."""
    caller = data.actor(data.HEAD)
    query = RecordQuery(caller, "lead")
    listed = query.fields("id", "version", *FIELDS)
    narrowed = listed.where(Condition("status", "eq", STATUS)).order(SORT)
    (wanted,) = query.ids(1)
    found: dict[str, Any] = {
        "schema": schema,
        "list": _page(listed),
        "filter": _page(narrowed),
        "count": _captured(lambda: narrowed.count("capped")),
        "get": _page(query.where_ids([wanted]), limit=1),
        "table": f"{SCHEMA}.lead",
        "columns": {name: name for name in copied("lead").columns.values()},
        "owned": {"owner_id": caller.user_id, "owner_department_id": caller.department_id, "currency": "CNY"},
    }
    found["get"]["params"] = ["ID" if value == f"{{{wanted}}}" else value for value in found["get"]["params"]]
    path.write_bytes(json.dumps(found))


def _page(query: RecordQuery, limit: int = 50) -> dict[str, Any]:
    columns: list[str] = []
    captured = _captured(lambda: columns.extend(query.page(limit).columns))
    return {"columns": columns, **captured}


def _captured(work: Callable[[], Any]) -> dict[str, Any]:
    """Return the last statement that `work` sends; it must be new to the session, which keeps plans of the others."""
    seen: list[dict[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(_portable(sql, params or ()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return seen[-1]


def _portable(sql: str, params: Sequence[Any]) -> dict[str, Any]:
    """Return a statement whose parameters are plain values: what the product sends as SQL becomes part of the text."""
    given = iter(params)
    kept: list[Any] = []

    def place(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return match[0]
        value = next(given)
        if isinstance(value, AsIs):
            return value.getquoted().decode().replace("%", "%%")
        kept.append(value)
        return match[0]

    return {"sql": re.sub(r"%%|%s", place, sql), "params": kept}
