"""Numbers for auto-number fields: drawn for a whole batch at once, right before it is written.

A *series* is what is counted together: one field, one period, one partition. Without gaps, the series' counter is
a row that stays locked until the records are committed, so that creations take turns. With gaps allowed, it is a
PostgreSQL sequence: nothing is locked, creations go on side by side, and a number whose record is rolled back is lost.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any, cast

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.kit.db import advisory_xact_lock
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.field_types.auto_number import LENGTH, AutoNumberType, render, split
from objects.records.drafts import Batch, Draft

SEPARATOR = "|"
MOST_TAKEN = 1_000  # numbers in a row that people wrote themselves, after which something is wrong
# Counters are locked in the order of their keys, so that two writers can't wait for each other.
_TAKE = """
    WITH wanted AS (
        SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS w (field_id, key, count)
    ), locked AS (
        SELECT c.id FROM objects_numbercounter c JOIN wanted w USING (field_id, key)
        ORDER BY c.field_id, c.key FOR UPDATE OF c
    )
    UPDATE objects_numbercounter c SET value = c.value + w.count FROM wanted w
    WHERE c.id IN (SELECT id FROM locked) AND c.field_id = w.field_id AND c.key = w.key
    RETURNING c.field_id, c.key, c.value
"""
_START = """
    INSERT INTO objects_numbercounter (field_id, key, value) VALUES (%s, %s, %s)
    ON CONFLICT (field_id, key) DO UPDATE SET value = objects_numbercounter.value + %s RETURNING value
"""
_NEXT = "SELECT nextval(to_regclass(%s)) FROM generate_series(1, %s)"


@dataclass(frozen=True)
class Series:
    """What is counted together: a field, and the key of its period and partition ("" for neither)."""

    object: CompiledObject
    field: CompiledField
    day: date
    partition: str = ""

    @property
    def type(self) -> AutoNumberType:
        return cast(AutoNumberType, self.field.type)

    @property
    def key(self) -> str:
        period = self.type.period(self.field.spec, self.day)
        is_divided = period or self.type.partition_field(self.field.spec)
        return f"{period}{SEPARATOR}{self.partition}" if is_divided else ""

    @property
    def sort_key(self) -> tuple[int, str]:
        return self.field.spec.id, self.key

    def text(self, number: int) -> str:
        return render(self.type.pattern(self.field.spec), number, self.day, self.partition)


def number(batch: Batch) -> None:
    """Give every sound draft the next number of each auto-number field, in the order of the batch."""
    drafts, fields = batch.sound, batch.table.numbered
    if not drafts or not fields:
        return
    waiting: dict[tuple[int, str], list[Draft]] = defaultdict(list)
    series: dict[tuple[int, str], Series] = {}
    day = batch.context(drafts[0]).today
    for field in fields:
        for draft in drafts:
            if draft.values.get(field.name) is None:
                found = Series(batch.object, field, day, _partition(field, draft))
                series.setdefault(found.sort_key, found)
                waiting[found.sort_key].append(draft)
    ordered = [series[key] for key in sorted(series)]
    numbers = draw_all({item: len(waiting[item.sort_key]) for item in ordered})
    for item in ordered:
        texts = _free_texts(item, numbers[item])
        for draft, text in zip(waiting[item.sort_key], texts, strict=True):
            _give(draft, item.field, text)


def _partition(field: CompiledField, draft: Draft) -> str:
    """Return the draft's value in the field that the numbers are counted apart for."""
    name = cast(AutoNumberType, field.type).partition_field(field.spec)
    value = draft.values.get(name) if name else None
    return "" if value is None else str(value)


def _give(draft: Draft, field: CompiledField, text: str) -> None:
    if len(text) > LENGTH:
        draft.error(field.name, "too_long", _("At most %(max)d characters.") % {"max": LENGTH}, max=LENGTH)
        return
    draft.values[field.name] = text
    draft.columns[field.main.column] = text


def _free_texts(series: Series, numbers: Sequence[int]) -> list[str]:
    """Return the numbers as texts; where people write numbers, too, those that are taken are passed over."""
    texts = [series.text(item) for item in numbers]
    if not series.type.is_editable(series.field.spec):
        return texts
    free = [text for text in texts if text not in _taken(series, texts)]
    for _attempt in range(MOST_TAKEN):
        lacking = len(numbers) - len(free)
        if not lacking:
            return free
        drawn = [series.text(item) for item in draw_all({series: lacking})[series]]
        free += [text for text in drawn if text not in _taken(series, drawn)]
    return texts  # the unique index has the last word


def _taken(series: Series, texts: Iterable[str]) -> frozenset[str]:
    column = quote(series.field.main.column)
    wanted = {text.lower(): text for text in texts}
    sql = f"SELECT lower({column}) FROM {quote(series.object.table)} WHERE lower({column}) = ANY(%s)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(wanted)])
        return frozenset(wanted[row[0]] for row in cursor.fetchall())


def draw(obj: CompiledObject, field: CompiledField, count: int, day: date | None = None) -> int:
    """Take `count` numbers in a row out of the field's counter and return the first; for writers of volume."""
    series = Series(obj, field, day or timezone.localdate())
    return draw_all({series: count})[series][0]


def draw_all(counts: Mapping[Series, int]) -> dict[Series, list[int]]:
    """Take so many numbers out of each series, which come in the order of their keys."""
    gapless = {item: count for item, count in counts.items() if item.type.is_gapless(item.field.spec)}
    found = _draw_gapless(gapless) if gapless else {}
    for item, count in counts.items():
        if item not in gapless:
            found[item] = _draw_fast(item, count)
    return found


def _draw_gapless(counts: Mapping[Series, int]) -> dict[Series, list[int]]:
    """The counters' rows are locked until the transaction ends: what is rolled back is drawn again."""
    wanted = [(item.field.spec.id, item.key, count) for item, count in counts.items()]
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [list(part) for part in zip(*wanted, strict=True)])
        last = {(field_id, key): value for field_id, key, value in cursor.fetchall()}
        for item, count in counts.items():
            if item.sort_key not in last:
                cursor.execute(_START, [*item.sort_key, _last_before(item) + count, count])
                last[item.sort_key] = cursor.fetchone()[0]
    return {
        item: list(range(last[item.sort_key] - count + 1, last[item.sort_key] + 1)) for item, count in counts.items()
    }


def _draw_fast(series: Series, count: int) -> list[int]:
    name = sequence_name(*series.sort_key)
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [name, count])
        rows = cursor.fetchall()
        if rows[0][0] is None:
            advisory_xact_lock("number series", name)  # so that two writers don't make it at once
            first = _last_before(series) + 1
            cursor.execute(f"CREATE SEQUENCE IF NOT EXISTS {quote(name)} MINVALUE 0 START {int(first)}")
            cursor.execute(_NEXT, [name, count])
            rows = cursor.fetchall()
    return [int(row[0]) for row in rows]


def sequence_name(field_id: int, key: str) -> str:
    """Return the name of the sequence of a series; by the period in it `number_tidying` knows when it is over."""
    period = key.partition(SEPARATOR)[0].replace("-", "") or "all"
    return f"numbers_{field_id}_{period}_{blake2b(key.encode(), digest_size=8).hexdigest()}"


def _last_before(series: Series) -> int:
    """Return the number to count on from: below the first one, and not below those that records have already."""
    column, table = quote(series.field.main.column), quote(series.object.table)
    head, _digits, tail = split(series.type.pattern(series.field.spec), series.day, series.partition)
    start = series.type.start(series.field.spec)
    pattern = f"^{re.escape(head)}(\\d{{1,18}}){re.escape(tail)}$"
    params: list[Any] = [pattern, len(head), head]
    highest = f"SELECT max(substring({column} from %s)::bigint) FROM {table} WHERE left({column}, %s) = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(highest, params)
        last = max(start - 1, int(cursor.fetchone()[0] or 0))
        if not series.key:  # the pattern may have changed, but the count goes on
            cursor.execute(f"SELECT count({column}) FROM {table}")  # noqa: S608
            last = max(last, start - 1 + int(cursor.fetchone()[0]))
    return last
