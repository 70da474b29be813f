"""Manual shares: one record opened to somebody, for a time or until it is taken back. They count at once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from objects.access.models import Level, RecordShare
from objects.access.naming import existing
from objects.access.services.holding import Held, hold
from objects.access.services.sharing_rules import differences, refuse_unknown
from objects.access.services.telling import SHARED, tell
from objects.records.unit import run_unit

ADDED, CHANGED, REMOVED = "record.shared", "record.share_changed", "record.unshared"
MANUAL = RecordShare.Source.MANUAL
NOTE = 300


@dataclass(frozen=True, kw_only=True)
class ShareInput:
    """With whom a record is shared, how far, and until when; `ends_with_owner`: it goes with the present owner."""

    principal: str
    level: int = Level.READ
    expires_at: datetime | None = None
    note: str = ""
    ends_with_owner: bool = False


CHANGEABLE = tuple(item.name for item in fields(ShareInput) if item.name != "principal")


def shares(actor: Actor, object_name: str, record_id: uuid.UUID) -> list[RecordShare]:
    """Return the manual shares of a record that are in force, for those who may share it themselves."""
    held = hold(actor, object_name, record_id, is_locked=False)
    held.require_share()
    return shares_of(held)


def shares_of(held: Held) -> list[RecordShare]:
    """Return the manual shares in force of a record that the caller has in hand."""
    in_force = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return list(_all(held).filter(in_force).order_by("id"))


def add_share(actor: Actor, object_name: str, record_id: uuid.UUID, given: ShareInput) -> RecordShare:
    """Share a record. Raises NotFound, Forbidden, and ValidationFailed, also when it is shared with him already."""

    def work() -> RecordShare:
        held = hold(actor, object_name, record_id)
        held.require_share()
        principal = str(existing(given.principal, "principal", chooser=actor))
        known = _all(held).filter(principal=principal).first()
        if known is not None and not is_over(known):
            raise ValidationFailed.single("principal", "not_unique", _("The record is shared with them already."))
        if known is not None:
            known.delete()  # its time is over, and the daily job has not been here yet
        held.refuse_if_full()
        row = RecordShare(object_id=held.obj.spec.id, record_id=held.id, principal=principal, source=MANUAL)
        row.granted_by_id = actor.user_id
        for name in CHANGEABLE:
            setattr(row, name, getattr(given, name))
        _clean(row)
        row.save(force_insert=True)
        held.note(actor, ADDED, {"after": said(row)})
        tell(actor, held, row, SHARED)
        return row

    return run_unit(work)


def change_share(
    actor: Actor, object_name: str, record_id: uuid.UUID, share_id: int, changes: Mapping[str, Any]
) -> RecordShare:
    """Change level, end, reason or the tie to the owner of a manual share."""

    def work() -> RecordShare:
        held = hold(actor, object_name, record_id)
        held.require_share()
        refuse_unknown(changes, CHANGEABLE)
        row = _get(held, share_id)
        before = said(row)
        for name, value in changes.items():
            setattr(row, name, value)
        _clean(row, is_moved="expires_at" in changes)
        after = said(row)
        if after != before:
            row.save()
            held.note(actor, CHANGED, {"principal": row.principal, **differences(before, after)})
        return row

    return run_unit(work)


def remove_share(actor: Actor, object_name: str, record_id: uuid.UUID, share_id: int) -> None:
    """Take a manual share back."""

    def work() -> None:
        held = hold(actor, object_name, record_id)
        held.require_share()
        row = _get(held, share_id)
        held.note(actor, REMOVED, {"before": said(row)})
        row.delete()

    run_unit(work)


def is_over(row: RecordShare) -> bool:
    """Tell whether the time of a share is over."""
    return row.expires_at is not None and row.expires_at <= timezone.now()


def said(row: RecordShare) -> dict[str, Any]:
    """Return what a share says, as the audit trail and the API hold it."""
    return {
        "principal": row.principal,
        "level": int(row.level),
        "expires_at": row.expires_at and row.expires_at.isoformat(),
        "note": row.note,
        "ends_with_owner": row.ends_with_owner,
    }


def _all(held: Held) -> Any:
    return RecordShare.objects.filter(object_id=held.obj.spec.id, record_id=held.id, source=MANUAL)


def _get(held: Held, share_id: int) -> RecordShare:
    found: RecordShare | None = _all(held).filter(pk=share_id).first()
    if found is None:
        raise NotFound
    return found


def _clean(row: RecordShare, *, is_moved: bool = True) -> None:
    if row.level not in Level.values:
        raise ValidationFailed.single("level", "invalid_choice", _("Unknown level."))
    row.note = row.note.strip()
    if len(row.note) > NOTE:
        raise ValidationFailed.single("note", "too_long", _("At most %(max)d characters."), max=NOTE)
    if is_moved and is_over(row):
        raise ValidationFailed.single("expires_at", "out_of_range", _("This moment has passed already."))
