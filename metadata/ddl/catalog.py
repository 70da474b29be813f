"""What the database holds now: the record tables of the current organisation, read from PostgreSQL's catalog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection

from crm_platform.kit.sqlnames import quote
from crm_platform.tenancy.context import current_schema

SMALL_TABLE_ROWS = 10_000  # up to here an index is built in line: a few tens of milliseconds


@dataclass
class TableFacts:
    """One physical table. `columns` maps a name to its type as PostgreSQL spells it."""

    name: str
    columns: dict[str, str] = field(default_factory=dict)
    columns_ever: int = 0  # dropped ones included: they count towards PostgreSQL's limit
    indexes: set[str] = field(default_factory=set)
    invalid_indexes: set[str] = field(default_factory=set)
    constraints: set[str] = field(default_factory=set)
    unvalidated: set[str] = field(default_factory=set)
    guarded: set[str] = field(default_factory=set)  # columns that are kept for writers who know of a successor
    counts_holders: bool = False  # whether triggers count what everybody holds
    is_small: bool = True


def read_tables(names: Iterable[str]) -> dict[str, TableFacts]:
    """Return the facts of those of the named tables that exist in the current schema."""
    names = list(names)
    tables: dict[str, TableFacts] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attisdropped
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
               WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND c.relname = ANY(%s)""",
            [current_schema(), names],
        )
        for table, column, type_name, dropped in cursor.fetchall():
            facts = tables.setdefault(table, TableFacts(table))
            facts.columns_ever += 1
            if not dropped:
                facts.columns[column] = type_name
        _read_indexes(cursor, tables, names)
        _read_constraints(cursor, tables, names)
        _read_triggers(cursor, tables, names)
        for facts in tables.values():
            limited = f"SELECT 1 FROM {quote(facts.name)} LIMIT {SMALL_TABLE_ROWS + 1}"  # noqa: S608 (a physical name)
            cursor.execute(f"SELECT count(*) FROM ({limited}) t")  # noqa: S608
            facts.is_small = cursor.fetchone()[0] <= SMALL_TABLE_ROWS
    return tables


def _read_indexes(cursor, tables: dict[str, TableFacts], names: list[str]) -> None:  # type: ignore[no-untyped-def]
    cursor.execute(
        """SELECT t.relname, i.relname, x.indisvalid FROM pg_index x
           JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
           WHERE t.relnamespace = %s::regnamespace AND t.relname = ANY(%s)""",
        [current_schema(), names],
    )
    for table, index, valid in cursor.fetchall():
        (tables[table].indexes if valid else tables[table].invalid_indexes).add(index)


def _read_constraints(cursor, tables: dict[str, TableFacts], names: list[str]) -> None:  # type: ignore[no-untyped-def]
    cursor.execute(
        """SELECT t.relname, k.conname, k.convalidated FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
           WHERE t.relnamespace = %s::regnamespace AND t.relname = ANY(%s) AND k.contype IN ('f', 'c')""",
        [current_schema(), names],
    )
    for table, name, validated in cursor.fetchall():
        tables[table].constraints.add(name)
        if not validated:
            tables[table].unvalidated.add(name)


def _read_triggers(cursor, tables: dict[str, TableFacts], names: list[str]) -> None:  # type: ignore[no-untyped-def]
    cursor.execute(
        """SELECT t.relname, g.tgname FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
           WHERE t.relnamespace = %s::regnamespace AND t.relname = ANY(%s) AND NOT g.tgisinternal""",
        [current_schema(), names],
    )
    for table, trigger in cursor.fetchall():
        tables[table].counts_holders |= trigger == "h_insert"
        if trigger.startswith("s_c_"):
            tables[table].guarded.add(trigger.removeprefix("s_"))
