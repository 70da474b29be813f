"""The test database: built once into a base, copied per process, never flushed.

The base holds the migrated schemas and the organisation `acme`. It is kept between runs and rebuilt when
any source file that could shape it has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.db import connection

from crm_platform.kit.db import lock_key
from crm_platform.tenancy.database import prepare_database
from crm_platform.tenancy.models import Organization
from crm_platform.tenancy.services import create_organization

ROOT = Path(__file__).resolve().parents[2]
SHAPING = ("crm_platform", "metadata", "objects", "workflows", "layouts", "openapi")
SUFFIXES = {".py", ".yaml", ".yml", ".sql"}
ACME_HOST = "acme.localhost"
ACME_PASSWORD = "acme-Passw0rd"


def make_test_database(worker: str) -> str:
    """Create this process's database and point Django at it; returns its name."""
    wanted = f"test_{settings.DATABASES['default']['NAME']}"
    base, own = f"{wanted}_base", wanted if worker == "master" else f"{wanted}_{worker}"
    with _server() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [lock_key("test database", base)])
        fingerprint = _fingerprint()
        if _comment(cursor, base) != fingerprint:
            _recreate(cursor, base)
            _use(base)
            _fill()
            connection.close()
            cursor.execute(f"COMMENT ON DATABASE {_quote(base)} IS %s", [fingerprint])
        _recreate(cursor, own, template=base)
    _use(own)
    return own


def drop_test_database(name: str) -> None:
    """Drop this process's database; the base stays for the next run."""
    connection.close()
    with _server() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {_quote(name)} WITH (FORCE)")


def acme() -> Organization:
    """Return the organisation in which ordinary tests run."""
    return Organization.objects.get(slug="acme")


def _fill() -> None:
    prepare_database()
    create_organization("acme", "Acme 有限公司", [ACME_HOST], admin_password=ACME_PASSWORD)


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for package in SHAPING:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in SUFFIXES and "node_modules" not in path.parts:
                digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _server() -> Iterator[Any]:
    """Yield an autocommit cursor on the server's maintenance database."""
    parameters = {**connection.get_connection_params(), "dbname": "postgres", "options": ""}
    server = psycopg2.connect(**{k: v for k, v in parameters.items() if k not in {"cursor_factory"}})
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            yield cursor
    finally:
        server.close()


def _comment(cursor: Any, name: str) -> str | None:
    cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name])
    row = cursor.fetchone()
    return row[0] if row else None


def _recreate(cursor: Any, name: str, template: str = "template1") -> None:
    cursor.execute(f"DROP DATABASE IF EXISTS {_quote(name)} WITH (FORCE)")
    cursor.execute(f"CREATE DATABASE {_quote(name)} TEMPLATE {_quote(template)}")


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)
