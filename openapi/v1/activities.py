"""Activities over the API: all of them as one list, a record's timeline, quick follow-ups, tasks, the calendar."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.field_types.values import Reference
from objects.activities.calendar import KINDS, MAX_DAYS, CalendarEntry, calendar
from objects.activities.free_busy import Period, free_busy
from objects.activities.services import FollowUpInput, complete_task, log_follow_up, reopen_task
from objects.activities.stream import Stream
from objects.activities.timeline import ACTIVITIES, CHANGES, Entry, Filters, Timeline
from objects.display import cells
from objects.records.drafts import SavedRecord
from openapi.http import Endpoint, expected_version, json_response, members
from openapi.v1.reading import refuse_unknown

MEMBERS = frozenset(
    {"object", "id", "content", "method", "contact_id", "files", "mentions", "next_contact_at", "next_plan"}
    | {"followed_up_at"}
)
LISTS = ("files", "mentions")
TEXTS = ("content", "method", "next_plan")


class ActivityList(Endpoint):
    """`GET ?object=lead&record=…&kind=call&owner=…&since=…&until=…`: the newest first, in pages."""

    scopes = {"GET": "records:read"}

    def get(self, request: Request) -> HttpResponse:
        asked = request.query_params
        object_name, record_id = asked.get("object") or None, asked.get("record") or None
        if (object_name is None) != (record_id is None):
            raise ValidationFailed.single("record", "required", _("Name a record by its object and id."))
        filters = filters_of(asked, usual=ACTIVITIES)
        if filters.kind == CHANGES:
            raise ValidationFailed.single("kind", "invalid_choice", _("There is no such kind of activity."))
        return _page(request, Timeline(self.actor, object_name, record_id, filters))


class RecordTimeline(Endpoint):
    """`GET`: activities about a record together with its changes."""

    scopes = {"GET": "records:read"}

    def get(self, request: Request, object_name: str, record_id: uuid.UUID) -> HttpResponse:
        filters = filters_of(request.query_params)
        return _page(request, Timeline(self.actor, object_name, record_id, filters))


class Feed(Endpoint):
    """`GET ?kind=…&since=…&until=…`: what has happened around the caller's own records, the newest first, in pages.

    Own are those that he owns or on whose team he is; activities are his, about such a record, or mention him.
    """

    scopes = {"GET": "records:read"}

    def get(self, request: Request) -> HttpResponse:
        asked = request.query_params
        page = Stream(self.actor, filters_of({**asked.dict(), "owner": ""})).page(
            _limit(request), asked.get("cursor") or None
        )
        told = [{**_told(item.entry), "about": _linked(item.about)} for item in page.entries]
        more = {"next_cursor": page.next_cursor, "has_more": page.next_cursor is not None}
        return json_response({"data": told, "page": more})


class ActivityLog(Endpoint):
    """`POST {"object": "lead", "id": …, "content": …, "method": "phone", "next_contact_at": …, "mentions": […]}`."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request) -> HttpResponse:
        def work() -> HttpResponse:
            object_name, record_id, given = _follow_up(members(request.data))
            dry_run = self.is_dry_run(request)
            logged = log_follow_up(self.actor, object_name, record_id, given, dry_run=dry_run)
            body = {"follow_up": _saved(logged.record), "task": _saved(logged.task) if logged.task else None}
            return json_response({"dry_run": True, **body} if dry_run else body, 200 if dry_run else 201)

        return self.write(request, work)


class TaskComplete(Endpoint):
    """`POST`: mark a task as done; `{"done": false}` takes that back."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request, task_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            given = members(request.data or {})
            is_done = given.get("done", True)
            refuse_unknown(given, frozenset({"done"}))
            if not isinstance(is_done, bool):
                raise ValidationFailed.single("done", "invalid_type", _("True or false."))
            if is_done:
                saved = complete_task(self.actor, task_id, expected_version=expected_version(request))
            else:
                saved = reopen_task(self.actor, task_id)
            return json_response(_saved(saved), etag=str(saved.version))

        return self.write(request, work)


class Calendar(Endpoint):
    """`GET ?from=2026-11-01&to=2026-11-30&owner=…|all&kind=visit`: what stands between two days; usually one's own."""

    scopes = {"GET": "records:read"}

    def get(self, request: Request) -> HttpResponse:
        asked = request.query_params
        first, last = _day(asked, "from"), _day(asked, "to")
        if not 0 <= (last - first).days < MAX_DAYS:
            message = _("Between 1 and %(max)d days.") % {"max": MAX_DAYS}
            raise ValidationFailed.single("to", "out_of_range", message, max=MAX_DAYS)
        kind, owner = asked.get("kind", ""), asked.get("owner", "")
        if kind and kind not in {item.key for item in KINDS}:
            raise ValidationFailed.single("kind", "invalid_choice", _("There is no such kind of entry."))
        is_all = owner == "all"
        who = None if is_all else _id(asked, "owner")
        found = calendar(self.actor, first, last, owner=who, everybody=is_all, kind=kind)
        return json_response({"data": [_shown(entry) for entry in found]})


class FreeBusy(Endpoint):
    """`GET ?users=…,…&from=2026-11-01T08:00:00Z&to=…`: when people are busy by their events, not with what."""

    scopes = {"GET": "records:read"}

    def get(self, request: Request) -> HttpResponse:
        asked = request.query_params
        people = [_id({"users": text.strip()}, "users") for text in asked.get("users", "").split(",") if text.strip()]
        since, until = _moment(asked, "from"), _moment(asked, "to")
        for name, moment in (("from", since), ("to", until)):
            if moment is None:
                raise ValidationFailed.single(name, "required", _("A value is required."), pointer=name)
        assert since is not None and until is not None
        found = free_busy(self.actor, list(dict.fromkeys(filter(None, people))), since, until)
        told = [{"user_id": person, "busy": [_busy(period) for period in periods]} for person, periods in found.items()]
        return json_response({"data": told})


def filters_of(asked: Mapping[str, str], usual: str = "") -> Filters:
    """Return what the parameters of an address ask for; raises ValidationFailed."""
    return Filters(asked.get("kind") or usual, _id(asked, "owner"), _moment(asked, "since"), _moment(asked, "until"))


def _page(request: Request, timeline: Timeline) -> HttpResponse:
    page = timeline.page(_limit(request), request.query_params.get("cursor") or None)
    more = {"next_cursor": page.next_cursor, "has_more": page.next_cursor is not None}
    return json_response({"data": [_told(entry) for entry in page.entries], "page": more})


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "50")
    return int(text) if text.isdigit() and len(text) < 5 else 50


def _told(entry: Entry) -> dict[str, Any]:
    """Return an activity or a change in the form of the API."""
    if entry.change is not None:
        change = entry.change
        changes = [
            {"field": item.name, "label": item.label, "old": item.old, "new": item.new} for item in change.changes
        ]
        who = {"id": str(change.actor_id) if change.actor_id else None, "name": change.actor_name}
        return {"kind": "change", "at": _utc(entry.at), "action": change.action, "by": who, "changes": changes}
    source, row = entry.source, entry.row
    assert source is not None
    assert row is not None
    return {
        "kind": entry.kind,
        "at": _utc(entry.at),
        "id": str(row.id),
        "version": row.version,
        "title": cells.title(source.desk, row.values),
        "type": row.values.get(source.tag) if source.tag else None,
        "text": source.text(row, source.body),
        "owner": _linked(entry.owner),
        "about": _linked(source.subject(row)),
    }


def _busy(period: Period) -> dict[str, str]:
    return {"from": _utc(period[0]), "to": _utc(period[1])}


def _shown(entry: CalendarEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "object": entry.desk.name,
        "id": str(entry.id),
        "title": entry.title,
        "day": entry.day.isoformat(),
        "last_day": entry.last_day.isoformat(),
        "starts_at": _utc(entry.start) if entry.start else None,
        "ends_at": _utc(entry.end) if entry.end else None,
        "status": entry.status or None,
        "owner": _linked(entry.owner),
    }


def _follow_up(given: Mapping[str, Any]) -> tuple[str, Any, FollowUpInput]:
    refuse_unknown(given, MEMBERS)
    for name in ("object", "id", "content"):
        if not given.get(name):
            raise ValidationFailed.single(name, "required", _("A value is required."))
    if any(not isinstance(given.get(name, ""), str) for name in ("object", *TEXTS)):
        raise ValidationFailed.single("content", "invalid_type", _("Enter text."))
    for name in LISTS:
        if not isinstance(given.get(name, []), list):
            raise ValidationFailed.single(name, "invalid_type", _("Send a JSON array."))
    rest = {name: value for name, value in given.items() if name not in ("object", "id") and value is not None}
    return given["object"], given["id"], FollowUpInput(**rest)


def _saved(saved: SavedRecord) -> dict[str, Any]:
    return {"object": saved.object, "id": str(saved.id), "version": saved.version}


def _linked(link: Reference | None) -> dict[str, Any] | None:
    return {"object": link.object, "id": str(link.id), "name": link.name or None} if link else None


def _id(asked: Mapping[str, str], name: str) -> uuid.UUID | None:
    text = asked.get(name, "")
    found = parse_uuid(text) if text else None
    if text and found is None:
        raise ValidationFailed.single(name, "invalid_reference", _("Enter an ID."))
    return found


def _moment(asked: Mapping[str, str], name: str) -> datetime | None:
    text = asked.get(name, "")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise ValidationFailed.single(name, "invalid_type", _("Enter a date and time with its zone.")) from None
    if found.tzinfo is None:
        raise ValidationFailed.single(name, "naive_datetime", _("Enter a date and time with its zone."))
    return found


def _day(asked: Mapping[str, str], name: str) -> date:
    text = asked.get(name, "")
    if not text:
        today = timezone.now().date()
        return today if name == "from" else today + timedelta(days=30)
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ValidationFailed.single(name, "invalid_type", _("Enter a day such as 2026-01-05.")) from None
    if not date(1900, 1, 1) < found < date(2200, 1, 1):
        raise ValidationFailed.single(name, "out_of_range", _("The date is outside the calendar."))
    return found


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
