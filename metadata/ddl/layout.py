"""How an object's spec is laid out in PostgreSQL: columns, constraints and indexes, by name and definition."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crm_platform.kit.sqlnames import column_name, quote, table_name
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
LIVE = "WHERE deleted_at IS NULL"
NEWEST = "created_at DESC, id DESC"
_SPELLINGS = {"timestamptz": "timestamp with time zone", "bigint": "bigint", "bool": "boolean"}


def postgres_type(db_type: str) -> str:
    """Return a type as PostgreSQL's catalog spells it: `varchar(9)` → `character varying(9)`."""
    spelled = _SPELLINGS.get(db_type, db_type)
    return re.sub(r"\s*,\s*", ",", re.sub(r"^varchar", "character varying", spelled))


def field_columns(spec: ObjectSpec) -> Iterator[tuple[FieldSpec, Column, str]]:
    """Yield every column of the business fields with its physical name."""
    for field in spec.business_fields:
        for column in field_types.get(field.type).columns(field):
            yield field, column, column_name(field.id, column.suffix)


def column_definition(column: Column, name: str, *, new_table: bool) -> str:
    """Return the definition; NOT NULL without a default is only possible while the table is empty."""
    parts = [quote(name), column.db_type]
    if column.default_sql is not None:
        parts.append(f"DEFAULT {column.default_sql}")
    if column.not_null and (new_table or column.default_sql is not None):
        parts.append("NOT NULL")
    return " ".join(parts)


def constraints(schema: SchemaSpec, spec: ObjectSpec, *, validate: bool) -> Iterator[AddConstraint]:
    """Yield the foreign keys of an object's reference columns."""
    table = table_name(spec.id)
    for _field, column, name in field_columns(spec):
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


def indexes(spec: ObjectSpec) -> Iterator[CreateIndex]:
    """Yield every index that an object's table should have; names are stable, so that a diff is by name."""
    table = table_name(spec.id)
    yield CreateIndex(table, f"i_{spec.id}_newest", f"({NEWEST}) {LIVE}")
    yield CreateIndex(table, f"i_{spec.id}_owner", f"(owner_id, {NEWEST}) {LIVE}")
    yield CreateIndex(table, f"i_{spec.id}_department", f"(owner_department_id, {NEWEST}) {LIVE}")
    yield CreateIndex(table, f"i_{spec.id}_deleted", "(deleted_at, deletion_id) WHERE deleted_at IS NOT NULL")
    yield CreateIndex(
        table, f"u_{spec.id}_external_id", f"(external_id) {LIVE} AND external_id IS NOT NULL", unique=True
    )
    for field, column, name in field_columns(spec):
        yield from _field_indexes(table, field, column, name)


def _field_indexes(table: str, field: FieldSpec, column: Column, name: str) -> Iterator[CreateIndex]:
    field_type = field_types.get(field.type)
    if column.suffix == "" and field_type.is_unique(field):
        key = f"lower({quote(name)})" if _is_text(column) else quote(name)
        yield CreateIndex(table, f"u_{name}", f"({key}) {LIVE} AND {quote(name)} IS NOT NULL", unique=True)
    if column.references is not None or (field_type.is_reference and column.suffix == ""):
        yield CreateIndex(table, f"i_{name}", f"({quote(name)}) WHERE {quote(name)} IS NOT NULL")
    elif field.is_indexed and column.is_searched and column.suffix != "_base":
        if column.db_type.endswith("[]"):
            yield CreateIndex(table, f"i_{name}", f"USING gin ({quote(name)})")
        else:
            yield CreateIndex(table, f"i_{name}", f"({quote(name)}, {NEWEST}) {LIVE}")
            if field_type.expression_type == "text" and _is_text(column):
                yield CreateIndex(table, f"t_{name}", f"USING gin ({quote(name)} gin_trgm_ops) {LIVE}")


def _is_text(column: Column) -> bool:
    return column.db_type == "text" or (column.db_type.startswith("varchar") and not column.db_type.endswith("[]"))
