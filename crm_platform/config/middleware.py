"""The outermost middleware: names every request and writes one log line about it."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from crm_platform.identity import throttle
from crm_platform.kit.context import client_address, request_id

log = logging.getLogger("crm.request")
ACCEPTED_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
# Addresses that are secrets: whoever knows one can send to an intake, or read a calendar.
SECRET = re.compile(r"^(/api/v1/(?:public/[a-z]+|calendar/feeds)/)[^/]+")
QUIET = ("/health/", "/static/")  # asked for all day long by probes and pages; logged only when they fail


class RequestLogMiddleware:
    """Takes or makes the request id, returns it as `X-Request-Id`, logs method, path, status and time.

    The query string is not logged: it may hold what people search for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        offered = request.headers.get("X-Request-Id", "")
        token = request_id.set(offered if ACCEPTED_ID.match(offered) else uuid.uuid4().hex)
        address = client_address.set(throttle.client_address(request))
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers["X-Request-Id"] = request_id.get()
            if response.status_code >= 400 or not request.path.startswith(QUIET):
                _log(request, response, started)
            return response
        finally:
            client_address.reset(address)
            request_id.reset(token)


def _log(request: HttpRequest, response: HttpResponseBase, started: float) -> None:
    """Write the line past `log.info`, which would look for its caller first: a walk up the stack of all middleware."""
    if log.isEnabledFor(logging.INFO):
        args, members = (request.method, _path(request), response.status_code), _members(request, response, started)
        log.handle(log.makeRecord(log.name, logging.INFO, __file__, 0, "%s %s %s", args, None, extra=members))


def _path(request: HttpRequest) -> str:
    return SECRET.sub(r"\1…", request.path)


def _members(request: HttpRequest, response: HttpResponseBase, started: float) -> dict[str, Any]:
    organization = getattr(request, "organization", None)
    actor = getattr(request, "actor", None)
    return {
        "method": request.method,
        "path": _path(request),
        "status": response.status_code,
        "ms": round((time.perf_counter() - started) * 1000, 1),
        "organization": organization.slug if organization else None,
        "user_id": str(actor.user_id) if actor and actor.user_id else None,
        "via": actor.via if actor else None,
    }
