"""Every failure of the Open API as RFC 9457 problem+json, made in this one place."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions as drf

from crm_platform.kit.context import request_id
from crm_platform.kit.db import RETRYABLE, sqlstate
from crm_platform.kit.errors import FieldError, PlatformError, ValidationFailed
from crm_platform.kit.json import dumps

log = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
QUERY_CANCELED = "57014"


def problem(
    status: int, code: str, title: str, *, errors: list[dict[str, Any]] | None = None, **members: Any
) -> HttpResponse:
    """Return the answer with a problem document; `members` are added to it as they are."""
    body = problem_body(status, code, title, errors=errors, **members)
    return HttpResponse(dumps(body), status=status, content_type=CONTENT_TYPE)


def problem_body(
    status: int, code: str, title: str, *, errors: list[dict[str, Any]] | None = None, **members: Any
) -> dict[str, Any]:
    """Return a problem document."""
    body = {
        "type": f"urn:crm:error:{code}",
        "title": title,
        "status": status,
        "code": code,
        "request_id": request_id.get(),
        **members,
    }
    return {**body, "errors": errors} if errors else body


def handle(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """DRF's exception handler. Unknown errors are logged and told as 500 without any detail."""
    if isinstance(error, PlatformError):
        return from_platform(error)
    known = _from_framework(error)
    if known is not None:
        return known
    if isinstance(error, DatabaseError | InterfaceError):
        return _from_database(error)
    log.exception("unexpected error in the Open API")
    return problem(500, "internal_error", _("Something went wrong on our side."))


def from_platform(error: PlatformError) -> HttpResponse:
    """Return the answer for an expected failure."""
    response = HttpResponse(dumps(failure_body(error)), status=error.status, content_type=CONTENT_TYPE)
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    if "retry_after" in error.details:
        response["Retry-After"] = str(error.details["retry_after"])
    if "current_version" in error.details:
        response["ETag"] = f'"{error.details["current_version"]}"'
    return response


def failure_body(error: PlatformError) -> dict[str, Any]:
    """Return the problem document of an expected failure, with one entry per field error."""
    errors = [field_error(item) for item in error.errors] if isinstance(error, ValidationFailed) else None
    code = _only_code(error) if isinstance(error, ValidationFailed) else error.code
    members = {name: value for name, value in error.details.items() if isinstance(value, str | int | list)}
    return problem_body(error.status, code, str(error.message), errors=errors, **members)


def field_error(error: FieldError) -> dict[str, Any]:
    """Return one entry of `errors`. A pointer begins with `#/fields/`, or is the query parameter's name."""
    params = dict(error.params)
    pointer = params.pop("pointer", None) or (f"#/fields/{error.field}" if error.field else "#")
    entry = {"pointer": pointer, "code": error.code, "message": error.text}
    entry |= {name: params.pop(name) for name in ("rule", "severity") if name in params}
    return {**entry, "params": params} if params else entry


def _only_code(error: ValidationFailed) -> str:
    codes = {item.code for item in error.errors}
    return codes.pop() if len(codes) == 1 else error.code


def _from_framework(error: Exception) -> HttpResponse | None:
    if isinstance(error, Http404 | drf.NotFound):
        return problem(404, "not_found", _("Not found."))
    if isinstance(error, drf.AuthenticationFailed | drf.NotAuthenticated):
        response = problem(401, "not_authenticated", _("Sign in or send a valid key."))
        response["WWW-Authenticate"] = 'Bearer realm="api"'
        return response
    if isinstance(error, PermissionDenied | drf.PermissionDenied):
        return problem(403, "forbidden", _("You are not allowed to do this."))
    if isinstance(error, drf.MethodNotAllowed):
        return problem(405, "method_not_allowed", _("This method is not available here."))
    if isinstance(error, drf.NotAcceptable):
        return problem(406, "not_acceptable", _("Only application/json can be sent."))
    if isinstance(error, drf.UnsupportedMediaType):
        return problem(415, "unsupported_media_type", _("Send application/json."))
    if isinstance(error, RequestDataTooBig):
        return problem(413, "payload_too_large", _("The request is too large."))
    if isinstance(error, drf.ParseError):
        return problem(400, "malformed", str(error.detail))
    return None


def _from_database(error: Exception) -> HttpResponse:
    """A database that is busy or away is a matter of trying again, never of showing its words."""
    state = sqlstate(error)
    if state == QUERY_CANCELED:
        return problem(422, "query_timeout", _("The query took too long. Narrow it, or ask for fewer fields."))
    if state in RETRYABLE or isinstance(error, OperationalError | InterfaceError):
        response = problem(503, "unavailable", _("The database is busy. Try again in a moment."))
        response["Retry-After"] = "1"
        return response
    log.exception("database error in the Open API")
    return problem(500, "internal_error", _("Something went wrong on our side."))
