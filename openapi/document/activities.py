"""The operations and schemas of activities, tasks and the calendar."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from openapi.document.operations import META_ERRORS, WRITE, Operation
from openapi.document.shapes import DAY, ID, MOMENT, NO_MOMENT, NO_TEXT, TEXT

_LINK: dict[str, Any] = {
    "type": ["object", "null"],
    "properties": {"object": TEXT, "id": ID, "name": NO_TEXT},
}
_SAVED: dict[str, Any] = {"type": "object", "properties": {"object": TEXT, "id": ID, "version": {"type": "integer"}}}
_FEED: dict[str, Any] = {
    "type": ["object", "null"],
    "properties": {"created_at": MOMENT, "last_read_at": NO_MOMENT},
}
_DEGREES: dict[str, Any] = {"type": ["number", "string"]}
READ, CHANGE, FEED, TAGS = "records:read", "records:write", "calendar", ("activities",)
_NARROWED = ("ActivityKind", "ActivityOwner", "Since", "Until", "Limit", "Cursor")


def _query(name: str, schema: dict[str, Any], description: str = "") -> dict[str, Any]:
    told = {"description": description} if description else {}
    return {"name": name, "in": "query", "schema": schema, **told}


ACTIVITY_PARAMETERS: dict[str, Any] = {
    "ActivityObject": _query("object", TEXT, "With record: only activities about this record."),
    "ActivityRecord": _query("record", ID),
    "ActivityKind": _query("kind", TEXT, "activities, changes, or the API name of an activity object."),
    "ActivityOwner": _query("owner", ID, "Whose activities, or who made the changes."),
    "Since": _query("since", MOMENT),
    "Until": _query("until", MOMENT, "Excluded."),
    "BusyUsers": {**_query("users", TEXT, "At most 20, separated by commas."), "required": True},
    "BusyFrom": {**_query("from", MOMENT), "required": True},
    "BusyTo": {**_query("to", MOMENT, "Excluded; at most 62 days later."), "required": True},
    "CalendarFrom": _query("from", DAY),
    "CalendarTo": _query("to", DAY, "Included; at most 100 days."),
    "CalendarOwner": _query("owner", TEXT, "A user, all for everybody within reach, oneself if not given."),
    "CalendarToken": {"name": "token", "in": "path", "required": True, "schema": TEXT},
    "CalendarKind": _query("kind", {"enum": ["event", "visit", "task", "next_contact"]}),
}

ACTIVITY_OPERATIONS = (
    Operation(
        "get",
        "/activities",
        "list_activities",
        _("List activities of all kinds, the newest first"),
        READ,
        ("ActivityObject", "ActivityRecord", *_NARROWED),
        answer="Timeline",
        tags=TAGS,
    ),
    Operation(
        "get",
        "/feed",
        "get_feed",
        _("What has happened where the caller owns, is on the team or is mentioned: 90 days, the newest first"),
        READ,
        ("ActivityKind", "Since", "Until", "Limit", "Cursor"),
        answer="Timeline",
        tags=TAGS,
    ),
    Operation(
        "post",
        "/activities/log",
        "log_follow_up",
        _("Write down a follow-up, with a task for the next contact"),
        CHANGE,
        WRITE,
        body="FollowUpInput",
        answer="FollowUpLogged",
        status=201,
        tags=TAGS,
    ),
    Operation(
        "post",
        "/tasks/{id}/complete",
        "complete_task",
        _("Mark a task as done, or take that back"),
        CHANGE,
        ("Id", "IdempotencyKey"),
        body="TaskDone",
        answer="Written",
        tags=TAGS,
    ),
    Operation(
        "post",
        "/visits/{id}/check-in",
        "check_in_visit",
        _("Arrive at a planned visit, by the server's clock"),
        CHANGE,
        ("Id", "IfMatch", *WRITE),
        body="VisitPlace",
        answer="VisitPassed",
        tags=TAGS,
        errors=META_ERRORS,
    ),
    Operation(
        "post",
        "/visits/{id}/check-out",
        "check_out_visit",
        _("Leave a visit, which is done then"),
        CHANGE,
        ("Id", "IfMatch", *WRITE),
        body="VisitPlace",
        answer="VisitPassed",
        tags=TAGS,
        errors=META_ERRORS,
    ),
    Operation(
        "get",
        "/calendar",
        "get_calendar",
        _("What stands in the calendar between two days"),
        READ,
        ("CalendarFrom", "CalendarTo", "CalendarOwner", "CalendarKind"),
        answer="CalendarEntries",
        tags=TAGS,
    ),
    Operation(
        "get",
        "/calendar/feed",
        "get_calendar_feed",
        _("Whether the caller's calendar can be subscribed to"),
        FEED,
        answer="CalendarFeed",
        tags=TAGS,
    ),
    Operation(
        "post",
        "/calendar/feed",
        "make_calendar_feed",
        _("Make the address from which programs read the caller's calendar, told once; the one before ends"),
        FEED,
        ("DryRun",),
        answer="NewCalendarFeed",
        status=201,
        tags=TAGS,
    ),
    Operation(
        "delete",
        "/calendar/feed",
        "end_calendar_feed",
        _("End the address of the caller's calendar"),
        FEED,
        ("DryRun",),
        answer="CalendarFeedEnd",
        tags=TAGS,
    ),
    Operation(
        "get",
        "/calendar/feeds/{token}.ics",
        "read_calendar_feed",
        _("Somebody's calendar for other programs (iCalendar); without a key"),
        None,
        ("CalendarToken", "IfNoneMatch"),
        answer="CalendarFile",
        answer_type="text/calendar",
        tags=TAGS,
        errors=(404, 429, 503),
    ),
    Operation(
        "get",
        "/calendar/free-busy",
        "get_free_busy",
        _("When people are busy by their events, not with what"),
        READ,
        ("BusyUsers", "BusyFrom", "BusyTo"),
        answer="FreeBusy",
        tags=TAGS,
    ),
)
RECORD_ACTIVITY_OPERATIONS = (
    Operation(
        "get",
        "/records/{object}/{id}/timeline",
        "get_{object}_timeline",
        _("Activities about a record together with its changes"),
        READ,
        ("Id", *_NARROWED),
        answer="Timeline",
    ),
)

ACTIVITY_SCHEMAS: dict[str, Any] = {
    "Timeline": {
        "type": "object",
        "properties": {
            "data": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["kind", "at"],
                    "properties": {
                        "kind": {"type": "string", "description": "The activity object, or change."},
                        "at": MOMENT,
                        "id": ID,
                        "version": {"type": "integer"},
                        "title": TEXT,
                        "type": NO_TEXT,
                        "text": TEXT,
                        "owner": _LINK,
                        "about": _LINK,
                        "action": TEXT,
                        "by": {"type": "object", "properties": {"id": NO_TEXT, "name": TEXT}},
                        "changes": {"type": "array", "items": {"type": "object"}},
                    },
                },
            },
            "page": {
                "type": "object",
                "properties": {"next_cursor": NO_TEXT, "has_more": {"type": "boolean"}},
            },
        },
    },
    "FollowUpInput": {
        "type": "object",
        "required": ["object", "id", "content"],
        "additionalProperties": False,
        "properties": {
            "object": TEXT,
            "id": ID,
            "content": TEXT,
            "method": TEXT,
            "contact_id": ID,
            "files": {"type": "array", "items": ID},
            "mentions": {"type": "array", "items": ID, "description": "Users within the caller's contact scope."},
            "next_contact_at": MOMENT,
            "next_plan": TEXT,
            "followed_up_at": MOMENT,
        },
    },
    "FollowUpLogged": {
        "type": "object",
        "properties": {"follow_up": _SAVED, "task": {**_SAVED, "type": ["object", "null"]}},
    },
    "TaskDone": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"done": {"type": "boolean", "default": True}},
    },
    "Written": _SAVED,
    "VisitPlace": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"lat": _DEGREES, "lng": _DEGREES, "address": TEXT, "device": TEXT},
        "description": "Where visits have check-in fields: the first keeps arrivals, the second departures",
    },
    "VisitPassed": {
        "type": "object",
        "properties": {
            **_SAVED["properties"],
            "status": {"enum": ["checked_in", "done"]},
            "at": MOMENT,
            "place": {"type": ["object", "null"], "description": "With distance_m, where it is measured"},
        },
    },
    "FreeBusy": {
        "type": "object",
        "properties": {
            "data": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "user_id": ID,
                        "busy": {
                            "type": "array",
                            "items": {"type": "object", "properties": {"from": MOMENT, "to": MOMENT}},
                        },
                    },
                },
            }
        },
    },
    "CalendarFeed": {"type": "object", "required": ["feed"], "properties": {"feed": _FEED}},
    "NewCalendarFeed": {
        "type": "object",
        "required": ["feed"],
        "properties": {"feed": _FEED, "url": {"type": "string", "format": "uri"}, "dry_run": {"type": "boolean"}},
    },
    "CalendarFeedEnd": {
        "type": "object",
        "required": ["ended"],
        "properties": {"ended": {"type": "boolean"}, "dry_run": {"type": "boolean"}},
    },
    "CalendarFile": TEXT,
    "CalendarEntries": {
        "type": "object",
        "properties": {
            "data": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "kind": TEXT,
                        "object": TEXT,
                        "id": ID,
                        "title": TEXT,
                        "day": DAY,
                        "last_day": DAY,
                        "starts_at": NO_MOMENT,
                        "ends_at": NO_MOMENT,
                        "status": NO_TEXT,
                        "owner": _LINK,
                    },
                },
            }
        },
    },
}
