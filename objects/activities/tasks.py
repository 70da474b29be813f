"""Open tasks by when they are due: what somebody has to do, or his people."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from objects.activities.shipped import DUE, OPEN_STATUSES, OWNER, PRIORITY, RELATED, STATUS, TASK, open_desk
from objects.display.desk import RecordDesk
from objects.query.conditions import All, Condition, Tree
from objects.query.pages import DisplayRow
from objects.query.query import RecordQuery

OVERDUE, TODAY, WEEK, LATER = "overdue", "today", "week", "later"
TITLES = {OVERDUE: _("Overdue"), TODAY: _("Today"), WEEK: _("This week"), LATER: _("Later")}
SHOWN = 200


@dataclass
class TaskGroup:
    """The tasks of one period, in the order of their days."""

    key: str
    rows: list[DisplayRow] = field(default_factory=list)

    @property
    def title(self) -> str:
        return str(TITLES[self.key])


@dataclass(frozen=True)
class TaskList:
    desk: RecordDesk
    groups: Mapping[str, TaskGroup]
    has_more: bool

    @property
    def count(self) -> int:
        return sum(len(group.rows) for group in self.groups.values())


def open_tasks(actor: Actor, today: date, *, owner: uuid.UUID | None, everybody: bool = False) -> TaskList | None:
    """Return the open tasks of one person (None: the caller), or of everybody within the caller's reach.

    None where the caller has no such object. One statement.
    """
    desk = open_desk(actor, TASK, (STATUS, DUE, OWNER))
    if desk is None:
        return None
    wanted: list[Tree] = [Condition(STATUS, "in", list(OPEN_STATUSES))]
    if not everybody:
        wanted.append(Condition(OWNER, "is_me") if owner is None else Condition(OWNER, "eq", str(owner)))
    query = RecordQuery(actor, TASK).where(All(wanted)).fields(*_fields(desk)).order(DUE)
    page = query.display(SHOWN)
    return TaskList(desk, grouped(page.rows, today), page.has_more)


def grouped(rows: Iterable[DisplayRow], today: date) -> dict[str, TaskGroup]:
    """Return the tasks by period; the week ends on Sunday, and what has no day comes later."""
    groups = {key: TaskGroup(key) for key in TITLES}
    for row in rows:
        groups[period(row.values[DUE], today)].rows.append(row)
    return groups


def period(due: date | None, today: date) -> str:
    """Return the period that a day belongs to."""
    if due is None:
        return LATER
    if due < today:
        return OVERDUE
    if due == today:
        return TODAY
    return WEEK if due <= today + timedelta(days=6 - today.weekday()) else LATER


def _fields(desk: RecordDesk) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*desk.name_fields, STATUS, DUE, OWNER, *desk.readable([RELATED, PRIORITY]))))
