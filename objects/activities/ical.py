"""A calendar in the form that other programs subscribe to (iCalendar, RFC 5545)."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta

from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from crm_platform.kit.context import Actor
from objects.activities.calendar import CalendarEntry, calendar
from objects.activities.shipped import TASK

BACK, AHEAD = timedelta(days=90), timedelta(days=365)
KINDS = ("event", "visit", TASK)
LOCATIONS, CHANGED, CANCELLED = ("location", "address"), "updated_at", "cancelled"
REFRESHED = timedelta(hours=1)  # how often programs should look


def ical(actor: Actor, today: date, site: str) -> bytes:
    """Return the actor's own events, visits and open tasks around a day, as far as he may read them.

    Times are moments in UTC, so that no zone has to be described; what has no time stands on its day. `site` is the
    address of the organisation, from which links lead to the records. The same calendar is the same bytes.
    """
    made = Calendar()
    made.add("prodid", "-//CRM//Calendar//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", _("CRM: %(name)s") % {"name": actor.name})
    made.add("refresh-interval", REFRESHED, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT1H")
    for entry in _entries(actor, today).values():
        made.add_component(_event(entry, site))
    return bytes(made.to_ical())


def _entries(actor: Actor, today: date) -> dict[uuid.UUID, CalendarEntry]:
    """Return what stands in the file, each once; what is to come is not crowded out by the past."""
    found: dict[uuid.UUID, CalendarEntry] = {}
    for kind in KINDS:
        for first, last in ((today, today + AHEAD), (today - BACK, today - timedelta(days=1))):
            entries = calendar(actor, first, last, kind=kind, more=(*LOCATIONS, CHANGED))
            found.update((entry.id, entry) for entry in entries)
    return found


def _event(entry: CalendarEntry, site: str) -> Event:
    made, link = Event(), f"{site}{entry.url}"
    changed = entry.row.values.get(CHANGED)
    made.add("uid", f"{entry.id}@{site.partition('://')[2]}")
    made.add("dtstamp", _utc(changed if isinstance(changed, datetime) else datetime.combine(entry.day, time(), UTC)))
    made.add("sequence", entry.row.version or 0)
    made.add("summary", entry.title)
    if entry.start is not None:
        made.add("dtstart", _utc(entry.start))
        if entry.end is not None:
            made.add("dtend", _utc(entry.end))
    else:
        made.add("dtstart", entry.day)
        made.add("dtend", entry.last_day + timedelta(days=1))  # the first day after it
    where = next(filter(None, map(entry.text, LOCATIONS)), "")
    if where:
        made.add("location", where)
    about = (entry.about.name or "") if entry.about else ""
    made.add("description", "\n".join(filter(None, (about, link))))
    made.add("url", link)
    made.add("status", "CANCELLED" if entry.status == CANCELLED else "CONFIRMED")
    made.add("transp", "TRANSPARENT" if entry.kind == TASK else "OPAQUE")
    return made


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
