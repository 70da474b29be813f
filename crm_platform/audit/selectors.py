"""Reading the audit trail."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q

from crm_platform.audit.models import AuditEntry
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import CursorExpired, Forbidden

PERMISSION = "audit.view_entries"
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: those of one user, one action, one day of the reader's calendar, one record; None is any."""

    user_id: uuid.UUID | None = None
    action: str = ""
    day: date | None = None
    record_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    entries: tuple[AuditEntry, ...]
    next_cursor: str | None = None


def entries(actor: Actor, wanted: AuditFilter, cursor: str | None = None, limit: int = PAGE_SIZE) -> AuditPage:
    """Return entries, the newest first; raises Forbidden, and CursorExpired for a cursor that is none."""
    if not actor.has_function(PERMISSION):
        raise Forbidden
    rows = AuditEntry.objects.filter(_condition(actor, wanted)).order_by("-at", "-id")
    if cursor:
        at, number = _position(cursor)
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=number))
    page = list(rows[: limit + 1])
    last = page[limit - 1] if len(page) > limit else None
    return AuditPage(tuple(page[:limit]), f"{last.at.isoformat()}_{last.pk}" if last else None)


def _condition(actor: Actor, wanted: AuditFilter) -> Q:
    condition = Q()
    if wanted.user_id:
        condition &= Q(actor_id=wanted.user_id)
    if wanted.action:
        condition &= Q(action=wanted.action)
    if wanted.record_id:
        condition &= Q(record_id=wanted.record_id)
    if wanted.day and date.min < wanted.day < date.max:
        start = datetime.combine(wanted.day, time.min, actor.zone)
        condition &= Q(at__gte=start, at__lt=datetime.combine(wanted.day + timedelta(days=1), time.min, actor.zone))
    return condition


def _position(cursor: str) -> tuple[datetime, int]:
    at, _separator, number = cursor.rpartition("_")
    try:
        found = datetime.fromisoformat(at)
        key = int(number)
    except ValueError:
        raise CursorExpired from None
    if found.tzinfo is None or not 0 < key < 2**63:
        raise CursorExpired
    return found, key
