"""Settling what a pool demands of the owners of its records. Audited."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.audit.services import Subject, record_entry
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed, VersionConflict
from metadata.compiler.current import current_snapshot
from workflows.pools.services.inputs import tree_errors
from workflows.pools.services.settings import get_pool
from workflows.sla.models import SlaPolicy

CHANGED = "sla.changed"
LONGEST = 525_600  # minutes: a year
NAMES = ("first_response", "next_response", "in_hours", "condition", "notifies_manager", "is_active")


def policy_of(actor: Actor, pool_id: uuid.UUID) -> SlaPolicy:
    """Return what a pool demands, as yet unsaved where it demands nothing; for who settles pools."""
    pool = get_pool(actor, pool_id)
    return SlaPolicy.objects.filter(pool=pool).first() or SlaPolicy(pool=pool, is_active=False, version=0)


@transaction.atomic
def save_policy(
    actor: Actor, pool_id: uuid.UUID, changes: Mapping[str, Any], expected_version: int | None = None
) -> SlaPolicy:
    """Change what a pool demands; clocks that run already go on as they are.

    What a pool demands for the first time is in force unless it says otherwise. Raises VersionConflict,
    ValidationFailed.
    """
    pool = get_pool(actor, pool_id)
    row = SlaPolicy.objects.select_for_update().filter(pool=pool).first() or SlaPolicy(pool=pool, version=0)
    if expected_version is not None and row.version != expected_version:
        raise VersionConflict(current_version=row.version)
    before = said(row) if row.version else {}
    for name in NAMES:
        if name in changes:
            setattr(row, name, changes[name])
    errors = [_out_of_range(name) for name in NAMES[:2] if not 0 <= getattr(row, name) <= LONGEST]
    obj = current_snapshot().object(pool.business_object.api_name)
    errors += tree_errors(actor, obj, row.condition, "condition")
    if row.next_response and not row.first_response:
        errors.append(FieldError("first_response", "required", _("Say how soon the first follow-up is due.")))
    if errors:
        raise ValidationFailed(errors)
    row.version += 1
    row.save()
    record_entry(actor, CHANGED, Subject("pool", pool.pk, pool.label), {"before": before, "after": said(row)})
    return row


def said(row: SlaPolicy) -> dict[str, Any]:
    """Return what a pool demands, as the audit trail and the Open API tell it."""
    return {name: getattr(row, name) for name in NAMES}


def _out_of_range(name: str) -> FieldError:
    message = _("Enter a number between %(min)s and %(max)s.")
    return FieldError(name, "out_of_range", message, {"min": 0, "max": LONGEST})
