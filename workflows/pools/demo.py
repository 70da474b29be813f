"""The demo's pools: what has been neglected for long waits for somebody else, and some leads were given back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from crm_platform.kit.context import Actor
from metadata.compiler.current import current_snapshot
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.drafts import Movement
from objects.records.ownership import Holder, Move
from objects.records.service import RecordService
from workflows.pools.models import Pool, PoolMovement
from workflows.pools.rules import pool_rules

Kind = PoolMovement.Kind
GIVEN_BACK = 12
# By object: the values of a field that are still open, the days without a follow-up, and the part that waits at most.
NEGLECTED = {"lead": ("status", ["new", "working"], 30, 0.14), "account": ("type", ["prospect"], 90, 0.08)}


def fill_pools(actor: Actor, now: datetime) -> None:
    """Let neglected leads and accounts wait in the first pool of their object, and some of the newest leads."""
    for name, (field, values, days, part) in NEGLECTED.items():
        pool = next(iter(pool_rules(actor).active(current_snapshot().object(name).spec.id)), None)
        if pool is None:
            continue
        rule = pool.recycle_rules.order_by("group", "position").first()
        ids = _neglected(name, field, values, now - timedelta(days=days), part)
        _put(actor, pool, ids, Movement(Kind.RECYCLE, rule_id=rule.pk if rule else None))
        if name == "lead":
            newest = RecordQuery(actor, name).where(Condition("status", "eq", "new")).order("-created_at")
            held = newest.where(Condition("owner_id", "nempty")).ids(GIVEN_BACK)
            _put(actor, pool, held, Movement(Kind.RELEASE, reason=pool.reasons[-2] if len(pool.reasons) > 1 else ""))


def _neglected(name: str, field: str, values: list[str], since: datetime, part: float) -> list[uuid.UUID]:
    obj = current_snapshot().object(name)
    rows = obj.model._base_manager.filter(owner__isnull=False, last_owner_change_at__lt=since)
    rows = rows.filter(**{f"{obj.field(field).attr}__in": values})
    rows = rows.filter(Q(last_followup_at=None) | Q(last_followup_at__lt=since)).order_by("created_at", "id")
    return list(rows.values_list("pk", flat=True)[: int(obj.model._base_manager.count() * part)])


def _put(actor: Actor, pool: Pool, ids: Sequence[uuid.UUID], movement: Movement) -> None:
    moves = [Move(item, Holder(None, pool.pk)) for item in ids]
    RecordService(actor).move(pool.business_object.api_name, moves, movement)
