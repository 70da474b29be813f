"""Which of an object's two tables holds a new field: decided once, when the field is made, and kept for life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from crm_platform.kit.frozen import FrozenDict
from crm_platform.kit.sqlnames import table_name
from metadata.compiler.spec import FieldSpec, Labels
from metadata.ddl.layout import MAIN, SECOND, SYSTEM_COLUMNS
from metadata.field_types import field_types
from metadata.field_types.base import INLINE_BYTES, Column
from metadata.limits import (
    KEPT_COLUMNS,
    LONG_TEXT_BYTES,
    SHORT_VALUE_BYTES,
    SYSTEM_ROW_BYTES,
    TABLE_COLUMNS,
    TEXT_BYTES,
)
from metadata.models import BusinessField, BusinessObject

LONG_TYPES = ("text", "jsonb", "bytea")


@dataclass
class _Room:
    """What an object's main table holds already, deleted fields that can be restored included."""

    used: int = SYSTEM_ROW_BYTES
    columns: int = len(SYSTEM_COLUMNS)

    def take(self, columns: Sequence[Column]) -> None:
        self.used += sum(column.width for column in columns)
        self.columns += len(columns)


@dataclass
class Placement:
    """Chooses the table of each new field of one publish."""

    _rooms: dict[int, _Room] = field(default_factory=dict)

    def part_of(self, row: BusinessField) -> int:
        """Return the table for a field that is about to be inserted, and count it there.

        Whatever the database itself must look at stays in the main table: references, unique and indexed
        fields, mandatory columns. Texts give way first, then short values, so that room is left for those.
        """
        columns = columns_of(row)
        room = self._room(row.business_object)
        is_choice = row.type in field_types and field_types.get(row.type).uses_choices
        if must_be_main(row, columns) or _fits(room, columns, is_choice=is_choice):
            room.take(columns)
            return MAIN
        return SECOND

    def _room(self, owner: BusinessObject) -> _Room:
        if owner.pk not in self._rooms:
            room = self._rooms[owner.pk] = _Room()
            for row in owner.fields.filter(part=MAIN):
                room.take(columns_of(row))
            room.columns = max(room.columns, _columns_ever(owner.pk))
        return self._rooms[owner.pk]


def must_be_main(row: BusinessField, columns: Sequence[Column]) -> bool:
    """Tell whether a field can't live in the second table, which has neither references nor unique values."""
    field_type = field_types.get(row.type)
    return (
        row.api_name == row.business_object.name_field
        or row.is_indexed
        or row.is_unique
        or field_type.always_unique
        or field_type.is_always_indexed
        or field_type.is_read_only  # numbers and computed values are written by statements of their own
        or field_type.is_reference
        or any(column.references is not None or column.not_null for column in columns)
    )


def columns_of(row: BusinessField) -> tuple[Column, ...]:
    """Return the columns that a field's row stands for; none when its type is not known any more."""
    if row.type not in field_types:
        return ()
    spec = FieldSpec(row.pk or 0, None, row.api_name, row.type, Labels(), settings=FrozenDict(row.settings))
    return field_types.get(row.type).columns(spec)


def _fits(room: _Room, columns: Sequence[Column], *, is_choice: bool) -> bool:
    most = min((_limit(column, is_choice) for column in columns), default=SHORT_VALUE_BYTES)
    width = sum(column.width for column in columns)
    return room.used + width <= most and room.columns + len(columns) <= TABLE_COLUMNS - KEPT_COLUMNS


def _limit(column: Column, is_choice: bool) -> int:
    if column.db_type in LONG_TYPES:
        return LONG_TEXT_BYTES
    return TEXT_BYTES if column.width >= INLINE_BYTES and not is_choice else SHORT_VALUE_BYTES


def _columns_ever(object_id: int) -> int:
    """Return how many columns the object's table has had, dropped ones included; 0 when there is no table yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0",
            [table_name(object_id)],
        )
        return int(cursor.fetchone()[0])
