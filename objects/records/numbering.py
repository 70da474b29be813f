"""Numbers for auto-number fields: drawn for a whole batch at once, right before it is written."""

from __future__ import annotations

from typing import cast

from django.db import connection

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.field_types.auto_number import AutoNumberType, render
from objects.records.drafts import Batch

_DRAW = """
    INSERT INTO objects_numbercounter (field_id, value) VALUES (%s, %s)
    ON CONFLICT (field_id) DO UPDATE SET value = objects_numbercounter.value + %s RETURNING value
"""


def number(batch: Batch) -> None:
    """Give every sound draft the next number of each auto-number field, in the order of the batch."""
    drafts = batch.sound
    for field in batch.table.numbered if drafts else ():
        field_type = cast(AutoNumberType, field.type)
        first = draw(batch.object, field, len(drafts))
        day, pattern = batch.context(drafts[0]).today, field_type.pattern(field.spec)
        for offset, draft in enumerate(drafts):
            draft.values[field.name] = render(pattern, first + offset, day)
            draft.columns[field.main.column] = draft.values[field.name]


def draw(obj: CompiledObject, field: CompiledField, count: int) -> int:
    """Take `count` numbers out of the field's counter and return the first; also for writers of volume.

    The counter's row is locked until the transaction ends: there are no gaps, and creations of one object
    take turns from here to their commit.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE objects_numbercounter SET value = value + %s WHERE field_id = %s RETURNING value",
            [count, field.spec.id],
        )
        row = cursor.fetchone()
        if row is None:
            cursor.execute(_DRAW, [field.spec.id, _last_before(obj, field) + count, count])
            row = cursor.fetchone()
        return int(row[0]) - count + 1


def _last_before(obj: CompiledObject, field: CompiledField) -> int:
    """Return the number to count on from: below the first one, plus those that loaded records already have."""
    start = cast(AutoNumberType, field.type).start(field.spec)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count({quote(field.main.column)}) FROM {quote(obj.table)}")  # noqa: S608
        return start - 1 + int(cursor.fetchone()[0])
