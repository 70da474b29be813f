"""Shares and teams of records that are merged: the survivor is shared with all with whom the losers were."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from metadata.compiler.record_base import Record
from objects.access.models import RecordShare
from objects.merging.moving import Moving

COPIED = ("principal", "source", "team_role", "note", "ends_with_owner")


def inherit_shares(moving: Moving, records: Mapping[uuid.UUID, Record], owner_id: uuid.UUID | None) -> dict[str, Any]:
    """Give the survivor the losers' shares; returns what the undo needs. The losers keep theirs, in the trash.

    Of two shares with the same one, the wider and longer remains. One that goes with the owner is inherited where
    the survivor has the same owner.
    """
    rows = RecordShare.objects.filter(object_id=moving.obj.spec.id)
    own = {(row.principal, row.source): row for row in rows.filter(record_id=moving.survivor)}
    before: dict[str, Any] = {}
    for row in rows.filter(record_id__in=moving.losers).order_by("id"):
        if row.ends_with_owner and records[row.record_id].owner_id != owner_id:
            continue
        known = own.get((row.principal, row.source))
        if known is None:
            own[row.principal, row.source] = copied(row, row.object_id, moving.survivor)
        else:
            _widen(known, row, before)
    made = [row for row in own.values() if row.pk is None]
    RecordShare.objects.bulk_create(made)
    RecordShare.objects.bulk_update([row for row in own.values() if str(row.pk) in before], ["level", "expires_at"])
    return {"made": [row.pk for row in made], "widened": before}


def return_shares(told: Mapping[str, Any]) -> None:
    """Take back from the survivor what `inherit_shares` has given to it."""
    RecordShare.objects.filter(pk__in=told.get("made", ())).delete()
    for key, (level, expires_at) in told.get("widened", {}).items():
        until = parse_datetime(expires_at) if expires_at else None
        RecordShare.objects.filter(pk=int(key)).update(level=level, expires_at=until)


def copied(row: RecordShare, object_id: int, record_id: uuid.UUID) -> RecordShare:
    """Return a share of another record that says the same; not saved."""
    same = {name: getattr(row, name) for name in COPIED}
    return RecordShare(
        **same,
        object_id=object_id,
        record_id=record_id,
        level=row.level,
        expires_at=row.expires_at,
        granted_by_id=row.granted_by_id,
    )


def _widen(known: RecordShare, other: RecordShare, before: dict[str, Any]) -> None:
    level, until = max(known.level, other.level), _later(known.expires_at, other.expires_at)
    if (level, until) == (known.level, known.expires_at):
        return
    if known.pk is not None:
        before.setdefault(str(known.pk), [int(known.level), known.expires_at and known.expires_at.isoformat()])
    known.level, known.expires_at = level, until


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)
