"""Gives the twin the same rows in an equal table: the product's columns under the names of the API, same indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from crm_platform.kit.sqlnames import quote
from metadata.compiler.current import current_snapshot
from tests.benchmarks.data import HEAD

SCHEMA = "twin"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
PEOPLE = {
    "department": "SELECT id, name, path FROM {source}.identity_department",
    "user": "SELECT id, username, name, department_id, is_active FROM {source}.identity_user",
    "token": "SELECT '{token}'::text AS key, id AS user_id FROM {source}.identity_user WHERE username = '{head}'",
}

POINTS_AT = {"owner_id": "user", "owner_department_id": "department", "campaign_id": "campaign"}
COUNTED = ("status", "owner_department_id", "owner_id")


@dataclass(frozen=True)
class Copied:
    """A record table of the product and its copy."""

    source: str
    target: str
    columns: dict[str, str]  # API name by physical column


def copy(source_schema: str) -> None:
    """Copy departments, users, campaigns and leads of the current organisation into the schema `twin`."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET maintenance_work_mem = '256MB'")
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
        for name, select in PEOPLE.items():
            filled = select.format(source=source_schema, token=TOKEN, head=HEAD)
            cursor.execute(f"CREATE TABLE {SCHEMA}.{quote(name)} AS {filled}")
        cursor.execute(f"ALTER TABLE {SCHEMA}.token ADD PRIMARY KEY (key)")
        cursor.execute(
            f'ALTER TABLE {SCHEMA}.department ADD PRIMARY KEY (id); ALTER TABLE {SCHEMA}."user" ADD PRIMARY KEY (id)'
        )
        cursor.execute(f"CREATE INDEX ON {SCHEMA}.department (path text_pattern_ops)")
        for name in ("campaign", "lead"):
            _copy_table(cursor, source_schema, copied(name))
        for column, target in POINTS_AT.items():
            cursor.execute(
                f"ALTER TABLE {SCHEMA}.lead ADD FOREIGN KEY ({column}) REFERENCES {SCHEMA}.{quote(target)} (id)"
                " DEFERRABLE INITIALLY DEFERRED"
            )
        cursor.execute("RESET statement_timeout; RESET maintenance_work_mem")
        cursor.execute("ANALYZE")


def index_filter(source_schema: str) -> None:
    """Give both tables the index that the measured filter and its count call for; without it a count reads rows."""
    table = copied("lead")
    physical = {name: column for column, name in table.columns.items()}
    sides = ((f"{source_schema}.{quote(table.source)}", physical), (f"{SCHEMA}.lead", {}))
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for qualified, names in sides:
            columns = ", ".join(quote(names.get(name, name)) for name in COUNTED)
            cursor.execute(
                f"CREATE INDEX IF NOT EXISTS bench_filter ON {qualified} ({columns}) WHERE deleted_at IS NULL"
            )
            cursor.execute(f"VACUUM ANALYZE {qualified}")
        cursor.execute("RESET statement_timeout")


def copied(object_name: str) -> Copied:
    """Return how an object's table and its copy are called."""
    obj = current_snapshot().object(object_name)
    columns = {column.column: field.name + column.suffix for field in obj for column in field.columns}
    return Copied(obj.table, object_name, columns)


def _copy_table(cursor: Any, schema: str, table: Copied) -> None:
    source, target = f"{schema}.{quote(table.source)}", f"{SCHEMA}.{quote(table.target)}"
    cursor.execute(f"CREATE TABLE {target} (LIKE {source} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)")
    cursor.execute("SELECT reloptions FROM pg_class WHERE oid = %s::regclass", [source])
    options = cursor.fetchone()[0]
    if options:
        cursor.execute(f"ALTER TABLE {target} SET ({', '.join(options)})")
    cursor.execute(f"INSERT INTO {target} SELECT * FROM {source} ORDER BY created_at")
    cursor.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND tablename = %s", [schema, table.source])
    for (definition,) in cursor.fetchall():
        _name, _on, rest = definition.partition(" USING ")
        kind = "UNIQUE INDEX" if definition.startswith("CREATE UNIQUE") else "INDEX"
        cursor.execute(f"CREATE {kind} ON {target} USING {rest}")
    for physical, name in table.columns.items():
        if physical != name:
            cursor.execute(f"ALTER TABLE {target} RENAME COLUMN {quote(physical)} TO {quote(name)}")
    cursor.execute(f"ALTER TABLE {target} ALTER COLUMN id SET NOT NULL")
