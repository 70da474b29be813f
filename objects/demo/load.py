"""Telling the whole story and writing it: the entry of `manage.py seed_demo`."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.identity.models import OrganizationSettings
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import StateConflict
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import Reference
from objects.demo.afterwards import acts
from objects.demo.copy import analyze, copy_into, copy_records, unhurried
from objects.demo.customers import add_customers
from objects.demo.deals import add_deals
from objects.demo.dice import DemoClock, Dice
from objects.demo.market import add_campaigns, add_leads, add_products
from objects.demo.organization import add_people
from objects.demo.words import Words
from objects.demo.work import add_work
from objects.demo.world import DemoUser, SeedRow, World
from objects.handover.pools import pool_choices
from objects.history.models import RecordChange
from objects.records.numbering import draw

SEED = 20_260_101
# Every object after those that it points at; both ends of a tree of one object go in together.
ORDER = (
    "product",
    "campaign",
    "account",
    "contact",
    "opportunity",
    "opportunity_line",
    "lead",
    "contract",
    "contract_line",
    "payment",
    "task",
    "event",
    "visit",
    "call",
    "follow_up",
)
HISTORY = (
    "object_id",
    "record_id",
    "version",
    "action",
    "at",
    "actor_id",
    "actor_name",
    "via",
    "request_id",
    "changes",
)


def load_demo(actor: Actor, now: datetime) -> dict[str, int]:
    """Fill an organisation that has the CRM package; returns the number of records by object.

    All or nothing. Raises StateConflict when there are records already.
    """
    snapshot = current_snapshot()
    objects = {name: snapshot.object(name) for name in ORDER}
    if has_records():
        raise StateConflict(_("There are records already: demo data is only for an empty organisation."))
    organization = OrganizationSettings.objects.get()
    with transaction.atomic(), unhurried():
        world = tell(add_people(), now, zoneinfo.ZoneInfo(organization.time_zone))
        counts = {name: _write(actor, objects[name], world, organization.base_currency) for name in ORDER}
        for act in acts:
            act.play(actor, now)
    analyze([*(obj.table for obj in objects.values()), RecordChange._meta.db_table])
    return counts


def has_records() -> bool:
    """Tell whether any object of the demo has records already."""
    snapshot = current_snapshot()
    return any(snapshot.object(name).model._default_manager.exists() for name in ORDER)


def tell(users: Mapping[str, DemoUser], now: datetime, zone: zoneinfo.ZoneInfo) -> World:
    """Make the whole story in memory, the same for the same moment."""
    dice = Dice(SEED)
    world = World(dice, DemoClock(now.replace(microsecond=0), zone), Words(dice), dict(users))
    for act in (add_campaigns, add_products, add_leads, add_customers, add_deals, add_work):
        act(world)
    return world


def _write(actor: Actor, obj: CompiledObject, world: World, currency: str) -> int:
    rows = sorted(world.rows[obj.name], key=lambda row: row.created_at)
    ctx = clean_context(actor, world.clock.now, currency=currency)
    for field in obj:
        if field.type.key == "auto_number" and rows:
            draw(obj, field, len(rows))
    pool = next((choice.id for choice in pool_choices(actor, obj.name)), None)  # to which they return
    count = copy_records(obj, ({**_record(row, currency), "pool_id": pool} for row in rows), ctx)
    copy_into(RecordChange._meta.db_table, HISTORY, (line for row in rows for line in _history(obj, row)))
    return count


def _record(row: SeedRow, currency: str) -> dict[str, Any]:
    """Return the values of a record with its system columns."""
    return {
        **row.values,
        "id": row.id,
        "version": row.version,
        "created_at": row.created_at,
        "created_by_id": row.created_by.ref,
        "updated_at": row.updated_at,
        "updated_by_id": row.history[-1].user.ref if row.history else row.created_by.ref,
        "owner_id": row.owner.ref,
        "owner_department_id": Reference("department", row.owner.department_id),
        "currency": currency,
        "last_activity_at": row.last_activity_at,
        "last_followup_at": row.last_followup_at,
        "last_owner_change_at": row.created_at,
    }


def _history(obj: CompiledObject, row: SeedRow) -> Iterator[list[Any]]:
    """Yield one line for the creation and one for every later version."""
    yield _entry(obj, row, 1, "created", row.created_at, row.created_by, {})
    for version, entry in enumerate(row.history, start=2):
        changes = {}
        for name, (old, new) in entry.changes.items():
            field = obj.field(name)
            changes[str(field.spec.id)] = {
                "old": field.type.to_api(field.spec, old),
                "new": field.type.to_api(field.spec, new),
            }
        yield _entry(obj, row, version, "updated", entry.at, entry.user, changes)


def _entry(
    obj: CompiledObject, row: SeedRow, version: int, action: str, at: datetime, user: DemoUser, changes: dict[str, Any]
) -> list[Any]:
    return [obj.spec.id, row.id, version, action, at, user.id, user.name, "console", "-", changes]
