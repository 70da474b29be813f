"""The floor: psycopg2 runs ready SQL, orjson writes the rows. No framework, no login, no checks.

`BARE_STATEMENTS` names a file with the statements that the product compiled for the same requests.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import psycopg2
from psycopg2.extensions import UNICODE
from uuid_utils import uuid7

PLANS: dict[str, Any] = json.loads(Path(os.environ["BARE_STATEMENTS"]).read_text())
AS_TEXT = {1700: UNICODE, 2950: UNICODE}  # numerics and ids
_local = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer `/list`, `/count`, `/get/<id>`, `/create`, `/patch/<id>` and `/bulk`."""
    _slash, name, *rest = environ["PATH_INFO"].split("/")
    body = orjson.dumps(HANDLERS[name](environ, *rest), option=orjson.OPT_UTC_Z)
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _run(sql: str, params: Any) -> list[tuple[Any, ...]]:
    if not hasattr(_local, "connection"):
        options = f"-c search_path={PLANS['schema']},public -c jit=off"
        _local.connection = psycopg2.connect(os.environ["DATABASE_URL"], options=options)
        _local.connection.autocommit = True
    with _local.connection.cursor() as cursor:
        cursor.string_types = AS_TEXT
        cursor.execute(sql, params)
        return cursor.fetchall()  # type: ignore[no-any-return]


def _page(name: str) -> dict[str, Any]:
    plan = PLANS[name]
    rows = _run(plan["sql"], plan["params"])
    return {"data": [dict(zip(plan["columns"], row, strict=False)) for row in rows[:50]]}


def _list(environ: dict[str, Any]) -> Any:
    return _page("list")


def _count(environ: dict[str, Any]) -> Any:
    page = _page("filter")
    page["count"] = _run(PLANS["count"]["sql"], PLANS["count"]["params"])[0][0]
    return page


def _get(environ: dict[str, Any], record_id: str) -> Any:
    plan = PLANS["get"]
    params = [f"{{{record_id}}}" if value == "ID" else value for value in plan["params"]]
    return dict(zip(plan["columns"], _run(plan["sql"], params)[0], strict=False))


def _create(environ: dict[str, Any]) -> Any:
    return {"ids": _insert([_body(environ)])}


def _bulk(environ: dict[str, Any]) -> Any:
    return {"ids": _insert(_body(environ)["records"])}


def _patch(environ: dict[str, Any], record_id: str) -> Any:
    values = _body(environ)
    changes = ", ".join(f"{PLANS['columns'][name]} = %s" for name in values)
    sql = f"UPDATE {PLANS['table']} SET {changes}, version = version + 1 WHERE id = %s RETURNING id"
    return {"ids": [row[0] for row in _run(sql, [*values.values(), record_id])]}


def _insert(rows: list[dict[str, Any]]) -> list[Any]:
    owned = PLANS["owned"]
    names = ["id", *owned, *(PLANS["columns"][name] for name in rows[0])]
    line = f"({', '.join(['%s'] * len(names))})"
    sql = f"INSERT INTO {PLANS['table']} ({', '.join(names)}) VALUES {', '.join([line] * len(rows))} RETURNING id"
    params = [value for row in rows for value in (str(uuid7()), *owned.values(), *row.values())]
    return [row[0] for row in _run(sql, params)]


def _body(environ: dict[str, Any]) -> Any:
    return orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))


HANDLERS = {
    "list": _list,
    "count": _count,
    "get": _get,
    "create": _create,
    "patch": _patch,
    "bulk": _bulk,
}
