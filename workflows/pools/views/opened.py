"""One record that waits, and the log of a pool."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import PlatformError
from objects.display import cells
from objects.query.query import RecordQuery
from workflows.pools.movements import ShownMovement, movements_of, shown
from workflows.pools.services.quotas import Quota, quota
from workflows.pools.services.reading import log, open_waiting
from workflows.pools.views.common import WaitingDesk, open_pool, open_to_look

MOVEMENTS = 20
UNTOLD = frozenset({"id", "owner_id", "owner_department_id", "pool_id", "version", "deleted_at", "deletion_id"})


@dataclass(frozen=True)
class Detail:
    """One field: its label and its value as HTML."""

    name: str
    label: str
    value: SafeString
    is_wide: bool


class WaitingRecord:
    """A record that waits, as far as the pool lets its members see it."""

    def __init__(self, opened: WaitingDesk, record_id: uuid.UUID) -> None:
        self.desk, self.id = opened, record_id
        self.values: Any = open_waiting(opened.seat, record_id)

    @property
    def title(self) -> str:
        return cells.title(self.desk, self.values)

    @cached_property
    def details(self) -> list[Detail]:
        """The fields that have a value, in their order."""
        return [item for name in self.values if name not in UNTOLD if (item := self._detail(name)) is not None]

    def _detail(self, name: str) -> Detail | None:
        field = self.desk.field(name)
        if field is None or self.values[name] in (None, "", ()):
            return None
        value = cells.cell(self.desk, field, self.values[name], self.values)
        return Detail(name, field.spec.label.text(self.desk.language), value, field.type.is_wide)

    @cached_property
    def movements(self) -> list[ShownMovement]:
        return movements_of(self.desk.obj.spec.id, self.id, MOVEMENTS)

    @cached_property
    def quota(self) -> Quota:
        return quota(self.desk.actor, self.desk.pool)


@require_safe
@signed_in
def waiting_record(request: ActorRequest, pool_id: uuid.UUID, waiting_id: uuid.UUID) -> HttpResponse:
    """Show one record that waits; beyond the day's views the pool says so instead."""
    opened = open_to_look(request, pool_id)
    record = WaitingRecord(opened, waiting_id)
    context = {"record": record, "desk": opened, "pool": opened.pool}
    return render(request, "workflows/pools/record.html", context)


@require_safe
@signed_in
def pool_log(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Show what has moved into the pool and out of it; to members, what concerned them."""
    opened = open_pool(request, pool_id)
    before = request.GET.get("before", "")
    found = log(opened.seat, before=int(before) if before.isdecimal() and len(before) < 19 else None)
    titles = known_titles(opened, {row.record_id for row in found.rows})
    context = {
        "desk": opened,
        "pool": opened.pool,
        "movements": shown(found.rows, titles),
        "next_url": f"{request.path}?before={found.next}" if found.next else None,
        "previous_url": request.path if before else None,
    }
    return render(request, "workflows/pools/log.html", context)


def known_titles(opened: WaitingDesk, ids: set[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """Return names and addresses of records: those that wait in the pool, and those that the caller may see anyway."""
    found: dict[uuid.UUID, tuple[str, str]] = {}
    base = reverse("record-list", args=[opened.name])
    for policy, address in ((opened.policy, opened.list_url), (None, base)):
        try:
            query = RecordQuery(opened.actor, opened.name, policy=policy).where_ids(ids)
            rows = query.fields("id", *query.name_fields()).display(len(ids) or 1).rows
        except PlatformError:
            continue
        found.update({row.id: (cells.title(opened, row.values), f"{address}{row.id}") for row in rows})
    return found
