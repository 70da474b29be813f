"""How an object's spec is laid out in PostgreSQL: columns, constraints and indexes, by name and definition."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from crm_platform.kit.sqlnames import column_name, quote, second_table_name, table_name
from metadata.compiler.record_base import system_column
from metadata.compiler.spec import FieldSpec, ObjectSpec, SchemaSpec
from metadata.ddl.operations import AddConstraint, CreateIndex
from metadata.field_types import field_types
from metadata.field_types.base import Column

SYSTEM_COLUMNS = (
    "id uuid PRIMARY KEY",
    "version integer NOT NULL DEFAULT 1",
    "created_at timestamptz NOT NULL DEFAULT now()",
    "created_by_id uuid REFERENCES identity_user (id)",
    "updated_at timestamptz NOT NULL DEFAULT now()",
    "updated_by_id uuid REFERENCES identity_user (id)",
    "owner_id uuid REFERENCES identity_user (id)",
    "owner_department_id uuid REFERENCES identity_department (id)",
    "pool_id uuid",
    "record_type_id uuid",
    "currency varchar(3) NOT NULL",
    "external_id varchar(100)",
    "last_activity_at timestamptz",
    "last_followup_at timestamptz",
    "last_owner_change_at timestamptz",
    "deleted_at timestamptz",
    "deleted_by_id uuid REFERENCES identity_user (id)",
    "deletion_id uuid",
)
MAIN, SECOND = 0, 1  # an object's tables: `FieldSpec.part`
LIVE = "WHERE deleted_at IS NULL"
NEWEST = "created_at DESC, id DESC"
_SPELLINGS = {"timestamptz": "timestamp with time zone", "bigint": "bigint", "bool": "boolean"}


def postgres_type(db_type: str) -> str:
    """Return a type as PostgreSQL's catalog spells it: `varchar(9)` → `character varying(9)`."""
    spelled = _SPELLINGS.get(db_type, db_type)
    return re.sub(r"\s*,\s*", ",", re.sub(r"^varchar", "character varying", spelled))


def part_table(spec: ObjectSpec, part: int) -> str:
    """Return the physical name of one of an object's tables."""
    return second_table_name(spec.id) if part == SECOND else table_name(spec.id)


def parts_of(spec: ObjectSpec) -> tuple[int, ...]:
    """Return the tables that an object needs, the main one first."""
    return (MAIN, SECOND) if any(field.part == SECOND for field in spec.stored_fields) else (MAIN,)


def base_columns(spec: ObjectSpec, part: int) -> tuple[str, ...]:
    """Return the definitions of the columns that a table has before any field's."""
    if part == MAIN:
        return SYSTEM_COLUMNS
    return (f"id uuid PRIMARY KEY REFERENCES {quote(table_name(spec.id))} (id) ON DELETE CASCADE",)


def field_columns(spec: ObjectSpec, part: int) -> Iterator[tuple[FieldSpec, Column, str]]:
    """Yield every column that fields have in one of the object's tables, with its physical name."""
    for field in spec.stored_fields:
        if field.part != part:
            continue
        for column in field_types.get(field.type).columns(field):
            yield field, column, column_name(field.id, column.suffix)


def virtual_names(spec: ObjectSpec) -> Iterator[str]:
    """Yield the physical names of the columns that the object's virtual fields would have, were they stored."""
    for field in spec.business_fields:
        field_type = field_types.get(field.type)
        if field_type.is_virtual(field):
            for column in field_type.behaves_as(field).columns(field):
                yield column_name(field.id, column.suffix)


def column_definition(column: Column, name: str, *, new_table: bool) -> str:
    """Return the definition; NOT NULL without a default is only possible while the table is empty."""
    parts = [quote(name), column.db_type]
    if column.default_sql is not None:
        parts.append(f"DEFAULT {column.default_sql}")
    if column.not_null and (new_table or column.default_sql is not None):
        parts.append("NOT NULL")
    return " ".join(parts)


def constraints(schema: SchemaSpec, spec: ObjectSpec, *, validate: bool) -> Iterator[AddConstraint]:
    """Yield the foreign keys of an object's reference columns, all of which are in the main table."""
    table = table_name(spec.id)
    for _field, column, name in field_columns(spec, MAIN):
        if column.references is not None:
            definition = (
                f"FOREIGN KEY ({quote(name)}) REFERENCES {reference_table(schema, column.references)} (id)"
                f" ON DELETE {column.on_delete}"
            )
            yield AddConstraint(table, f"fk_{name}", definition, validate)


def not_null_check(table: str, name: str) -> AddConstraint:
    """Return the check that keeps new rows of an old table from leaving a mandatory column empty."""
    return AddConstraint(table, f"nn_{name}", f"CHECK ({quote(name)} IS NOT NULL)", False)


def reference_table(schema: SchemaSpec, target: str) -> str:
    shared = {"user": "identity_user", "department": "identity_department"}
    return shared.get(target) or quote(table_name(schema.object_map[target].id))


def indexes(spec: ObjectSpec, part: int) -> Iterator[CreateIndex]:
    """Yield every index that one of an object's tables should have; names are stable, so that a diff is by name."""
    if part == SECOND:
        yield from _second_indexes(spec)
        return
    table = table_name(spec.id)
    yield CreateIndex(table, f"i_{spec.id}_newest", f"({NEWEST}) {LIVE}")
    yield CreateIndex(table, f"i_{spec.id}_owner", f"(owner_id, {NEWEST}) {LIVE}")
    yield CreateIndex(table, f"i_{spec.id}_department", f"(owner_department_id, {NEWEST}) {LIVE}")
    if spec.has_pools:
        yield CreateIndex(table, f"i_{spec.id}_waiting", f"(pool_id, {NEWEST}) {LIVE} AND owner_id IS NULL")
        yield CreateIndex(
            table, f"i_{spec.id}_held", f"(pool_id, last_owner_change_at) {LIVE} AND owner_id IS NOT NULL"
        )
    yield CreateIndex(table, f"i_{spec.id}_deleted", "(deleted_at, deletion_id) WHERE deleted_at IS NOT NULL")
    yield CreateIndex(
        table, f"u_{spec.id}_external_id", f"(external_id) {LIVE} AND external_id IS NOT NULL", unique=True
    )
    for field, column, name in field_columns(spec, MAIN):
        yield from _field_indexes(spec, field, column, name)


def _second_indexes(spec: ObjectSpec) -> Iterator[CreateIndex]:
    """The second table knows neither which records are deleted nor when they were made: its indexes are plain."""
    table = second_table_name(spec.id)
    for field, column, name in field_columns(spec, SECOND):
        if _is_indexed(field, column):
            if column.db_type.endswith("[]"):
                yield CreateIndex(table, f"i_{name}", f"USING gin ({quote(name)})")
            else:
                yield CreateIndex(table, f"i_{name}", f"({quote(name)})")
                if field_types.get(field.type).expression_type == "text" and _is_text(column):
                    yield CreateIndex(table, f"t_{name}", f"USING gin ({quote(name)} gin_trgm_ops)")


def _field_indexes(spec: ObjectSpec, field: FieldSpec, column: Column, name: str) -> Iterator[CreateIndex]:
    table, field_type = table_name(spec.id), field_types.get(field.type)
    if column.suffix == "" and field_type.is_unique(field):
        yield _unique_index(spec, field, column, name)
    if column.references is not None or (field_type.is_reference and column.suffix == ""):
        yield CreateIndex(table, f"i_{name}", f"({quote(name)}) WHERE {quote(name)} IS NOT NULL")
    elif _is_indexed(field, column):
        yield from _value_indexes(table, column, name, has_words=field_type.expression_type == "text")


def _unique_index(spec: ObjectSpec, field: FieldSpec, column: Column, name: str) -> CreateIndex:
    """Return the index of a unique field: text is the same whatever its case, unless the field says otherwise.

    Within a scope, records that are empty in its fields are one group, too. The usual form has the plain name;
    any other carries a mark of its definition, so that a change of the definition is a change of the index.
    """
    is_folded = _is_text(column) and not field.is_case_sensitive
    key = f"lower({quote(name)})" if is_folded else quote(name)
    columns = ", ".join([*(quote(_scope_column(spec, item)) for item in field.unique_scope), key])
    definition = f"({columns}) NULLS NOT DISTINCT {LIVE} AND {quote(name)} IS NOT NULL"
    if not field.unique_scope:
        definition = f"({columns}) {LIVE} AND {quote(name)} IS NOT NULL"
    is_usual = not field.unique_scope and (is_folded or not _is_text(column))
    mark = "" if is_usual else f"__{zlib.crc32(columns.encode()):08x}"
    return CreateIndex(table_name(spec.id), f"u_{name}{mark}", definition, unique=True)


def _scope_column(spec: ObjectSpec, api_name: str) -> str:
    scope = spec.field_map[api_name]
    return system_column(api_name) if scope.is_system else column_name(scope.id)


def _is_indexed(field: FieldSpec, column: Column) -> bool:
    """Tell whether filters on a column are to be fast."""
    is_wanted = field.is_indexed or field_types.get(field.type).is_always_indexed
    return is_wanted and column.is_searched and column.suffix != "_base"


def _value_indexes(table: str, column: Column, name: str, *, has_words: bool) -> Iterator[CreateIndex]:
    """Yield what makes filters on one column fast: an index of the kind that fits it, trigrams for text."""
    if column.db_type.endswith("[]") or column.index in ("gin", "gist"):
        method = "gist" if column.index == "gist" else "gin"
        yield CreateIndex(table, f"i_{name}", f"USING {method} ({quote(name)})")
    elif column.index == "btree":
        yield CreateIndex(table, f"i_{name}", f"({quote(name)}, {NEWEST}) {LIVE}")
    if column.index == "trigram" or (column.index == "btree" and has_words and _is_text(column)):
        yield CreateIndex(table, f"t_{name}", f"USING gin ({quote(name)} gin_trgm_ops) {LIVE}")


def _is_text(column: Column) -> bool:
    return column.db_type == "text" or (column.db_type.startswith("varchar") and not column.db_type.endswith("[]"))
