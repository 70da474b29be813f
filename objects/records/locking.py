"""Taking hold of existing records: locked in one order, visible, editable, and of the expected version."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, VersionConflict
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.record_base import Record
from objects.access.policy import AccessPolicy
from objects.query.params import SqlText, fill
from objects.records.drafts import Batch, Draft
from objects.records.table import RecordTable

# An update leaves keys alone, so that rows which point here can be added meanwhile; a delete must not.
FOR_UPDATE, FOR_DELETE, FOR_REFERENCE = "FOR NO KEY UPDATE", "FOR UPDATE", "FOR KEY SHARE"

Rows = dict[uuid.UUID, tuple[Any, ...]]


def lock(batch: Batch) -> None:
    """Lock the drafts' records in the order of their ids and load them.

    A record that is deleted or out of the actor's sight is not found; one that may be seen but not changed is
    forbidden; one that has moved on since the caller read it is a conflict.
    """
    _refuse_repeated(batch)
    ids = [draft.id for draft in batch.open if draft.id is not None]
    rows = lock_live(batch.policy, batch.object, batch.table, ids, batch.action, FOR_UPDATE)
    loaded: dict[uuid.UUID, Record] = {}
    for draft in batch.open:
        row = rows.get(draft.id) if draft.id else None
        if row is None:
            draft.refusal = NotFound()
        elif not row[-1]:
            draft.refusal = Forbidden()
        else:
            draft.record = loaded[row[0]] = batch.table.load(row)
            draft.version = draft.record.version + 1
            check_version(draft, draft.record.version)
    batch.table.load_second(loaded)


def lock_live(
    policy: AccessPolicy, obj: CompiledObject, table: RecordTable, ids: Iterable[uuid.UUID], action: str, how: str
) -> Rows:
    """Return the rows that are neither deleted nor out of sight, by id, locked in the order of their ids.

    A row holds the record's columns and, last, whether the actor's reach allows `action` on it.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    may = scope_sql(policy, obj, action)
    seen = scope_sql(policy, obj, "read")
    sql = (
        f"SELECT {table.select}, ({may.text}) FROM {table.name} t"  # noqa: S608 (physical names only)
        f" WHERE t.id = ANY(%s) AND t.deleted_at IS NULL AND ({seen.text}) ORDER BY t.id {how} OF t"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*may.params, wanted, *seen.params])
        return {row[0]: row for row in cursor.fetchall()}


def scope_sql(policy: AccessPolicy, obj: CompiledObject, action: str) -> SqlText:
    """Return the predicate "within the actor's reach for this action" on the alias `t`."""
    scope = policy.scope(obj, action)
    if scope.is_all:
        return SqlText("TRUE", ())
    text, slots = obj.plans.fetch(("records.scope", scope.shape), lambda: scope.template("t"))
    return SqlText(text, tuple(fill(slots, scope.values)))


def check_version(draft: Draft, version: int) -> None:
    """Refuse the draft when the caller has read another version than the present one."""
    if draft.expected_version is not None and draft.expected_version != version:
        draft.refusal = VersionConflict(current_version=version)


def _refuse_repeated(batch: Batch) -> None:
    seen: set[uuid.UUID | None] = set()
    for draft in batch.open:
        if draft.id in seen:
            draft.refusal = StateConflict(_("The same record appears twice."))
        seen.add(draft.id)
