"""Taking a composite apart: what it asks for is judged before anything is carried out, all mistakes at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote

from django.urls import ResolverMatch, URLResolver, get_resolver
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError

from crm_platform.kit.errors import FieldError, ValidationFailed
from openapi.composite.references import ID, Unresolved, in_path, places
from openapi.v1.reading import is_storable

MOST, LONGEST_PATH, LONGEST_HEADER = 100, 8_192, 1_000
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
MEMBERS = frozenset({"id", "method", "path", "body", "headers"})
# What a request within another may say for itself; who calls, and in which language, is said by the whole.
HEADERS = {"if-match": "HTTP_IF_MATCH", "if-none-match": "HTTP_IF_NONE_MATCH", "prefer": "HTTP_PREFER"}
# What a composite may ask for, by the names of routes. Left out: composites, streams, files, imports and other jobs,
# 200 records at once, revealing, keys, sign-in, and all that settles the data model, people and their rights.
OPEN = frozenset(
    {"api-records", "api-record", "api-by-key", "api-restore", "api-record-validate", "api-transfer", "api-timeline"}
    | {"api-duplicate-check", "api-duplicates", "api-merge", "api-merge-undo"}
    | {"api-shares", "api-share", "api-team", "api-team-member", "api-access"}
    | {"api-lead-convert", "api-lead-disqualify", "api-lead-reopen"}
    | {"api-pools", "api-pool", "api-pool-records", "api-pool-record", "api-pool-claim", "api-pool-claim-next"}
    | {"api-pool-assign", "api-pool-auto-assign", "api-pool-release", "api-pool-recall", "api-pool-move"}
    | {"api-activities", "api-activity-log", "api-task-complete", "api-visit-check-in", "api-visit-check-out"}
    | {"api-calendar", "api-free-busy", "api-search", "api-me", "api-feed", "api-notifications"}
    | {"api-notifications-read"}
)
READABLE = frozenset(
    {"api-meta", "api-objects", "api-object", "api-describe", "api-fields", "api-field", "api-currencies", "api-rates"}
    | {"api-users", "api-user", "api-departments", "api-department", "api-department-tree", "api-pool-log"}
    | {"api-pool-quotas"}
)
_STRANGE = re.compile(r"[\x00-\x20\x7f\\#]|//")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PLACEHOLDERS = ("00000000-0000-7000-8000-000000000000", "1")


@dataclass(frozen=True)
class SubRequest:
    """One request of a composite, as it was sent."""

    index: int
    id: str
    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)  # by their names in META


def read_requests(body: Mapping[str, Any], *, refers: bool) -> list[SubRequest]:
    """Return the requests of a composite; raises ValidationFailed with everything that is wrong with their form.

    With `refers` they may refer to the answers to those before them.
    """
    rows = body.get("requests")
    if not isinstance(rows, list) or not rows:
        raise ParseError(_('Send {"requests": [{"id": …, "method": …, "path": …}]}.'))
    if len(rows) > MOST:
        message = _("At most %(max)d requests at once.")
        raise ValidationFailed.single("requests", "payload_too_large", message, max=MOST)
    if not is_storable(rows):
        message = _("The text holds a character that can't be stored.")
        raise ValidationFailed.single("requests", "invalid_type", message)
    known: set[str] = set()
    errors = [error for index, row in enumerate(rows) for error in _problems(index, row, known, refers)]
    if errors:
        raise ValidationFailed(errors)
    return [_sub_request(index, row) for index, row in enumerate(rows)]


def route_of(method: str, path: str) -> ResolverMatch | None:
    """Return where a path of this API leads, without its query; None where a composite may not ask that."""
    written = path.partition("?")[0]
    bare = unquote(written)
    if not written.startswith("/") or _STRANGE.search(written):
        return None
    if _CONTROL.search(bare) or {".", ".."} & set(bare.split("/")):
        return None
    match = _addresses().resolve(bare)
    is_open = match.url_name in OPEN or (method == "GET" and match.url_name in READABLE)
    return match if is_open else None


@cache
def _addresses() -> URLResolver:
    return get_resolver("openapi.v1.urls")


def _sub_request(index: int, row: Mapping[str, Any]) -> SubRequest:
    headers = {HEADERS[name.lower()]: text for name, text in (row.get("headers") or {}).items()}
    return SubRequest(index, row["id"], row["method"], row["path"], row.get("body"), headers)


def _problems(index: int, row: Any, known: set[str], refers: bool) -> Iterator[FieldError]:
    if not isinstance(row, dict):
        yield _error(index, "", "invalid_type", _("Send a JSON object."))
        return
    for name in sorted(row.keys() - MEMBERS):
        yield _error(index, name, "unknown_field", _("Unknown member."))
    yield from _id_problems(index, row.get("id"), known)
    yield from _address_problems(index, row, refers)
    yield from _header_problems(index, row.get("headers"))
    if row.get("method") == "GET" and row.get("body") is not None:
        yield _error(index, "body", "invalid_type", _("GET has no body."))
    if refers:
        for member in ("path", "body"):
            yield from _reference_problems(index, member, row.get(member), known)
    if isinstance(row.get("id"), str):
        known.add(row["id"])


def _id_problems(index: int, name: Any, known: set[str]) -> Iterator[FieldError]:
    if not isinstance(name, str) or ID.fullmatch(name) is None:
        yield _error(index, "id", "invalid_type", _("A letter, then letters, digits, - and _: at most 40."))
    elif name in known:
        yield _error(index, "id", "not_unique", _("Another request has this ID."))


def _address_problems(index: int, row: Mapping[str, Any], refers: bool) -> Iterator[FieldError]:
    method, path = row.get("method"), row.get("path")
    if not isinstance(method, str) or method not in METHODS:
        yield _error(index, "method", "invalid_choice", _("GET, POST, PUT, PATCH or DELETE."))
    elif not isinstance(path, str) or len(path) > LONGEST_PATH:
        yield _error(index, "path", "invalid_type", _("A path below /api/v1, such as /records/account."))
    elif not any(route_of(method, in_path(path, item) if refers else path) for item in _PLACEHOLDERS):
        message = _("A composite can't ask for this. It takes paths below /api/v1 that read and write records.")
        yield _error(index, "path", "invalid_choice", message)


def _header_problems(index: int, headers: Any) -> Iterator[FieldError]:
    if headers is None:
        return
    if not isinstance(headers, dict):
        yield _error(index, "headers", "invalid_type", _("Send a JSON object."))
        return
    for name, text in headers.items():
        if name.lower() not in HEADERS:
            message = _("Only If-Match, If-None-Match and Prefer can be sent with a single request.")
            yield _error(index, f"headers/{name[:80]}", "unknown_field", message)
        elif not isinstance(text, str) or len(text) > LONGEST_HEADER or not text.isprintable():
            yield _error(index, f"headers/{name}", "invalid_type", _("Enter text."))


def _reference_problems(index: int, member: str, value: Any, known: set[str]) -> Iterator[FieldError]:
    try:
        for place in places(value):
            if place.id not in known:
                message = _("“%(reference)s” names no request before this one.")
                yield _error(index, member, "invalid_reference", message, reference=place.text[:80])
    except Unresolved as error:
        yield _error(index, member, error.code, error.message)


def _error(index: int, member: str, code: str, message: Any, **params: Any) -> FieldError:
    pointer = f"#/requests/{index}/{member}" if member else f"#/requests/{index}"
    return FieldError("requests", code, message, {"pointer": pointer, **params})
