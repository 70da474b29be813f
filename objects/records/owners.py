"""Giving records to another owner: who may do that, and what ends with the old owner."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import Forbidden
from metadata.field_types.values import Reference
from objects.access.models import RecordShare
from objects.access.reach import TRANSFER
from objects.records.drafts import OWNER, Batch
from objects.records.locking import scope_sql


def chosen_owners(batch: Batch) -> None:
    """Refuse a new record that is made for somebody else, unless its maker may give records away."""
    if batch.policy.can(batch.object.name, TRANSFER):
        return
    for draft in batch.open:
        if OWNER in draft.given and not any(error.field == OWNER for error in draft.errors):
            owner = draft.values.get(OWNER)
            if not (isinstance(owner, Reference) and owner.id == batch.actor.user_id):
                draft.refusal = Forbidden(_("You may not make records of this object for another owner."))


def transfers(batch: Batch) -> None:
    """Refuse a change of owner to who lacks the right, or does not reach the record for that; one query at most.

    Who may, may give a record out of his own reach, too.
    """
    given = [draft for draft in batch.open if OWNER in draft.changes]
    if not given:
        return
    may = batch.policy.can(batch.object.name, TRANSFER)
    reached = _reached(batch, [draft.id for draft in given if draft.id]) if may else frozenset()
    for draft in given:
        if not may:
            draft.refusal = Forbidden(_("You may not give records of this object to another owner."))
        elif draft.id not in reached:
            draft.refusal = Forbidden(_("You may not give this record to another owner."))
        else:
            draft.is_given_away = True


def _reached(batch: Batch, ids: Sequence[uuid.UUID]) -> frozenset[uuid.UUID]:
    if batch.policy.scope(batch.object, TRANSFER).is_all:
        return frozenset(ids)
    may = scope_sql(batch.policy, batch.object, TRANSFER)
    sql = f"SELECT t.id FROM {batch.table.name} t WHERE t.id = ANY(%s) AND ({may.text})"  # noqa: S608 (physical names)
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids), *may.params])
        return frozenset(row[0] for row in cursor.fetchall())


def end_shares(batch: Batch) -> None:
    """Take back the shares that go with the old owner."""
    given = [draft.id for draft in batch.sound if draft.is_given_away and draft.id is not None]
    if given:
        shares = RecordShare.objects.filter(object_id=batch.object.spec.id, record_id__in=given, ends_with_owner=True)
        shares.delete()
