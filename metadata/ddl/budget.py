"""Whether an object's record still fits its rows of PostgreSQL: bytes and columns, checked before publishing."""

from __future__ import annotations

from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError, ValidationFailed
from metadata.compiler.spec import ObjectSpec
from metadata.ddl.catalog import TableFacts
from metadata.ddl.layout import MAIN, base_columns, field_columns
from metadata.limits import ROW_BYTES, SECOND_ROW_BYTES, SYSTEM_ROW_BYTES, TABLE_COLUMNS


def row_bytes(spec: ObjectSpec, part: int = MAIN) -> int:
    """Return the bytes that a full record needs inside its row of a table when all long values are moved out."""
    own = SYSTEM_ROW_BYTES if part == MAIN else SECOND_ROW_BYTES
    return own + sum(column.width for _field, column, _name in field_columns(spec, part))


def check_budget(spec: ObjectSpec, part: int, facts: TableFacts | None) -> None:
    """Raise ValidationFailed when the object has outgrown a row's bytes or a table's columns.

    `facts` is the table as it stands (None: not made yet); dropped columns count for ever.
    """
    wanted = [name for _field, _column, name in field_columns(spec, part)]
    existing = facts.columns if facts else {}
    before = facts.columns_ever if facts else len(base_columns(spec, part))
    columns = before + sum(name not in existing for name in wanted)
    if row_bytes(spec, part) > ROW_BYTES or columns > TABLE_COLUMNS:
        message = _("The object is full: a record can't hold another field of this type.")
        raise ValidationFailed([FieldError("type", "quota_exceeded", message, {"bytes": row_bytes(spec, part)})])
