"""Reading the history of sign-ins, and letting its oldest part go."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from crm_platform.identity.functions import MANAGE_USERS, VIEW_AUDIT
from crm_platform.identity.models import OrganizationSettings
from crm_platform.identity.sign_in_models import SignInRecord
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import CursorExpired, Forbidden

PAGE_SIZE = 50
PURGE_BATCH = 5_000
_PURGE = (
    "DELETE FROM identity_signinrecord WHERE id IN"
    " (SELECT id FROM identity_signinrecord WHERE at < %s ORDER BY at LIMIT %s)"
)


@dataclass(frozen=True, slots=True)
class SignInPage:
    records: tuple[SignInRecord, ...]
    next_cursor: str | None = None


def sign_ins_of(actor: Actor, user_id: uuid.UUID, limit: int) -> list[SignInRecord]:
    """Return the newest sign-ins of one user: one's own, or anybody's for who manages users or sees the audit trail."""
    if user_id != actor.user_id and not (actor.has_function(MANAGE_USERS) or actor.has_function(VIEW_AUDIT)):
        raise Forbidden
    return list(SignInRecord.objects.filter(user_id=user_id).order_by("-at", "-id")[:limit])


def sign_ins(actor: Actor, wanted: dict[str, Any], cursor: str | None = None, limit: int = PAGE_SIZE) -> SignInPage:
    """Return everybody's sign-ins, the newest first; `wanted` may hold user, outcome and address.

    Raises Forbidden, and CursorExpired for a cursor that is none.
    """
    if not actor.has_function(VIEW_AUDIT):
        raise Forbidden
    rows = SignInRecord.objects.select_related("user").order_by("-at", "-id")
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    if cursor:
        at, number = _position(cursor)
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=number))
    page = list(rows[: limit + 1])
    last = page[limit - 1] if len(page) > limit else None
    return SignInPage(tuple(page[:limit]), f"{last.at.isoformat()}_{last.pk}" if last else None)


def purge_sign_ins(after_batch: Callable[[int], None]) -> int:
    """Delete what is older than the organisation keeps it, in batches; calls `after_batch` with the number so far."""
    days = OrganizationSettings.objects.values_list("sign_in_keep_days", flat=True).get()
    deleted, before = 0, timezone.now() - timedelta(days=days)
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL audit.retention = 'on'")
            cursor.execute(_PURGE, [before, PURGE_BATCH])
            batch = cursor.rowcount
        deleted += batch
        after_batch(deleted)
        if batch < PURGE_BATCH:
            return deleted


def _position(cursor: str) -> tuple[datetime, int]:
    at, _separator, number = cursor.rpartition("_")
    try:
        found, key = datetime.fromisoformat(at), int(number)
    except ValueError:
        raise CursorExpired from None
    if found.tzinfo is None or not 0 < key < 2**63:
        raise CursorExpired
    return found, key
