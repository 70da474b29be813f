"""Reminders before records return: one notice a day to an owner for each of the pool's marks, and to his manager."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from crm_platform.events.clock import database_now
from crm_platform.identity.models import User
from crm_platform.jobs.services import JobContext
from crm_platform.kit.db import advisory_xact_lock
from metadata.compiler.current import current_snapshot
from workflows.pools import notices
from workflows.pools.models import Pool, PoolReminder
from workflows.pools.recycling.countdown import DueDate, due_dates
from workflows.pools.recycling.finding import Place, due_places
from workflows.pools.recycling.predicate import BrokenRules, due_plan
from workflows.pools.recycling.preview import names_of
from workflows.pools.recycling.running import recycling_pools

REMIND = "pools.remind"
CHUNK = 500
KEPT = timedelta(days=90)
SOON = gettext_noop("%(count)s of your records return to %(pool)s within %(days)s days")
SOON_OF_OTHERS = gettext_noop("%(count)s records of %(name)s return to %(pool)s within %(days)s days")

NAMES = "%(names)s"


@dataclass(frozen=True)
class Reminded:
    """What one owner is told at one mark."""

    owner_id: uuid.UUID
    mark: int
    rows: Sequence[PoolReminder]


def remind(context: JobContext) -> dict[str, int]:
    """Tell owners (and their managers, where the pool says so) of what returns soon. May be run again at any point."""
    told = 0
    now = context.now
    for pool in recycling_pools():
        if not pool.reminder_days:
            continue
        try:
            note_due(pool, now)
        except BrokenRules:
            continue  # the run itself tells the administrators
        told += tell(pool, now)
        context.progress(told)
    PoolReminder.objects.filter(at__lt=now - KEPT).delete()
    return {"reminders": told}


def note_due(pool: Pool, now: datetime) -> None:
    """Write down which records of a pool return within its marks and have not been reminded of at that mark."""
    marks = sorted(set(pool.reminder_days))
    soon = due_plan(pool, now + timedelta(days=marks[-1]))
    place: Place | None = None
    while places := due_places(soon, place, CHUNK):
        place = places[-1]
        ids = [item.id for item in places]
        dates = due_dates(soon.obj, ids, now)
        with transaction.atomic():
            owners = dict(soon.obj.model._base_manager.filter(pk__in=list(dates)).values_list("pk", "owner_id"))
            rows = [
                PoolReminder(pool=pool, record_id=key, owner_id=owner, mark=mark, due_on=_day(date, soon.clock.zone))
                for key, date in dates.items()
                if (owner := owners.get(key)) and (mark := _mark(marks, date, now)) is not None
            ]
            PoolReminder.objects.bulk_create(rows, ignore_conflicts=True)


def tell(pool: Pool, now: datetime) -> int:
    """Tell people of what is written down; returns how many records they were told of."""
    told = 0
    plan = due_plan(pool, now)
    for owner_id in _untold(pool):
        with transaction.atomic():
            advisory_xact_lock("pools.remind", pool.pk, owner_id)
            rows = list(PoolReminder.objects.filter(pool=pool, owner=owner_id, told_at=None).order_by("mark", "pk"))
            named = names_of(plan, [row.record_id for row in rows[:CHUNK]])
            for mark, group in groupby(rows, key=lambda row: row.mark):
                _tell(pool, Reminded(owner_id, mark, list(group)), named, now)
            PoolReminder.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=database_now())
        told += len(rows)
    return told


def _untold(pool: Pool) -> list[uuid.UUID]:
    rows = PoolReminder.objects.filter(pool=pool, told_at=None).order_by("owner_id")
    return list(rows.values_list("owner_id", flat=True).distinct())


def _tell(pool: Pool, reminded: Reminded, named: dict[uuid.UUID, str], now: datetime) -> None:
    names = [named[row.record_id] for row in reminded.rows if row.record_id in named]
    if not names:
        return
    data: dict[str, Any] = {"count": len(reminded.rows), "pool": pool.label, "days": reminded.mark}
    name = current_snapshot().spec.object_by_id[pool.business_object_id].api_name
    only = len(reminded.rows) == 1
    url = notices.record_url(name, reminded.rows[0].record_id) if only else notices.list_url(name)
    key = f"pools.reminder:{pool.pk}:{reminded.owner_id}:{reminded.mark}:{now:%Y-%m-%d}"
    data["names"] = notices.named(names)
    notices.tell([reminded.owner_id], notices.REMINDER, title=SOON, body=NAMES, url=url, data=data, dedupe_key=key)
    manager = _manager(reminded.owner_id) if pool.reminds_manager else None
    if manager is not None:
        manager_id, owner_name = manager
        data = {**data, "name": owner_name}
        notices.tell(
            [manager_id], notices.REMINDER, title=SOON_OF_OTHERS, body=NAMES, url=url, data=data, dedupe_key=f"{key}:m"
        )


def _manager(owner_id: uuid.UUID) -> tuple[uuid.UUID, str] | None:
    found = User.objects.filter(pk=owner_id, manager__is_active=True).values_list("manager_id", "name").first()
    return (found[0], found[1]) if found and found[0] else None


def _mark(marks: Sequence[int], due: DueDate, now: datetime) -> int | None:
    """Return the smallest mark that a record has passed; None for what is due already, or not soon."""
    if due.at <= now:
        return None
    return next((mark for mark in marks if due.at <= now + timedelta(days=mark)), None)


def _day(due: DueDate, zone: Any) -> Any:
    return due.at.astimezone(zone).date()
