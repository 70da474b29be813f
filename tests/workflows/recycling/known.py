"""Random accounts with all that rules of recycling may ask about them, in the database and as plain values."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from crm_platform.kit.context import system_actor
from metadata.compiler.current import current_snapshot
from objects.records.service import Consent, RecordService
from tests.objects.world import World
from tests.workflows.recycling.reference import Known
from workflows.assignment.models import Absence
from workflows.pools.models import Pool, PoolExtension, RecordProtection

NOW = datetime(2026, 10, 12, 3, 30, tzinfo=UTC)  # soon after the longest holiday of the year
TYPES, LEVELS = ("prospect", "customer", "lost"), ("strategic", "normal", "small", None)
AWAY = {  # of owners: the first, long ago, moves what is asked of the second back
    "rep": [],
    "south": [
        (NOW - timedelta(days=23, hours=20), NOW - timedelta(days=21)),
        (NOW - timedelta(days=13, hours=5), NOW - timedelta(days=12, hours=21)),  # half a day
        (NOW - timedelta(days=18), NOW - timedelta(days=11)),
        (NOW + timedelta(days=1), NOW + timedelta(days=4)),
    ],
    "city": [(NOW - timedelta(days=3), NOW + timedelta(days=900))],
}
METHODS, TEXTS = ("phone", "visit", "wechat"), ("好", "客户要求下周三前给出报价方案", " 谈了  ")


def ago(dice: random.Random, days: float = 40) -> datetime:
    return NOW - timedelta(minutes=dice.randrange(int(days * 24 * 60)))


def drawn(dice: random.Random) -> Known:
    """Return what is known of one random account."""
    since = ago(dice)
    known = Known(since, dice.choice(list(AWAY)), ago(dice) if dice.random() < 0.6 else None)
    known.values = {"type": dice.choice(TYPES), "level": dice.choice(LEVELS)}
    if dice.random() < 0.6:
        known.follow_ups = [
            (ago(dice) + timedelta(days=2), dice.choice(METHODS), dice.choice(TEXTS), dice.random() < 0.2)
            for _number in range(dice.randrange(1, 3))
        ]
    known.progress = [ago(dice) for _number in range(dice.choice((0, 0, 1, 2)))]
    if dice.random() < 0.4:
        known.deals = [(dice.choice(("won", "lost", "proposal")), ago(dice).date())]
    for _number in range(dice.choice((0, 1, 1, 2))):
        end = None if dice.random() < 0.15 else (ago(dice, 60) + timedelta(days=10)).date()
        known.contracts.append((dice.choice(("draft", "active", "completed")), end))
    if dice.random() < 0.15:
        known.protected_until = dice.choice((None, NOW + timedelta(hours=1), NOW - timedelta(hours=1)))
    if dice.random() < 0.15:
        known.extension = dice.choice(
            (("waiting", None), ("refused", None), ("granted", NOW + timedelta(1)), ("granted", NOW - timedelta(1)))
        )
    return known


def stored(crm: World, pool: Pool, found: list[Known]) -> list[uuid.UUID]:
    """Write the accounts, held by representatives and belonging to the pool; returns their ids."""
    actor = crm.actor("boss")
    Absence.objects.bulk_create(
        Absence(user=crm.users[owner], starts_at=start, ends_at=end)
        for owner, spans in AWAY.items()
        for start, end in spans
    )
    service = RecordService(actor, consent=Consent(duplicates=True, warnings=True))
    rows = [
        {"name": f"{uuid.uuid4().hex[:12]}公司", "owner_id": str(crm.users[known.owner].pk), **known.values}
        for known in found
    ]
    ids = [_id(result) for result in service.bulk_create("account", rows, all_or_none=False)]
    _related(service, dict(zip(ids, found, strict=True)))
    for record_id, known in zip(ids, found, strict=True):
        _beside(crm, pool, record_id, known)
    return ids


def _id(result: Any) -> uuid.UUID:
    assert result.id is not None, result.errors
    return uuid.UUID(str(result.id))


def _related(service: RecordService, by_id: dict[uuid.UUID, Known]) -> None:
    follow_ups, deals, contracts, deleted = [], [], [], []
    for record_id, known in by_id.items():
        for at, method, text, is_deleted in known.follow_ups:
            about = {"object": "account", "id": str(record_id)}
            values = {"related_id": about, "method": method, "content": text.strip(), "followed_up_at": at.isoformat()}
            follow_ups.append({"name": "跟进", **values})
            deleted.append(is_deleted)
        for stage, day in known.deals:
            values = {"account_id": str(record_id), "stage": stage, "closed_on": day and day.isoformat()}
            deals.append({"name": "商机", "close_date": "2026-12-31", "amount": "1", **values})
        for status, end in known.contracts:
            values = {"account_id": str(record_id), "status": status, "ends_on": end and end.isoformat()}
            contracts.append({"name": "合同", "amount": "1", **values})
    made = [_id(result) for result in service.bulk_create("follow_up", follow_ups, all_or_none=False)]
    for name, rows in (("opportunity", deals), ("contract", contracts)):
        for result in service.bulk_create(name, rows, all_or_none=False):
            _id(result)
    gone = [str(record_id) for record_id, is_deleted in zip(made, deleted, strict=True) if is_deleted]
    _execute(f"UPDATE {_table('follow_up')} SET deleted_at = now() WHERE id = ANY(%s::uuid[])", gone)


def _beside(crm: World, pool: Pool, record_id: uuid.UUID, known: Known) -> None:
    """Set the moments that the platform keeps, and what stands beside the record."""
    obj, owner = current_snapshot().object("account"), crm.users[known.owner]
    _execute(
        f"UPDATE {obj.table} SET pool_id = %s, last_owner_change_at = %s, last_followup_at = %s WHERE id = %s",
        *(pool.pk, known.owned_since, known.followed_at, record_id),
    )
    field = obj.field("type").spec.id
    for number, at in enumerate(known.progress, start=100):
        _execute(
            "INSERT INTO objects_recordchange (object_id, record_id, version, action, at, actor_name, via, request_id,"
            " changes) VALUES (%s, %s, %s, 'updated', %s, '', 'api', '', jsonb_build_object(%s, '{}'::jsonb))",
            *(obj.spec.id, record_id, number, at, str(field)),
        )
    about = {"object_id": obj.spec.id, "record_id": record_id, "owner": owner}
    if known.protected_until != "":
        RecordProtection.objects.create(until=known.protected_until, **about)
    if known.extension is not None:
        state, until = known.extension
        PoolExtension.objects.create(pool=pool, days=1, reason="再谈一次", state=state, until=until, **about)


def _table(name: str) -> str:
    return current_snapshot().object(name).table


def _execute(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


__all__ = ["NOW", "drawn", "stored", "system_actor"]
