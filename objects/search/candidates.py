"""Asks the index: for each object, the records that match best, narrowed to the caller's reach where it can be."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from objects.access.policy import AccessPolicy
from objects.search.terms import SearchText, like_escape

BEST_TITLES = 50  # looked up apart, so that a common word does not drown the record which is called so
POOL = 500  # of all others, so many are ranked at least

_COLUMNS = "e.record_id, e.title, e.pinyin_full, e.pinyin_initials, e.updated_at"
_RANK = """
    CASE WHEN title = %s THEN 0
         WHEN title LIKE %s OR pinyin_initials = %s OR pinyin_full = %s THEN 1
         WHEN title LIKE %s OR pinyin_initials LIKE %s OR pinyin_full LIKE %s THEN 2
         ELSE 3 END
"""


def candidates(
    policy: AccessPolicy, objects: Sequence[CompiledObject], asked: SearchText, limit: int
) -> dict[int, list[uuid.UUID]]:
    """Return up to `limit` record ids by object id, the best first, in one statement.

    What the index says of a record may be a moment old: proposals only.
    """
    found: dict[int, list[uuid.UUID]] = defaultdict(list)
    if not objects:
        return found
    parts, params = [], []
    for obj in objects:
        text, values = _of_object(policy, obj, asked, limit)
        parts.append(text)
        params += values
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        rows = cursor.fetchall()
    for object_id, record_id, *_order in sorted(rows, key=lambda row: (row[2], -row[3].timestamp())):
        found[object_id].append(record_id)
    return found


def _of_object(policy: AccessPolicy, obj: CompiledObject, asked: SearchText, limit: int) -> tuple[str, list[Any]]:
    object_id = obj.spec.id
    terms, term_values = asked.condition("e")
    reach, reach_values = _reach(policy, obj)
    prefix = f"{like_escape(asked.whole)}%"
    pool = max(POOL, limit)
    source = f'FROM objects_searchentry "e" WHERE e.object_id = %s AND {reach} AND'
    if not policy.can_read_field(obj, obj.spec.name_field):
        # Neither what is proposed nor its order may tell somebody of names that he may not read.
        sql = f"""
            (SELECT %s::bigint, record_id, 0 AS place, updated_at
             FROM (SELECT {_COLUMNS} {source} {terms} LIMIT {pool}) found ORDER BY updated_at DESC LIMIT %s)
        """  # noqa: S608 (as below)
        return sql, [object_id, object_id, *reach_values, *term_values, limit]
    sql = f"""
        (SELECT %s::bigint, record_id, {_RANK} AS place, updated_at FROM (
            (SELECT {_COLUMNS} {source} e.title LIKE %s LIMIT {BEST_TITLES})
            UNION
            (SELECT {_COLUMNS} {source} {terms} LIMIT {pool})
        ) found ORDER BY place, updated_at DESC LIMIT %s)
    """  # noqa: S608 (names and numbers of this module; every value is a parameter)
    inside = f"%{prefix}"
    rank = [asked.whole, prefix, asked.whole, asked.whole, inside, prefix, prefix]
    titles = [object_id, *reach_values, prefix]
    others = [object_id, *reach_values, *term_values]
    return sql, [object_id, *rank, *titles, *others, limit]


def _reach(policy: AccessPolicy, obj: CompiledObject) -> tuple[str, Sequence[Any]]:
    """Return the caller's reach, on the record itself: the index knows neither shares nor values."""
    scope = policy.scope(obj)
    if scope.is_all:
        return "TRUE", ()
    sql = scope.sql("t")
    found = f"SELECT 1 FROM {quote(obj.table)} t WHERE t.id = e.record_id AND {sql.text}"  # noqa: S608 (physical names)
    return f"EXISTS ({found})", sql.params
