"""The operations and schemas of activities, tasks and the calendar."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from openapi.document.operations import META_ERRORS, WRITE, Operation

_ID: dict[str, Any] = {"type": "string", "format": "uuid"}
_TEXT: dict[str, Any] = {"type": "string"}
_NO_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_DAY: dict[str, Any] = {"type": "string", "format": "date"}
_MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}
_NO_MOMENT: dict[str, Any] = {"type": ["string", "null"], "format": "date-time"}
_LINK: dict[str, Any] = {
    "type": ["object", "null"],
    "properties": {"object": _TEXT, "id": _ID, "name": _NO_TEXT},
}
_SAVED: dict[str, Any] = {"type": "object", "properties": {"object": _TEXT, "id": _ID, "version": {"type": "integer"}}}
_FEED: dict[str, Any] = {
    "type": ["object", "null"],
    "properties": {"created_at": _MOMENT, "last_read_at": _NO_MOMENT},
}
_DEGREES: dict[str, Any] = {"type": ["number", "string"]}
READ, CHANGE, FEED, TAGS = "records:read", "records:write", "calendar", ("activities",)
_NARROWED = ("ActivityKind", "ActivityOwner", "Since", "Until", "Limit", "Cursor")


def _query(name: str, schema: dict[str, Any], description: str = "") -> dict[str, Any]:
    told = {"description": description} if description else {}
    return {"name": name, "in": "query", "schema": schema, **told}


ACTIVITY_PARAMETERS: dict[str, Any] = {
    "ActivityObject": _query("object", _TEXT, "With record: only activities about this record."),
    "ActivityRecord": _query("record", _ID),
    "ActivityKind": _query("kind", _TEXT, "activities, changes, or the API name of an activity object."),
    "ActivityOwner": _query("owner", _ID, "Whose activities, or who made the changes."),
    "Since": _query("since", _MOMENT),
    "Until": _query("until", _MOMENT, "Excluded."),
    "BusyUsers": {**_query("users", _TEXT, "At most 20, separated by commas."), "required": True},
    "BusyFrom": {**_query("from", _MOMENT), "required": True},
    "BusyTo": {**_query("to", _MOMENT, "Excluded; at most 62 days later."), "required": True},
    "CalendarFrom": _query("from", _DAY),
    "CalendarTo": _query("to", _DAY, "Included; at most 100 days."),
    "CalendarOwner": _query("owner", _TEXT, "A user, all for everybody within reach, oneself if not given."),
    "CalendarToken": {"name": "token", "in": "path", "required": True, "schema": _TEXT},
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
                        "at": _MOMENT,
                        "id": _ID,
                        "version": {"type": "integer"},
                        "title": _TEXT,
                        "type": _NO_TEXT,
                        "text": _TEXT,
                        "owner": _LINK,
                        "about": _LINK,
                        "action": _TEXT,
                        "by": {"type": "object", "properties": {"id": _NO_TEXT, "name": _TEXT}},
                        "changes": {"type": "array", "items": {"type": "object"}},
                    },
                },
            },
            "page": {
                "type": "object",
                "properties": {"next_cursor": _NO_TEXT, "has_more": {"type": "boolean"}},
            },
        },
    },
    "FollowUpInput": {
        "type": "object",
        "required": ["object", "id", "content"],
        "additionalProperties": False,
        "properties": {
            "object": _TEXT,
            "id": _ID,
            "content": _TEXT,
            "method": _TEXT,
            "contact_id": _ID,
            "files": {"type": "array", "items": _ID},
            "mentions": {"type": "array", "items": _ID, "description": "Users within the caller's contact scope."},
            "next_contact_at": _MOMENT,
            "next_plan": _TEXT,
            "followed_up_at": _MOMENT,
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
        "properties": {"lat": _DEGREES, "lng": _DEGREES, "address": _TEXT, "device": _TEXT},
        "description": "Where visits have check-in fields: the first keeps arrivals, the second departures",
    },
    "VisitPassed": {
        "type": "object",
        "properties": {
            **_SAVED["properties"],
            "status": {"enum": ["checked_in", "done"]},
            "at": _MOMENT,
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
                        "user_id": _ID,
                        "busy": {
                            "type": "array",
                            "items": {"type": "object", "properties": {"from": _MOMENT, "to": _MOMENT}},
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
    "CalendarFile": _TEXT,
    "CalendarEntries": {
        "type": "object",
        "properties": {
            "data": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "kind": _TEXT,
                        "object": _TEXT,
                        "id": _ID,
                        "title": _TEXT,
                        "day": _DAY,
                        "last_day": _DAY,
                        "starts_at": _NO_MOMENT,
                        "ends_at": _NO_MOMENT,
                        "status": _NO_TEXT,
                        "owner": _LINK,
                    },
                },
            }
        },
    },
}
