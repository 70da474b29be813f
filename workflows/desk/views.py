"""The pages of the desk: `/desk/` is the caller's own work, `/desk/team` that of the people he is in charge of."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from crm_platform.identity.models import User
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ObjectSpec
from objects import extensions
from objects.access.policy import AccessPolicy
from objects.display.cells import Column, FurtherCells, body_rows, columns
from objects.display.desk import RecordDesk, plural_label
from objects.merging.rights import may_merge
from objects.query.pages import DisplayPage
from objects.query.query import RecordQuery
from workflows.desk.reading import Board, my_records
from workflows.pools.models import PoolMovement
from workflows.pools.movements import ShownMovement, shown
from workflows.pools.recycling.predicate import BrokenRules
from workflows.pools.recycling.preview import Preview, PreviewRow, preview
from workflows.pools.rules import pool_rules
from workflows.pools.services.seats import Seat, pools_of
from workflows.pools.views.common import WaitingDesk
from workflows.pools.views.mine import PoolCard
from workflows.pools.views.opened import known_titles
from workflows.sla.reading import Score, missed, scores

Kind = PoolMovement.Kind
FIRST = "lead"
MINE, SHOWN, COLUMNS = 100, 30, 4
SOON, LATELY = timedelta(days=3), timedelta(days=7)
HIDDEN = frozenset({"owner_id", "owner_department_id", "pool_id", "created_at"})
BACK = (Kind.RELEASE, Kind.RECALL, Kind.RECYCLE)


def pooled_objects(policy: AccessPolicy) -> list[ObjectSpec]:
    """Return the objects with pools that the caller may read, leads first."""
    found = [spec for spec in current_snapshot().objects() if spec.has_pools and policy.can(spec.api_name, "read")]
    return sorted(found, key=lambda spec: spec.api_name != FIRST)


@dataclass(frozen=True)
class Table:
    """Some records in an order of the desk's own, in a few columns."""

    desk: RecordDesk
    ids: Sequence[uuid.UUID]
    further: Sequence[FurtherCells] = ()
    with_owner: bool = False

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        usual = extensions.usual_columns(self.desk.actor, self.desk.obj)
        shown_first = [path for path in usual if path not in HIDDEN][:COLUMNS]
        more = ["owner_id"] if self.with_owner else []
        return columns(self.desk, [*shown_first, *more, "last_followup_at"]) or columns(self.desk, ["created_at"])

    @cached_property
    def page(self) -> DisplayPage:
        query = RecordQuery(self.desk.actor, self.desk.name).where_ids(self.ids)
        found = query.fields(*(column.path for column in self.columns)).display(len(self.ids) or 1)
        place = {item: number for number, item in enumerate(self.ids)}
        found.rows.sort(key=lambda row: place[row.id])
        return found

    @property
    def rows(self) -> SafeString:
        return body_rows(self.desk, self.page, self.columns, selectable=True, further=self.further)

    @property
    def headings(self) -> list[str]:
        return [*(column.label for column in self.columns), *(item.label for item in self.further)]


class DeskPage:
    """What both pages of the desk share: the object, the others that there are, the pools."""

    def __init__(self, request: ActorRequest, active: str) -> None:
        self.actor, self.active = request.actor, active
        objects = pooled_objects(AccessPolicy.of(request.actor))
        wanted = request.GET.get("object", objects[0].api_name if objects else "")
        if wanted not in {spec.api_name for spec in objects}:
            raise NotFound
        self.desk = RecordDesk(request.actor, wanted)
        self.objects = objects
        self.seats: list[Seat] = pools_of(request.actor, wanted)

    @property
    def object_links(self) -> list[dict[str, Any]]:
        language, base = self.actor.language, reverse(self.active)
        return [
            {
                "label": plural_label(spec).text(language),
                "url": f"{base}?object={spec.api_name}",
                "is_active": spec.api_name == self.desk.name,
            }
            for spec in self.objects
        ]

    @property
    def tabs(self) -> list[dict[str, Any]]:
        pages = [("desk", _("My work"))]
        if self.is_manager:
            pages.append(("desk-team", _("Team")))
        query = f"?object={self.desk.name}"
        return [
            {"label": label, "url": reverse(name) + query, "is_active": name == self.active, "count": None}
            for name, label in pages
        ]

    @cached_property
    def board(self) -> Board:
        active = tuple(pool.pk for pool in pool_rules(self.actor).active(self.desk.obj.spec.id))
        administered = tuple(held.pool.pk for held in self.seats if held.is_admin)
        return Board(self.actor, self.desk.obj, active, administered)

    @cached_property
    def people(self) -> dict[uuid.UUID, int]:
        return self.board.people()

    @property
    def is_manager(self) -> bool:
        return bool(self.board.administered) or any(key != self.actor.user_id for key in self.people)

    @property
    def can_merge(self) -> bool:
        return may_merge(self.desk.policy, self.desk.name)

    def countdown(self, ids: Sequence[uuid.UUID]) -> list[FurtherCells]:
        """Return what other parts of the platform put beside records, such as the days that are left."""
        return [
            FurtherCells(str(column.label), column.cells(self.actor, self.desk.obj, ids))
            for column in extensions.columns_of(self.actor, self.desk.obj)
        ]


# --- my work --------------------------------------------------------------------------------------------------
class MyWork(DeskPage):
    """The caller's records, unhandled first, and the pools from which he takes more."""

    @cached_property
    def found(self) -> list[tuple[uuid.UUID, bool]]:
        return my_records(self.actor, self.desk.obj, MINE)

    @property
    def unhandled(self) -> Table:
        return self._table([item for item, is_new in self.found if is_new])

    @property
    def others(self) -> Table:
        return self._table([item for item, is_new in self.found if not is_new])

    @property
    def cards(self) -> list[PoolCard]:
        return [PoolCard(WaitingDesk(self.actor, held)) for held in self.seats if held.may_look]

    def _table(self, ids: list[uuid.UUID]) -> Table:
        return Table(self.desk, ids, (*self.countdown(ids), FurtherCells("", self._links(ids))))

    def _links(self, ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
        text = _("Follow up")
        return {
            item: f'<a class="btn btn-sm follow-button" href="{self.desk.record_url(item)}#timeline">{text}</a>'
            for item in ids
        }


@require_safe
@signed_in
def desk(request: ActorRequest) -> HttpResponse:
    """Show the caller's own work; who knows no object with pools is told so."""
    if not pooled_objects(AccessPolicy.of(request.actor)):
        return render(request, "workflows/desk/none.html")
    return render(request, "workflows/desk/mine.html", {"page": MyWork(request, "desk")})


# --- the team -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Load:
    """How much one person holds, of how much he may, and what of it is unhandled."""

    user_id: uuid.UUID
    name: str
    held: int
    cap: int | None
    unhandled: int
    on_time: int | None  # per cent of what was demanded lately

    @property
    def is_full(self) -> bool:
        return self.cap is not None and self.held >= self.cap


class TeamWork(DeskPage):
    """The board of who is in charge of others: what waits, unhandled, about to return, load, what has come back."""

    @property
    def waiting(self) -> list[PoolCard]:
        """The pools that the caller administers, with how many wait there for somebody."""
        return [PoolCard(WaitingDesk(self.actor, held)) for held in self.seats if held.is_admin]

    @cached_property
    def _unhandled(self) -> tuple[list[uuid.UUID], dict[uuid.UUID, int]]:
        return self.board.unhandled(self.desk.now, SHOWN)

    @cached_property
    def unhandled(self) -> Table:
        ids = self._unhandled[0]
        return Table(self.desk, ids, self.countdown(ids), with_owner=True)

    @property
    def unhandled_count(self) -> int:
        return sum(self._unhandled[1].values())

    @cached_property
    def loads(self) -> list[Load]:
        names = dict(User.objects.filter(pk__in=self.people).values_list("pk", "name"))
        by_owner = self._unhandled[1]
        found = scores(self.desk.obj.spec.id, list(self.people), self.desk.now)
        return [
            Load(key, names.get(key, ""), held, self._cap(key), by_owner.get(key, 0), found.get(key, Score()).percent)
            for key, held in self.people.items()
        ]

    @cached_property
    def late(self) -> Table:
        """What was not followed up in time during the last days."""
        ids = missed(self.desk.obj.spec.id, list(self.people), self.desk.now, SHOWN)
        seen = RecordQuery(self.actor, self.desk.name).visible_ids(ids) if ids else set()
        return Table(self.desk, [item for item in ids if item in seen], with_owner=True)

    def _cap(self, user_id: uuid.UUID) -> int | None:
        """Return how much somebody may hold of all pools together, None where one of them has no limit."""
        rules = pool_rules(self.actor)
        caps = [rules.limits(pool, user_id).hold_cap for pool in rules.active(self.desk.obj.spec.id)]
        return sum(cap for cap in caps if cap is not None) if caps and None not in caps else None

    @cached_property
    def previews(self) -> list[Preview]:
        """What returns within days, by pool that the caller administers."""
        found = []
        for held in self.seats:
            if held.is_admin and held.pool.recycles:
                try:
                    found.append(preview(self.actor, held.pool.pk, self.desk.now + SOON, limit=SHOWN))
                except BrokenRules:
                    continue  # nothing returns; whoever settles the pool has been told
        return found

    @property
    def returning(self) -> list[tuple[PreviewRow, str, str]]:
        """The first of them, with pool and address."""
        found = [
            (row, due.pool.label, self.desk.record_url(row.record.id)) for due in self.previews for row in due.rows
        ]
        return found[:SHOWN]

    @property
    def returning_count(self) -> int:
        return sum(due.total for due in self.previews)

    @cached_property
    def returned(self) -> list[ShownMovement]:
        """What has come back lately, into the pools that the caller administers and from the people he looks after."""
        pools = [held.pool.pk for held in self.seats if held.is_admin]
        rows = PoolMovement.objects.filter(
            object_id=self.desk.obj.spec.id, kind__in=BACK, at__gte=self.desk.now - LATELY, undone_at__isnull=True
        )
        mine = rows.filter(to_pool_id__in=pools) | rows.filter(from_owner_id__in=list(self.people))
        found = list(mine.order_by("-at")[:SHOWN])
        titles: dict[uuid.UUID, tuple[str, str]] = {}
        for held in self.seats:
            ids = {row.record_id for row in found if row.to_pool_id == held.pool.pk}
            titles |= known_titles(WaitingDesk(self.actor, held), ids) if ids else {}
        return shown(found, titles)


@require_safe
@signed_in
def team(request: ActorRequest) -> HttpResponse:
    """Show the work of those of whom the caller is in charge."""
    page = TeamWork(request, "desk-team")
    if not page.is_manager:
        raise NotFound
    return render(request, "workflows/desk/team.html", {"page": page})
