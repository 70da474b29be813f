"""Writing to the audit trail, and letting its oldest part go."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from crm_platform.audit.actions import actions
from crm_platform.audit.models import AuditEntry
from crm_platform.events.clock import database_now
from crm_platform.identity import throttle
from crm_platform.identity.journal import Event
from crm_platform.identity.models import OrganizationSettings
from crm_platform.identity.sign_in_history import purge_sign_ins
from crm_platform.jobs.services import JobContext
from crm_platform.kit.context import Actor, client_address

PURGE_BATCH = 5_000
_PURGE = "DELETE FROM audit_auditentry WHERE id IN (SELECT id FROM audit_auditentry WHERE at < %s ORDER BY at LIMIT %s)"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an act was about: an object, one of its records, one field of that."""

    object_name: str = ""
    record_id: uuid.UUID | None = None
    record_name: str = ""
    field_name: str = ""


NOTHING = Subject()


def record_entry(
    actor: Actor, action: str, subject: Subject = NOTHING, details: Mapping[str, Any] | None = None
) -> AuditEntry:
    """Write one entry in the caller's transaction; `action` is a key of `actions`. Details must hold no secret."""
    return AuditEntry.objects.create(
        action=actions.get(action).key,
        actor_id=actor.user_id,
        actor_name=actor.name[:100],
        via=actor.via[:20],
        object_name=subject.object_name[:60],
        record_id=subject.record_id,
        record_name=subject.record_name[:200],
        field_name=subject.field_name[:60],
        address=client_address.get()[:45],
        request_id=actor.request_id[:64],
        details=dict(details or {}),
    )


def note_access_change(actor: Actor, event: Event) -> None:
    """Write a change of who may do what, with all of it from what to what."""
    changes = {name: list(pair) for name, pair in event.changes.items()}
    record_entry(
        actor,
        event.action,
        Subject(record_id=event.id, record_name=event.name),
        {"changes": changes} if changes else {},
    )


def purge_entries(job: JobContext) -> dict[str, int]:
    """Delete what is older than the organisation keeps it, in batches: the one delete that the database lets through.

    Goes for entries and for the history of sign-ins; old counters of failed attempts go along.
    """
    days = OrganizationSettings.objects.values_list("audit_keep_days", flat=True).get()
    deleted, before = 0, database_now() - timedelta(days=days)
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL audit.retention = 'on'")
            cursor.execute(_PURGE, [before, PURGE_BATCH])
            batch = cursor.rowcount
        deleted += batch
        job.progress(deleted)
        if batch < PURGE_BATCH:
            break
        job.check_abort()
    throttle.forget_old()
    return {"deleted": deleted, "sign_ins": purge_sign_ins(lambda count: job.progress(deleted + count))}
