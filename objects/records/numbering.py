"""Numbers for auto-number fields: drawn for a whole batch at once, right before it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.db import connection

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.field_types.auto_number import AutoNumberType, render
from objects.records.drafts import Batch

# Counters are locked in the order of their fields, so that two writers can't wait for each other.
_TAKE = """
    UPDATE objects_numbercounter SET value = value + %s WHERE field_id IN (
        SELECT field_id FROM objects_numbercounter WHERE field_id = ANY(%s) ORDER BY field_id FOR UPDATE
    ) RETURNING field_id, value
"""
_START = """
    INSERT INTO objects_numbercounter (field_id, value) VALUES (%s, %s)
    ON CONFLICT (field_id) DO UPDATE SET value = objects_numbercounter.value + %s RETURNING value
"""


def number(batch: Batch) -> None:
    """Give every sound draft the next number of each auto-number field, in the order of the batch."""
    drafts, fields = batch.sound, batch.table.numbered
    if not drafts or not fields:
        return
    day = batch.context(drafts[0]).today
    for field, first in draw_each(batch.object, fields, len(drafts)):
        pattern = cast(AutoNumberType, field.type).pattern(field.spec)
        for offset, draft in enumerate(drafts):
            draft.values[field.name] = render(pattern, first + offset, day)
            draft.columns[field.main.column] = draft.values[field.name]


def draw(obj: CompiledObject, field: CompiledField, count: int) -> int:
    """Take `count` numbers out of the field's counter and return the first; also for writers of volume."""
    return draw_each(obj, [field], count)[0][1]


def draw_each(obj: CompiledObject, fields: Sequence[CompiledField], count: int) -> list[tuple[CompiledField, int]]:
    """Take `count` numbers out of the counter of each field, and return the first of each.

    The counters' rows are locked until the transaction ends: there are no gaps, and creations of one object
    take turns from here to their commit.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [count, [field.spec.id for field in fields]])
        last = dict(cursor.fetchall())
        for field in fields:
            if field.spec.id not in last:
                cursor.execute(_START, [field.spec.id, _last_before(obj, field) + count, count])
                last[field.spec.id] = cursor.fetchone()[0]
    return [(field, int(last[field.spec.id]) - count + 1) for field in fields]


def _last_before(obj: CompiledObject, field: CompiledField) -> int:
    """Return the number to count on from: below the first one, plus those that loaded records already have."""
    start = cast(AutoNumberType, field.type).start(field.spec)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count({quote(field.main.column)}) FROM {quote(obj.table)}")  # noqa: S608
        return start - 1 + int(cursor.fetchone()[0])
