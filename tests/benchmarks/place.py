"""Where the benchmark works: a database of its own on the run's server, kept for the next run."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from tests.kit.servers import ensure_servers

ROOT = Path(__file__).resolve().parents[2]
SHAPES = ("metadata/packages/crm", "tests/benchmarks/data.py", "tests/benchmarks/twin_copy.py")


def enter() -> str:
    """Bring up servers, make the benchmark's database the one of DATABASE_URL, set Django up; return its name."""
    ensure_servers()
    url = urlsplit(os.environ["DATABASE_URL"])
    name = f"{url.path.lstrip('/')}_bench"
    os.environ["DATABASE_URL"] = url._replace(path=f"/{name}").geturl()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    import django  # after the environment is set

    django.setup()
    return name


def make_database(name: str, rows: int) -> dict[str, Any] | None:
    """Return what a former run wrote about its data, if that is what we need; else start from an empty database.

    `BENCH_TEMPLATE` names a database with migrated schemas to start from.
    """
    with server() as cursor:
        facts = _facts(cursor, name)
        if facts and facts["rows"] == rows and facts["shape"] == _fingerprint():
            return facts
        template = os.environ.get("BENCH_TEMPLATE", "template1")
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return None


def note_facts(name: str, facts: dict[str, Any]) -> None:
    """Write beside the database what the next run must know of its data."""
    with server() as cursor:
        cursor.execute(f'COMMENT ON DATABASE "{name}" IS %s', [json.dumps({**facts, "shape": _fingerprint()})])


def drop_database(name: str) -> None:
    with server() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def server() -> Iterator[Any]:
    """Yield an autocommit cursor on the server's maintenance database."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _facts(cursor: Any, name: str) -> dict[str, Any] | None:
    cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name])
    row = cursor.fetchone()
    return json.loads(row[0]) if row and row[0] else None


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for shape in SHAPES:
        path = ROOT / shape
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
