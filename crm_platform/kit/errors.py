"""The errors that services raise; faces (pages, API, tasks) turn them into answers in one place each."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Message = str | Promise

_PLACEHOLDER = re.compile(r"%\((?P<name>\w+)\)[sd]|%%")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with the input.

    `field` is the API name of the field (None: the record as a whole); `code` is one of the stable codes of
    the Open API; `message` is for people, translated when it is shown.
    """

    field: str | None
    code: str
    message: Message
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def text(self) -> str:
        """The message as people read it, its placeholders filled in.

        What else looks like one is somebody's text, which a message may quote: it stays as it is.
        """
        text = str(self.message)
        return _PLACEHOLDER.sub(self._filled, text) if self.params else text

    def _filled(self, found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        return str(self.params[found["name"]]) if found["name"] in self.params else found[0]


class PlatformError(Exception):
    """Base of every expected failure: a stable `code`, an HTTP `status` and a translated message."""

    code = "error"
    status = 400
    message: Message = _("The request could not be carried out.")

    def __init__(self, message: Message | None = None, **details: Any) -> None:
        self.message = message if message is not None else self.message
        self.details: dict[str, Any] = details
        super().__init__(str(self.message))


class ValidationFailed(PlatformError):
    """The input breaks rules; `errors` lists all of them, never only the first."""

    code = "validation_failed"
    status = 422
    message = _("Some values are not valid.")

    def __init__(self, errors: Iterable[FieldError], message: Message | None = None) -> None:
        self.errors = tuple(errors)
        super().__init__(message)

    @classmethod
    def single(cls, field: str | None, code: str, message: Message, **params: Any) -> ValidationFailed:
        return cls([FieldError(field, code, message, params)])


class NotAuthenticated(PlatformError):
    code = "not_authenticated"
    status = 401
    message = _("Sign in or send a valid key.")


class Forbidden(PlatformError):
    """The caller may know the thing but not do this to it."""

    code = "forbidden"
    status = 403
    message = _("You are not allowed to do this.")


class InsufficientScope(Forbidden):
    code = "insufficient_scope"
    message = _("The key has no scope for this operation.")


class NotFound(PlatformError):
    """The thing does not exist, or the caller may not know that it does: one answer for both."""

    code = "not_found"
    status = 404
    message = _("Not found.")


class VersionConflict(PlatformError):
    """The record or definition has changed since the caller read it. `current_version` is in details."""

    code = "version_conflict"
    status = 412
    message = _("It was changed by someone else in the meantime.")


class StateConflict(PlatformError):
    """The thing is in a state that does not allow the action (deleted, in use, already done)."""

    code = "state_conflict"
    status = 409
    message = _("This is not possible in the present state.")


class RecordLocked(StateConflict):
    """The record is closed to ordinary changes: it has become another one, or waits for a decision."""

    code = "record_locked"
    status = 423
    message = _("The record is locked.")


class SchemaLocked(PlatformError):
    code = "schema_locked"
    status = 409
    message = _("Another change of the data model is being published. Try again in a moment.")


class MetadataStale(PlatformError):
    code = "metadata_stale"
    status = 409
    message = _("The data model has changed. Reload and try again.")


class QueryTooComplex(PlatformError):
    code = "query_too_complex"
    status = 422
    message = _("The query is too complex.")


class CursorExpired(PlatformError):
    code = "cursor_expired"
    status = 410
    message = _("This page link is no longer valid. Start again from the first page.")
