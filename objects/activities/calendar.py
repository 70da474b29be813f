"""What stands in somebody's calendar: events, visits, tasks with a day, next contacts; read object by object."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from crm_platform.kit.context import Actor
from metadata.field_types.values import Reference
from objects.activities.shipped import OPEN_STATUSES, OWNER, RELATED, STATUS, TASK, open_desk
from objects.display import cells
from objects.display.desk import RecordDesk
from objects.query.conditions import All, Condition, Tree
from objects.query.pages import DisplayRow
from objects.query.query import RecordQuery

MAX_ENTRIES = 1_000  # of one kind
MAX_DAYS = 100


@dataclass(frozen=True)
class CalendarKind:
    """Records of an object that stand in the calendar at one of their times."""

    key: str
    object: str
    start: str
    end: str = ""
    all_day: str = ""  # the check box that says so
    only_open: bool = False


KINDS = (
    CalendarKind("event", "event", "starts_at", "ends_at", "is_all_day"),
    CalendarKind("visit", "visit", "planned_at"),
    CalendarKind("task", TASK, "due_on", only_open=True),
    CalendarKind("next_contact", "lead", "next_contact_at"),
    CalendarKind("next_contact", "account", "next_contact_at"),
    CalendarKind("next_contact", "contact", "next_contact_at"),
    CalendarKind("next_contact", "opportunity", "next_contact_at"),
)


@dataclass(frozen=True)
class CalendarEntry:
    """Something on a day. `start` and `end` are moments in the reader's zone, None where it has the day alone."""

    kind: str
    desk: RecordDesk
    row: DisplayRow
    day: date
    last_day: date
    start: datetime | None
    end: datetime | None

    @property
    def id(self) -> uuid.UUID:
        return self.row.id

    @property
    def title(self) -> str:
        return cells.title(self.desk, self.row.values)

    @property
    def url(self) -> str:
        return self.desk.record_url(self.row.id)

    @property
    def owner(self) -> Reference | None:
        return self.row.values.get(OWNER)

    @property
    def about(self) -> Reference | None:
        found = self.row.values.get(RELATED)
        return found if isinstance(found, Reference) else None

    def text(self, name: str) -> str:
        """Return a value as people read it; nothing where it was not read."""
        value = self.row.values.get(name)
        field = self.desk.field(name) if value is not None else None
        return field.type.to_text(field.spec, value, self.desk.display(self.row.values)) if field is not None else ""

    @property
    def status(self) -> str:
        return str(self.row.values.get(STATUS) or "")

    @property
    def order(self) -> tuple[date, bool, datetime, str]:
        """What has no time comes first on its day."""
        at = self.start or datetime.combine(self.day, time(), self.desk.actor.zone)
        return self.day, self.start is not None, at, self.title


def calendar(
    actor: Actor,
    first: date,
    last: date,
    *,
    owner: uuid.UUID | None = None,
    everybody: bool = False,
    kind: str = "",
    more: Sequence[str] = (),
) -> list[CalendarEntry]:
    """Return what stands between two days, both included: of one person (None: the caller) or all within reach.

    `more` names further fields to be read where they are there and the caller may.
    """
    found: list[CalendarEntry] = []
    for item in KINDS:
        if kind in ("", item.key):
            found += _entries(actor, item, first, last, _whose(owner, everybody), more)
    return sorted(found, key=lambda entry: entry.order)


def _whose(owner: uuid.UUID | None, everybody: bool) -> list[Tree]:
    if everybody:
        return []
    return [Condition(OWNER, "is_me") if owner is None else Condition(OWNER, "eq", str(owner))]


def _entries(
    actor: Actor, kind: CalendarKind, first: date, last: date, whose: list[Tree], more: Sequence[str]
) -> Iterator[CalendarEntry]:
    needs = [kind.start, OWNER, *([STATUS] if kind.only_open else [])]
    desk = open_desk(actor, kind.object, needs)
    if desk is None:
        return
    wanted = [*whose, *_between(actor, desk, kind, first, last)]
    if kind.only_open:
        wanted.append(Condition(STATUS, "in", list(OPEN_STATUSES)))
    others = desk.readable(filter(None, (kind.end, kind.all_day, STATUS, RELATED, *more)))
    query = RecordQuery(actor, kind.object).where(All(wanted)).order(kind.start)
    for row in query.fields(*desk.name_fields, kind.start, OWNER, *others).display(MAX_ENTRIES):
        yield _entry(actor, desk, kind, row)


def _between(actor: Actor, desk: RecordDesk, kind: CalendarKind, first: date, last: date) -> list[Tree]:
    """Return the conditions on the time: what began before the first day but lasts until it is there, too."""
    field = desk.field(kind.start)
    if field is not None and field.type.key == "date":
        return [Condition(kind.start, "gte", first.isoformat()), Condition(kind.start, "lte", last.isoformat())]
    since = datetime.combine(first, time(), actor.zone)
    until = datetime.combine(last + timedelta(days=1), time(), actor.zone)
    late = kind.end if kind.end and desk.reads(kind.end) else kind.start
    return [Condition(late, "gte", since.isoformat()), Condition(kind.start, "lt", until.isoformat())]


def _entry(actor: Actor, desk: RecordDesk, kind: CalendarKind, row: DisplayRow) -> CalendarEntry:
    value = row.values[kind.start]
    if not isinstance(value, datetime):
        return CalendarEntry(kind.key, desk, row, value, value, None, None)
    start = value.astimezone(actor.zone)
    ended = row.values.get(kind.end) if kind.end else None
    end = ended.astimezone(actor.zone) if isinstance(ended, datetime) and ended > value else None
    last_day = (end - timedelta(microseconds=1)).date() if end else start.date()
    if kind.all_day and row.values.get(kind.all_day):
        return CalendarEntry(kind.key, desk, row, start.date(), last_day, None, None)
    return CalendarEntry(kind.key, desk, row, start.date(), last_day, start, end)
