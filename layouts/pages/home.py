"""The home page: what a person has to do today, and what he worked on last.

The cards know the objects of the shipped CRM by their API names. A card whose object or field does not exist,
or that the caller may not read, is left out; nothing else in the console depends on those names.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from crm_platform.console.access import signed_in
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from layouts import selectors
from layouts.pages.common import ObjectDesk
from metadata.compiler.current import current_snapshot
from metadata.field_types.choices import active_choices, label_of
from metadata.field_types.contexts import display_context
from metadata.field_types.formats import money_text
from metadata.field_types.stage import OPEN
from objects.display import cells
from objects.query.conditions import All, Condition
from objects.query.conditions import Any as AnyOf
from objects.query.pages import DisplayRow
from objects.query.query import RecordQuery

SHOWN = 6
SUMMED = 1000  # open opportunities that the stages are added up from
RECENT = 8

IS_MINE = Condition("owner_id", "is_me")


@dataclass(frozen=True)
class ListCard:
    """A card with a few records of one object, in an order that says what comes first."""

    key: str
    title: Promise
    icon: str
    object: str
    condition: All
    order: str
    moment: str  # the date or time shown at the right
    tag: str  # the picklist shown as a label
    empty: Promise
    view: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.moment, self.tag, "owner_id")


TASKS = ListCard(
    "tasks",
    gettext_lazy("My open tasks"),
    "checklist",
    "task",
    All((IS_MINE, Condition("status", "in", ["open", "in_progress"]))),
    order="due_on",
    moment="due_on",
    tag="priority",
    view="mine",
    empty=gettext_lazy("Nothing left to do."),
)
EVENTS = ListCard(
    "events",
    gettext_lazy("Today's events"),
    "calendar",
    "event",
    All((IS_MINE, Condition("starts_at", "rel", "today"))),
    order="starts_at",
    moment="starts_at",
    tag="type",
    view="today",
    empty=gettext_lazy("No events today."),
)
VISITS = ListCard(
    "visits",
    gettext_lazy("Today's visits"),
    "map-pin",
    "visit",
    All((IS_MINE, Condition("planned_at", "rel", "today"))),
    order="planned_at",
    moment="planned_at",
    tag="status",
    view="today",
    empty=gettext_lazy("No visits today."),
)
LEADS = ListCard(
    "leads",
    gettext_lazy("My leads without follow-up"),
    "user-search",
    "lead",
    All(
        (
            IS_MINE,
            Condition("status", "in", ["new", "working"]),
            AnyOf(
                (Condition("last_followup_at", "empty"), Condition("last_followup_at", "rel", "older_than_n_days:7"))
            ),
        )
    ),
    order="-created_at",
    moment="created_at",
    tag="status",
    view="not_followed",
    empty=gettext_lazy("Every lead was followed up within the last seven days."),
)
CARDS = (TASKS, EVENTS, VISITS, LEADS)
OPPORTUNITY, STAGE, AMOUNT = "opportunity", "stage", "amount"


@dataclass(frozen=True)
class Entry:
    """One line of a card."""

    title: str
    url: str
    detail: str
    tag: SafeString
    when: SafeString | str
    is_late: bool = False


@dataclass(frozen=True)
class ShownCard:
    card: ListCard
    entries: Sequence[Entry]
    has_more: bool
    all_url: str
    new_url: str | None


@dataclass
class StageSum:
    label: str
    count: int = 0
    amount: Decimal = field(default_factory=Decimal)
    amount_text: str = ""


class Home:
    """What one person sees; nothing is read before the template asks for it."""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self.actor, self.now = actor, now

    @property
    def greeting(self) -> str:
        hour = self.now.astimezone(self.actor.zone).hour
        if hour < 11:
            text = _("Good morning, %(name)s")
        elif hour < 18:
            text = _("Good afternoon, %(name)s")
        else:
            text = _("Good evening, %(name)s")
        return text % {"name": self.actor.name}

    @property
    def today(self) -> date:
        return self.now.astimezone(self.actor.zone).date()

    @cached_property
    def cards(self) -> dict[str, ShownCard]:
        shown = ((card.key, self._card(card)) for card in CARDS)
        return {key: card for key, card in shown if card is not None}

    def _open(self, object_name: str, needs: Sequence[str]) -> ObjectDesk | None:
        """Return the object if it exists for the caller with all of these fields."""
        try:
            desk = ObjectDesk(self.actor, object_name, now=self.now)
        except (NotFound, Forbidden):
            return None
        return desk if all(desk.reads(name) for name in needs) else None

    def _card(self, card: ListCard) -> ShownCard | None:
        desk = self._open(card.object, card.needs)
        if desk is None:
            return None
        subject = self._subject(desk)
        names = [*desk.name_fields, card.moment, card.tag, *([subject] if subject else [])]
        query = RecordQuery(self.actor, card.object).where(card.condition).order(card.order).fields(*names)
        try:
            page = query.display(SHOWN)
        except ValidationFailed:  # an admin has changed the choices that the card asks for
            return None
        return ShownCard(
            card,
            [self._entry(desk, card, row, subject) for row in page],
            page.has_more,
            f"{desk.list_url}?view={card.view}" if card.view else desk.list_url,
            desk.new_url(next="/") if desk.rights["create"] else None,
        )

    @staticmethod
    def _subject(desk: ObjectDesk) -> str | None:
        """Return the field that says whom a line is about: what it relates to, or the company."""
        return next(iter(desk.readable(["related_id", "company"])), None)

    def _entry(self, desk: ObjectDesk, card: ListCard, row: DisplayRow, subject: str | None) -> Entry:
        tag, moment = desk.obj.field(card.tag), desk.obj.field(card.moment)
        value = row[card.moment]
        return Entry(
            title=cells.title(desk, row.values),
            url=desk.record_url(row.id),
            detail=cells.text(desk, desk.obj.field(subject), row[subject], row.values) if subject else "",
            tag=cells.cell(desk, tag, row[card.tag], row.values),
            when=cells.text(desk, moment, value, row.values) if card.key in ("tasks", "leads") else self._clock(value),
            is_late=isinstance(value, date) and not isinstance(value, datetime) and value < self.today,
        )

    def _clock(self, value: Any) -> str:
        return value.astimezone(self.actor.zone).strftime("%H:%M") if isinstance(value, datetime) else ""

    # --- opportunities ----------------------------------------------------------------------------------------
    @cached_property
    def stages(self) -> list[StageSum] | None:
        """My open opportunities added up by stage, in the base currency; None when there is no such object."""
        desk = self._open(OPPORTUNITY, (STAGE, AMOUNT, "owner_id"))
        if desk is None or desk.obj.field(STAGE).type.key != "stage":
            return None
        stage = desk.obj.field(STAGE)
        kind: Any = stage.type
        sums = {
            choice.value: StageSum(label_of(choice, choice.value, self.actor.language))
            for choice in active_choices(stage.spec)
            if kind.category(stage.spec, choice.value) == OPEN
        }
        is_open = All((IS_MINE, Condition(STAGE, "in", list(sums))))
        page = RecordQuery(self.actor, OPPORTUNITY).where(is_open).fields(STAGE, AMOUNT).page(SUMMED)
        self._add_up(sums, page.columns, page.rows)
        return list(sums.values())

    def _add_up(self, sums: dict[str, StageSum], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        stage_at, amount_at = columns.index(STAGE), columns.index(f"{AMOUNT}_base")
        for row in rows:
            found = sums[row[stage_at]]
            found.count += 1
            found.amount += Decimal(row[amount_at] or 0)
        currency = display_context(self.actor).currency
        for found in sums.values():
            found.amount_text = money_text(found.amount, 0, currency, self.actor.language)

    @property
    def largest(self) -> Decimal:
        return max((item.amount for item in self.stages or ()), default=Decimal()) or Decimal(1)

    # --- recent records ---------------------------------------------------------------------------------------
    @cached_property
    def recent(self) -> list[dict[str, Any]]:
        """The records that the caller opened last and may still see: one read per object."""
        noted = selectors.recent_records(self.actor, RECENT * 2)
        found = dict(self._titles(noted))
        return [found[key] for key in noted if key in found][:RECENT]

    def _titles(self, noted: Sequence[tuple[int, uuid.UUID]]) -> Iterator[tuple[tuple[int, uuid.UUID], dict[str, Any]]]:
        for object_id in dict.fromkeys(object_id for object_id, _record in noted):
            spec = current_snapshot().spec.object_by_id.get(object_id)
            desk = self._open(spec.api_name, ()) if spec else None
            if desk is None:
                continue
            ids = [record_id for noted_id, record_id in noted if noted_id == object_id]
            query = RecordQuery(self.actor, desk.name).where_ids(ids).fields("id", *desk.name_fields)
            for row in query.display(len(ids)):
                entry = {"title": cells.title(desk, row.values), "url": desk.record_url(row.id), "desk": desk}
                yield (object_id, row.id), entry


@require_GET
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Show the caller's day."""
    return render(request, "layouts/home/page.html", {"home": Home(request.actor, timezone.now())})  # type: ignore[attr-defined]
