"""Whether an object's record still fits one row of PostgreSQL: bytes and columns, checked before publishing."""

from __future__ import annotations

from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError, ValidationFailed
from metadata.compiler.spec import ObjectSpec
from metadata.ddl.catalog import TableFacts
from metadata.ddl.layout import SYSTEM_COLUMNS, field_columns
from metadata.limits import ROW_BYTES, SYSTEM_ROW_BYTES, TABLE_COLUMNS


def row_bytes(spec: ObjectSpec) -> int:
    """Return the bytes that a full record needs inside its row when all long values are moved out of line."""
    return SYSTEM_ROW_BYTES + sum(column.width for _field, column, _name in field_columns(spec))


def check_budget(spec: ObjectSpec, facts: TableFacts | None) -> None:
    """Raise ValidationFailed when the object has outgrown a row's bytes or a table's columns.

    `facts` is the table as it stands (None: not made yet); dropped columns count for ever.
    """
    wanted = [name for _field, _column, name in field_columns(spec)]
    existing = facts.columns if facts else {}
    columns = (facts.columns_ever if facts else len(SYSTEM_COLUMNS)) + sum(name not in existing for name in wanted)
    if row_bytes(spec) > ROW_BYTES or columns > TABLE_COLUMNS:
        message = _("The object is full: a record can't hold another field of this type.")
        raise ValidationFailed([FieldError("type", "quota_exceeded", message, {"bytes": row_bytes(spec)})])
