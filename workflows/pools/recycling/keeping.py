"""How owners keep records from returning: by asking for more days, or by putting a few of them under protection."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from crm_platform.events.clock import database_now
from crm_platform.identity.models import User
from crm_platform.jobs.locality import organization_zone
from crm_platform.kit.context import Actor
from crm_platform.kit.db import advisory_xact_lock
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.query.query import RecordQuery
from workflows.pools import notices
from workflows.pools.models import Pool, PoolExtension, RecordProtection
from workflows.pools.recycling.countdown import rule_dates
from workflows.pools.recycling.predicate import clocks_of
from workflows.pools.services.seats import seat

ASKED = gettext_noop("%(name)s asks for %(count)s more days for %(record)s")
GRANTED = gettext_noop("You have more time for %(record)s")
REFUSED = gettext_noop("You have no more time for %(record)s")
REASON = "%(reason)s"
MOST_REASON = 300
State = PoolExtension.State


@dataclass(frozen=True)
class Held:
    """A record of a pool that somebody holds, as the caller sees it."""

    object: CompiledObject
    id: uuid.UUID
    name: str
    owner_id: uuid.UUID
    pool: Pool


def held(actor: Actor, object_name: str, record_id: uuid.UUID) -> Held:
    """Return a record that the caller sees, with its pool; raises NotFound, StateConflict for what nobody holds."""
    query = RecordQuery(actor, object_name)
    record: Any = query.record(record_id)
    pool = Pool.objects.filter(pk=record.pool_id, is_active=True).first() if record.pool_id else None
    if pool is None or record.owner_id is None:
        raise StateConflict(_("The record does not belong to a pool, or waits in it."))
    return Held(current_snapshot().object(object_name), record.pk, str(record), record.owner_id, pool)


# --- more days ------------------------------------------------------------------------------------------------
def ask_extension(actor: Actor, object_name: str, record_id: uuid.UUID, days: int, reason: str) -> PoolExtension:
    """Ask, as the owner of a record, for more days; until there is an answer it does not return.

    Raises NotFound, Forbidden, ValidationFailed, StateConflict while an answer is awaited.
    """
    found = _own(actor, object_name, record_id)
    most = found.pool.extension_days
    if not most:
        raise StateConflict(_("This pool gives no more time."))
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= most:
        raise ValidationFailed.single("days", "out_of_range", _("From 1 to %(max)d days."), max=most)
    text = reason.strip()
    if not text:
        raise ValidationFailed.single("reason", "required", _("This field is required."))
    if len(text) > MOST_REASON:
        raise ValidationFailed.single("reason", "too_long", _("At most %(max)d characters."), max=MOST_REASON)
    about = {"object_id": found.object.spec.id, "record_id": found.id, "owner_id": found.owner_id}
    try:
        with transaction.atomic():
            row = PoolExtension.objects.create(pool=found.pool, days=days, reason=text, **about)
            data = {"name": actor.name, "record": found.name, "count": days, "reason": text}
            people = {person for person in _deciders(found) if person != actor.user_id}
            url = notices.record_url(found.object.name, found.id)
            key = f"pools.extension:{row.pk}"
            notices.tell(people, notices.EXTENSION, title=ASKED, body=REASON, url=url, data=data, dedupe_key=key)
    except IntegrityError as error:
        raise StateConflict(_("You have asked for more time already.")) from error
    return row


def decide_extension(actor: Actor, extension_id: uuid.UUID, *, is_granted: bool) -> PoolExtension:
    """Grant or refuse more days, as an administrator of the pool or the owner's manager.

    Granted days begin when the record would return otherwise. Raises NotFound, StateConflict once it is decided.
    """
    with transaction.atomic():
        row = PoolExtension.objects.select_for_update(of=("self",)).filter(pk=extension_id).first()
        if row is None or not may_decide(actor, row):
            raise NotFound
        if row.state != State.WAITING:
            raise StateConflict(_("The answer has been given already."))
        row.state = State.GRANTED if is_granted else State.REFUSED
        row.decided_by_id, row.decided_at = actor.user_id, database_now()
        row.until = _extended_until(row) if is_granted else None
        row.save(update_fields=["state", "decided_by", "decided_at", "until"])
        name, url = record_of(row)
        title = GRANTED if is_granted else REFUSED
        data = {"record": name, "until": row.until} if row.until else {"record": name}
        key = f"pools.extension.answer:{row.pk}"
        notices.tell([row.owner_id], notices.EXTENSION, title=title, url=url, data=data, dedupe_key=key)
    return row


def may_decide(actor: Actor, row: PoolExtension) -> bool:
    """Tell whether the caller may answer a request."""
    if actor.user_id is not None and User.objects.filter(pk=row.owner_id, manager=actor.user_id).exists():
        return row.owner_id != actor.user_id
    try:
        return seat(actor, row.pool_id).is_admin
    except NotFound:
        return False


def waiting_extension(record_id: uuid.UUID, owner_id: uuid.UUID | None = None) -> PoolExtension | None:
    """Return the request for a record that waits for its answer."""
    found = PoolExtension.objects.filter(record_id=record_id, state=State.WAITING)
    return (found.filter(owner=owner_id) if owner_id else found).order_by("asked_at").first()


def record_of(row: PoolExtension) -> tuple[str, str]:
    """Return the name and the path of the record that a request is about; empty when it is gone."""
    spec = current_snapshot().spec.object_by_id.get(row.object_id)
    if spec is None:
        return "", ""
    obj = current_snapshot().object(spec.api_name)
    record = obj.model._base_manager.filter(pk=row.record_id).first()
    return (str(record) if record else ""), notices.record_url(spec.api_name, row.record_id)


def _extended_until(row: PoolExtension) -> datetime:
    now = database_now()
    obj = current_snapshot().object(current_snapshot().spec.object_by_id[row.object_id].api_name)
    due = rule_dates(obj, [row.record_id], now).get(row.record_id)
    clock = clocks_of(row.pool, now, organization_zone(), owners=[row.owner_id]).of(row.owner_id)
    return clock.due(max(due.at, now) if due else now, row.days)


def _deciders(found: Held) -> set[uuid.UUID]:
    manager = User.objects.filter(pk=found.owner_id).values_list("manager_id", flat=True).first()
    return {*notices.admins_of(found.pool), *([manager] if manager else [])}


# --- protection -----------------------------------------------------------------------------------------------
def protect(actor: Actor, object_name: str, record_id: uuid.UUID, until: datetime | None = None) -> RecordProtection:
    """Put one of the caller's own records out of reach of recycling, as far as his quota in its pool goes.

    Raises NotFound, Forbidden, StateConflict beyond the quota, ValidationFailed for a moment that is over.
    """
    found = _own(actor, object_name, record_id)
    if not found.pool.protected_cap:
        raise StateConflict(_("Records of this pool can't be protected."))
    if until is not None and until <= database_now():
        raise ValidationFailed.single("until", "out_of_range", _("Choose a moment to come."))
    with transaction.atomic():
        advisory_xact_lock("pools.protect", found.pool.pk, found.owner_id)
        others = protected_count(found.pool, found.object, found.owner_id, besides=found.id)
        if others >= found.pool.protected_cap:
            message = _("You protect %(count)d records of this pool already, which is all that you may.")
            raise StateConflict(message % {"count": others})
        about = {"object_id": found.object.spec.id, "owner_id": found.owner_id, "until": until}
        row, _is_new = RecordProtection.objects.update_or_create(record_id=found.id, defaults=about)
    return row


def unprotect(actor: Actor, object_name: str, record_id: uuid.UUID) -> None:
    """End the protection of a record, as its owner or an administrator of its pool; raises NotFound, Forbidden."""
    found = held(actor, object_name, record_id)
    if found.owner_id != actor.user_id:
        seat(actor, found.pool.pk).require_admin()
    RecordProtection.objects.filter(record_id=found.id).delete()


def protected_count(pool: Pool, obj: CompiledObject, owner_id: uuid.UUID, besides: uuid.UUID | None = None) -> int:
    """Return how many records of a pool somebody holds and protects."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM workflows_recordprotection p JOIN {quote(obj.table)} t ON t.id = p.record_id"  # noqa: S608
            " WHERE p.owner_id = %s AND t.owner_id = p.owner_id AND t.pool_id = %s AND t.deleted_at IS NULL"
            " AND (p.until IS NULL OR p.until > clock_timestamp()) AND p.record_id IS DISTINCT FROM %s",
            [owner_id, pool.pk, besides],
        )
        return int(cursor.fetchone()[0])


def protection_of(record_id: uuid.UUID, owner_id: uuid.UUID) -> RecordProtection | None:
    """Return the protection of a record that is in force."""
    row = RecordProtection.objects.filter(record_id=record_id, owner=owner_id).first()
    return row if row and (row.until is None or row.until > database_now()) else None


def _own(actor: Actor, object_name: str, record_id: uuid.UUID) -> Held:
    found = held(actor, object_name, record_id)
    if found.owner_id != actor.user_id:
        raise Forbidden
    return found
