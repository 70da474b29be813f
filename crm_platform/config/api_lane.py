"""The short way of a program: a request that comes with an API key meets no middleware that is for pages."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import get_resolver
from django.utils import timezone, translation

PREFIX, ADDRESSES = "/api/v1/", "openapi.v1.urls"
HEADERS = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class ApiLane:
    """Calls the endpoint itself when a request to the Open API brings a key: everything below is passed by.

    Sessions, CSRF tokens, messages, nonces and htmx are matters of browsers; together they cost as much as
    reading a page of records. A request without a key (the console's own) goes the usual way. Endpoints answer
    their errors themselves, and are exempt from CSRF where a key signs the request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not (request.path_info.startswith(PREFIX) and "HTTP_AUTHORIZATION" in request.META):
            return self.get_response(request)
        match = get_resolver(ADDRESSES).resolve(request.path_info[len(PREFIX) - 1 :])
        request.resolver_match = match
        try:
            response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
        finally:
            translation.deactivate()
            timezone.deactivate()
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))  # type: ignore[attr-defined]
        return response
