"""When colleagues have no time: the periods of their events, run together, and nothing else about them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from crm_platform.identity.models import User
from crm_platform.identity.people import visible_ids
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from objects.activities.shipped import OWNER, STATUS, open_desk
from objects.query.conditions import All, Condition
from objects.query.query import RecordQuery

EVENT, START, END, ALL_DAY = "event", "starts_at", "ends_at", "is_all_day"
CANCELLED = "cancelled"
MOST_PEOPLE, LONGEST = 20, timedelta(days=62)
ONE_DAY = timedelta(days=1)

Period = tuple[datetime, datetime]


def free_busy(
    actor: Actor, people: Sequence[uuid.UUID], since: datetime, until: datetime
) -> dict[uuid.UUID, list[Period]]:
    """Return when each of some people is busy between two moments, by events that are not cancelled.

    Of people whom the caller finds, for who may read events and their times at all. That he may not read one of
    them does not free its time: that somebody has none is all that is told. Raises NotFound, ValidationFailed.
    """
    desk = open_desk(actor, EVENT, (START, END))
    if desk is None:
        raise NotFound
    _check(actor, people, since, until)
    known = [name for name in (STATUS, ALL_DAY) if name in desk.obj.fields]
    found: dict[uuid.UUID, list[Period]] = defaultdict(list)
    for row in _events(people, since, until, known):
        start, end = _period(row, actor.zone)
        if row.get(STATUS) != CANCELLED and start < until and end > since and start < end:
            found[row[OWNER].id].append((max(start, since), min(end, until)))
    return {person: list(_together(found[person])) for person in people}


def _check(actor: Actor, people: Sequence[uuid.UUID], since: datetime, until: datetime) -> None:
    if not 1 <= len(people) <= MOST_PEOPLE:
        raise ValidationFailed.single("users", "out_of_range", _("Between 1 and %(max)d people."), max=MOST_PEOPLE)
    if not timedelta() < until - since <= LONGEST:
        message = _("Between 1 and %(max)d days.")
        raise ValidationFailed.single("to", "out_of_range", message, max=LONGEST.days)
    there = set(User.objects.filter(pk__in=visible_ids(actor, people)).values_list("pk", flat=True))
    if not there.issuperset(people):
        raise ValidationFailed.single("users", "invalid_reference", _("There is no such user."))


def _events(
    people: Iterable[uuid.UUID], since: datetime, until: datetime, more: Sequence[str]
) -> Iterator[Mapping[str, Any]]:
    """Yield the events near the period; those of whole days reach a day beyond their moments."""
    near = All(
        [
            Condition(OWNER, "in", [str(person) for person in people]),
            Condition(END, "gte", (since - ONE_DAY).isoformat()),
            Condition(START, "lt", (until + ONE_DAY).isoformat()),
        ]
    )
    query = RecordQuery(system_actor(), EVENT).where(near).fields("id", START, END, OWNER, *more).order(START)
    for page in query.displays():
        yield from (row.values for row in page)


def _period(row: Mapping[str, Any], zone: ZoneInfo) -> Period:
    start, end = row[START], row[END]
    if not row.get(ALL_DAY):
        return start, end
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    return datetime.combine(first, time(), zone), datetime.combine(last + ONE_DAY, time(), zone)


def _together(periods: Iterable[Period]) -> Iterator[Period]:
    """Yield periods that overlap or touch as one, so that nobody counts what lies in them."""
    current: Period | None = None
    for start, end in sorted(periods):
        if current is None or start > current[1]:
            if current is not None:
                yield current
            current = (start, end)
        else:
            current = (current[0], max(current[1], end))
    if current is not None:
        yield current
