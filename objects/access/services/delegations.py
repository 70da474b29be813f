"""Delegation 代理: for some time somebody reaches what another person owns or has been shared."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.audit.services import record_entry
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.people import visible_people
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from objects.access.models import Delegation

MADE, ENDED = "delegation.created", "delegation.ended"
LONGEST = timedelta(days=180)
NOTE = 300


@dataclass(frozen=True, kw_only=True)
class DelegationInput:
    """Who stands in for whom (None: the caller), from when until when."""

    delegate_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    user_id: uuid.UUID | None = None
    note: str = ""


def delegations(actor: Actor, *, everybodys: bool = False) -> list[Delegation]:
    """Return the delegations that are not over: the caller's own and those to him; all for those who manage users."""
    rows = Delegation.objects.select_related("user", "delegate").filter(ends_at__gt=timezone.now())
    if everybodys:
        if not actor.has_function(MANAGE_USERS):
            raise Forbidden
    else:
        rows = rows.filter(Q(user=actor.user_id) | Q(delegate=actor.user_id))
    return list(rows.order_by("starts_at", "id"))


def get_delegation(actor: Actor, delegation_id: int) -> Delegation:
    """Return one that concerns the caller, or any for those who manage users; raises NotFound."""
    found = Delegation.objects.select_related("user", "delegate").filter(pk=delegation_id).first()
    if found is None or not _concerns(actor, found):
        raise NotFound
    return found


@transaction.atomic
def delegate(actor: Actor, given: DelegationInput) -> Delegation:
    """Let somebody stand in for a person: for oneself, or for anybody by those who manage users."""
    user_id = given.user_id or actor.user_id
    if user_id != actor.user_id and not actor.has_function(MANAGE_USERS):
        raise Forbidden(_("You can only choose who stands in for yourself."))
    user, other = _user(actor, user_id, "user_id"), _user(actor, given.delegate_id, "delegate_id")
    if user.pk == other.pk:
        raise ValidationFailed.single("delegate_id", "invalid_choice", _("Choose somebody else."))
    _check_times(given)
    note = given.note.strip()
    if len(note) > NOTE:
        raise ValidationFailed.single("note", "too_long", _("At most %(max)d characters."), max=NOTE)
    row = Delegation.objects.create(
        user=user,
        delegate=other,
        starts_at=given.starts_at,
        ends_at=given.ends_at,
        note=note,
        created_by_id=actor.user_id,
    )
    record_entry(actor, MADE, details=said(row))
    bump_access_version()
    return row


@transaction.atomic
def end_delegation(actor: Actor, delegation_id: int) -> None:
    """End a delegation now; one that has not begun yet is forgotten. For both people and those who manage users."""
    rows = Delegation.objects.select_related("user", "delegate").select_for_update(of=("self",))
    row, now = rows.filter(pk=delegation_id).first(), timezone.now()
    if row is None or row.ends_at <= now or not _concerns(actor, row):
        raise NotFound
    record_entry(actor, ENDED, details=said(row))
    if row.starts_at < now:
        row.ends_at = now
        row.save(update_fields=["ends_at"])
    else:
        row.delete()
    bump_access_version()


def said(row: Delegation) -> dict[str, Any]:
    """Return what a delegation says, as the audit trail holds it."""
    return {
        "user": row.user.name,
        "user_id": str(row.user_id),
        "delegate": row.delegate.name,
        "delegate_id": str(row.delegate_id),
        "starts_at": row.starts_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
        "note": row.note,
    }


def _concerns(actor: Actor, row: Delegation) -> bool:
    return actor.user_id in (row.user_id, row.delegate_id) or actor.has_function(MANAGE_USERS)


def _user(actor: Actor, user_id: uuid.UUID | None, field: str) -> User:
    """Return a user whom the caller finds among colleagues; raises ValidationFailed."""
    found = User.objects.filter(visible_people(actor), pk=user_id).first() if user_id else None
    if found is None:
        raise ValidationFailed.single(field, "invalid_reference", _("There is no such user."))
    if not found.is_active:
        raise ValidationFailed.single(field, "inactive_reference", _("This entry is no longer active."))
    return found


def _check_times(given: DelegationInput) -> None:
    if given.ends_at <= given.starts_at:
        raise ValidationFailed.single("ends_at", "out_of_range", _("The end is not after the beginning."))
    if given.ends_at <= timezone.now():
        raise ValidationFailed.single("ends_at", "out_of_range", _("This moment has passed already."))
    if given.ends_at - given.starts_at > LONGEST:
        message = _("Nobody is represented for longer than %(max)d days at once.")
        raise ValidationFailed.single("ends_at", "out_of_range", message, max=LONGEST.days)
