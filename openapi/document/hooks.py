"""The operations and schemas of inbound hooks and mailboxes."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from openapi.document.operations import WRITE, Operation
from openapi.document.shapes import FLAG, ID, NO_ID, NO_MOMENT, TEXT

_CHANGE_ERRORS = (400, 401, 403, 404, 406, 409, 412, 413, 415, 422, 429, 503)


def _settled(path: str, names: tuple[str, str], stem: str, words: tuple[Promise, ...]) -> tuple[Operation, ...]:
    """Return the operations by which sources of a kind are settled."""
    single, plural = names
    one, read, change, tags = f"{path}/{{id}}", "meta:read", "meta:write", (plural,)
    listed, made, told, changed, deleted = words
    create: dict[str, Any] = {"body": f"{stem}Input", "answer": stem, "status": 201}
    update: dict[str, Any] = {"body": f"{stem}Changes", "answer": stem, "errors": _CHANGE_ERRORS}
    matched = ("Id", "IfMatch", *WRITE)
    return (
        Operation("get", path, f"list_{plural}", listed, read, answer=f"{stem}List", tags=tags),
        Operation("post", path, f"create_{single}", made, change, WRITE, tags=tags, **create),
        Operation("get", one, f"get_{single}", told, read, ("Id",), answer=stem, tags=tags),
        Operation("patch", one, f"update_{single}", changed, change, matched, tags=tags, **update),
        Operation("delete", one, f"delete_{single}", deleted, change, ("Id", *WRITE), tags=tags),
    )


def _logged(path: str, name: str, stem: str, tag: str, words: tuple[Promise, Promise]) -> tuple[Operation, ...]:
    """Return the operations about what came in."""
    one = f"{path}/{{submission}}/release"
    filters, named = ("Id", "SubmissionState", "Cursor"), ("Id", "Submission", *WRITE)
    arrival, all_of = f"{stem}Arrival", f"{stem}ArrivalList"
    reading, writing, (listed, released) = "records:read", "records:write", words
    return (
        Operation("get", path, f"list_{name}_arrivals", listed, reading, filters, answer=all_of, tags=(tag,)),
        Operation("post", one, f"release_{name}_arrival", released, writing, named, answer=arrival, tags=(tag,)),
    )


HOOK_OPERATIONS = (
    *_settled(
        "/hooks",
        ("hook", "hooks"),
        "Hook",
        (
            _("List the inbound hooks"),
            _("Create an inbound hook"),
            _("Get an inbound hook"),
            _("Change an inbound hook"),
            _("Delete an inbound hook"),
        ),
    ),
    *_logged(
        "/hooks/{id}/deliveries",
        "hook",
        "Hook",
        "hooks",
        (_("List what came through an inbound hook"), _("Make the record of what was held back")),
    ),
    Operation(
        "post",
        "/hooks/{id}/try",
        "try_hook",
        _("Try what would become of a document"),
        "meta:write",
        ("Id",),
        body="HookTrialInput",
        answer="HookTrial",
        tags=("hooks",),
    ),
    Operation(
        "post",
        "/public/hooks/{token}",
        "send_public_hook",
        _("Post a document of any shape; without a key, signed where the hook asks so"),
        None,
        ("FormToken", "HookSignatureTime", "HookSignature"),
        body="HookDocument",
        answer="HookReceipt",
        status=201,
        tags=("hooks",),
    ),
    *_settled(
        "/inbound-addresses",
        ("mailbox", "mailboxes"),
        "Mailbox",
        (
            _("List the mailboxes that are read, and the addresses to which mails are posted"),
            _("Connect a mailbox, or make an address to which mails are posted"),
            _("Get a mailbox"),
            _("Change a mailbox"),
            _("Disconnect a mailbox"),
        ),
    ),
    *_logged(
        "/inbound-addresses/{id}/messages",
        "mailbox",
        "Mailbox",
        "mailboxes",
        (_("List what was read from a mailbox"), _("Make the record of a mail that was held back or passed over")),
    ),
    Operation(
        "post",
        "/inbound-addresses/{id}/try",
        "try_mailbox",
        _("Try the connection to a mailbox"),
        "meta:write",
        ("Id",),
        answer="MailboxTrial",
        tags=("mailboxes",),
    ),
    Operation(
        "post",
        "/public/email/{token}",
        "post_public_email",
        _("Post a whole mail (MIME); without a key"),
        None,
        ("FormToken",),
        body="MailSource",
        body_type="message/rfc822",
        answer="MailReceipt",
        status=202,
        tags=("mailboxes",),
    ),
)
HOOK_PARAMETERS: dict[str, Any] = {
    "HookSignatureTime": {
        "name": "X-Crm-Timestamp",
        "in": "header",
        "schema": {"type": "integer"},
        "description": "Unix time, within 300 seconds of ours",
    },
    "HookSignature": {
        "name": "X-Crm-Signature",
        "in": "header",
        "schema": TEXT,
        "description": "hex HMAC-SHA256 of `timestamp.body` with the hook's secret",
    },
}


def _object(properties: dict[str, Any], *required: str, is_input: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        made["required"] = list(required)
    return {**made, "additionalProperties": False} if is_input else made


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas(stem: str, own: dict[str, Any], told: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas of a kind of source: `own` are its members, `told` those that are only read."""
    settings = {
        **dict.fromkeys(("label",), TEXT),
        "pool_id": NO_ID,
        "owner_id": NO_ID,
        "duplicates": {"enum": ["allow", "attach", "refuse"]},
        "is_active": FLAG,
        "mapping": {"type": "array", "maxItems": 60, "items": _ref("IntakeMapping")},
        **own,
    }
    read = {name: schema for name, schema in settings.items() if not schema.get("writeOnly")}
    arrival = {
        "id": ID,
        "at": {"type": "string", "format": "date-time"},
        "state": {"enum": ["accepted", "attached", "held", "refused"]},
        **dict.fromkeys(("reason", "detail", "record_object"), TEXT),
        "values": {"type": "object"},
        "record_id": NO_ID,
        **extra,
    }
    return {
        stem: _object({"id": ID, "object": TEXT, **read, **told, "version": {"type": "integer"}}),
        f"{stem}List": _object({"data": {"type": "array", "items": _ref(stem)}}),
        f"{stem}Input": _object({"object": TEXT, **settings}, "object", "label", is_input=True),
        f"{stem}Changes": _object(settings, is_input=True),
        f"{stem}Arrival": _object(arrival),
        f"{stem}ArrivalList": _object(
            {"data": {"type": "array", "items": _ref(f"{stem}Arrival")}, "page": _ref("PageInfo")}
        ),
    }


HOOK_SCHEMAS: dict[str, Any] = {
    "IntakeMapping": _object(
        {
            **dict.fromkeys(("field", "path", "constant", "default"), TEXT),
            "values": {"type": "object", "additionalProperties": TEXT},
        },
        "field",
        is_input=True,
    ),
    **_schemas(
        "Hook",
        {"is_signed": FLAG, "once_path": TEXT, "once_header": TEXT},
        {"token": TEXT},
        {"body": TEXT, "is_whole": FLAG},
    ),
    **_schemas(
        "Mailbox",
        {
            "way": {"enum": ["imap", "posted"], "description": "settled when it is made"},
            **dict.fromkeys(("host", "username", "folder"), TEXT),
            "port": {"type": "integer", "minimum": 1, "maximum": 65535},
            "security": {"enum": ["tls", "starttls", "plain"]},
            "password": {**TEXT, "writeOnly": True},
            "attaches_known": FLAG,
            "reads_old": FLAG,
        },
        {
            "checked_at": NO_MOMENT,
            "next_at": NO_MOMENT,
            "error": TEXT,
            "token": {**TEXT, "description": "of `/public/email/{token}`, told once: when the address is made"},
        },
        {"sender": TEXT, "subject": TEXT},
    ),
    "HookTrialInput": _object({"document": {"type": ["object", "array"]}}, "document"),
    "HookTrial": _object(
        {
            "state": {"enum": ["accepted", "attached", "held", "refused"]},
            "reason": TEXT,
            "values": {"type": "object"},
            "errors": {"type": "array", "items": {"type": "object"}},
        }
    ),
    "HookDocument": {"type": ["object", "array"]},
    "HookReceipt": _object({"id": ID, "state": TEXT, "record_id": NO_ID}, "id"),
    "MailSource": {
        "type": "string",
        "format": "binary",
        "description": "as it came, at most 25 MB; or a form that holds it as `body-mime` or `email`",
    },
    "MailReceipt": _object({"id": ID}, "id"),
    "MailboxTrial": _object({"messages": {"type": "integer"}}),
}
