"""Keyset paging: opaque signed cursors, and the predicate that continues after the last row of a page."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.crypto import salted_hmac

from crm_platform.kit import json
from crm_platform.kit.errors import CursorExpired
from crm_platform.tenancy.context import current_schema
from objects.query.ordering import SortTerm
from objects.query.params import FALSE, Slot, SqlText, join_sql

SIGNATURE_BYTES = 16
MAX_LENGTH = 8000

START: tuple[Any, ...] = ()
REST: tuple[Any, ...] = ("rest",)  # the other side of the first key: its empty values, or all that have one


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the sort values of its last row."""

    values: tuple[Any, ...]
    version: int

    @property
    def seek(self) -> tuple[Any, ...]:
        """The shape of the predicate that continues here: which of the values are empty."""
        return ("after", tuple(value is None for value in self.values))


def query_hash(*parts: Any) -> str:
    """Return a short digest of everything that must be the same from page to page."""
    return hashlib.blake2b(json.dumps(parts), digest_size=12).hexdigest()


def encode(position: Position, digest: str) -> str:
    """Return the cursor for a position in the query with this digest, good in this organisation only."""
    payload = json.dumps([position.version, digest, *position.values])
    return base64.urlsafe_b64encode(_sign(payload) + payload).rstrip(b"=").decode()


def decode(cursor: str, digest: str, terms: int) -> Position:
    """Return the position in a cursor; CursorExpired if it was altered or belongs to another query."""
    if not isinstance(cursor, str) or len(cursor) > MAX_LENGTH:
        raise CursorExpired
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raise CursorExpired from None
    signature, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(payload)):
        raise CursorExpired
    version, made_for, *values = json.loads(payload)
    if not hmac.compare_digest(made_for, digest) or len(values) != terms:
        raise CursorExpired
    return Position(tuple(values), version)


def _sign(payload: bytes) -> bytes:
    salt = f"objects.query.cursor:{current_schema()}"
    return salted_hmac(salt, payload, algorithm="sha256").digest()[:SIGNATURE_BYTES]


def needs_rest(first_nullable: bool, first_descending: bool, position: Position) -> bool:
    """Tell whether rows on the other side of the first key's empty values follow those that `seek` finds.

    The two sides are read by two statements, because an index can't serve "greater, or empty" in one go.
    """
    return first_nullable and (position.values[0] is None) == first_descending


def seek_sql(seek: tuple[Any, ...], terms: Sequence[SortTerm]) -> SqlText | None:
    """Return the predicate for the rows after a position, None at the start."""
    if seek == START:
        return None
    first = terms[0]
    if seek == REST:
        return _null_test(first, is_null=not first.descending)
    nulls: tuple[bool, ...] = seek[1]
    if nulls[0]:
        inside = _after(terms, nulls, 1)
        return join_sql(" AND ", [_null_test(first, is_null=True), inside])
    if _is_uniform(terms, nulls, 0):
        return _row_comparison(terms, 0)
    # The redundant bound on the first key is what an index can use.
    bound = _compare(first, "<=" if first.descending else ">=", 0)
    return join_sql(" AND ", [bound, _after(terms, nulls, 0)])


def _after(terms: Sequence[SortTerm], nulls: Sequence[bool], position: int) -> SqlText:
    if _is_uniform(terms, nulls, position):
        return _row_comparison(terms, position)
    term = terms[position]
    beyond = _strictly_after(term, nulls[position], position)
    if position == len(terms) - 1:
        return beyond
    same = _null_test(term, is_null=True) if nulls[position] else _compare(term, "=", position)
    tail = join_sql(" AND ", [same, _after(terms, nulls, position + 1)])
    return SqlText(f"({beyond.text} OR ({tail.text}))", beyond.params + tail.params)


def _strictly_after(term: SortTerm, is_null: bool, position: int) -> SqlText:
    if is_null:
        return _null_test(term, is_null=False) if term.descending else FALSE
    beyond = _compare(term, "<" if term.descending else ">", position)
    if position == 0 or term.descending or not term.nullable:
        return beyond
    empty = _null_test(term, is_null=True)
    return SqlText(f"({beyond.text} OR {empty.text})", beyond.params + empty.params)


def _is_uniform(terms: Sequence[SortTerm], nulls: Sequence[bool], start: int) -> bool:
    """Tell whether one row comparison says it: one direction, and no empty value that it would lose."""
    one_direction = len({term.descending for term in terms[start:]}) == 1
    # The empty values of the first key are read by a statement of their own.
    loses_nulls = any(term.nullable and not term.descending for term in terms[max(start, 1) :])
    return one_direction and not loses_nulls and not any(nulls[start:])


def _row_comparison(terms: Sequence[SortTerm], start: int) -> SqlText:
    left = join_sql(", ", [term.sql for term in terms[start:]])
    slots = tuple(Slot(f"after.{number}") for number in range(start, len(terms)))
    sign = "<" if terms[start].descending else ">"
    return SqlText(f"({left.text}) {sign} ({', '.join(['%s'] * len(slots))})", left.params + slots)


def _compare(term: SortTerm, sign: str, position: int) -> SqlText:
    return SqlText(f"{term.sql.text} {sign} %s", (*term.sql.params, Slot(f"after.{position}")))


def _null_test(term: SortTerm, *, is_null: bool) -> SqlText:
    return SqlText(f"{term.sql.text} IS {'' if is_null else 'NOT '}NULL", term.sql.params)
