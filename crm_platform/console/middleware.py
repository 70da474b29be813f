"""Turns expected failures of pages into answers a person can use, and carries messages to htmx requests."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import resolve_url

from crm_platform.console.htmx import add_trigger, is_fragment
from crm_platform.console.views import error_page
from crm_platform.kit.errors import NotAuthenticated, PlatformError, ValidationFailed

NUL = "%00"
LEAVE = "/sign-out"  # always open: also to those who may not be here
API_PREFIX = "/api/v1/"  # the Open API answers in problem+json by itself


class PlatformErrorMiddleware:
    """Answers a `PlatformError` of a page with an error page, a toast (htmx) or JSON (scripts).

    A page is not asked at all with NUL in its parameters: no text of PostgreSQL can hold it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NUL in request.META.get("QUERY_STRING", "") and not request.path.startswith(API_PREFIX):
            return error_page(request, 400)
        refused = getattr(request, "refused", None)
        if refused is not None and not request.path.startswith(API_PREFIX) and request.path != LEAVE:
            return self.process_exception(request, refused) or error_page(request, refused.status)
        response = self.get_response(request)
        if is_fragment(request) and "HX-Redirect" not in response.headers and not 300 <= response.status_code < 400:
            _show_messages(request, response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, PlatformError) or request.path.startswith(API_PREFIX):
            return None
        if isinstance(error, NotAuthenticated):
            return _to_sign_in(request)
        if is_fragment(request):
            response = HttpResponse(status=error.status)
            add_trigger(response, {"toast": [{"level": "error", "text": _message_of(error)}]})
            return response
        if request.accepts("text/html"):
            return error_page(request, error.status, str(error.message), errors=_texts(error))
        return JsonResponse({"code": error.code, "message": _message_of(error)}, status=error.status)


def _texts(error: PlatformError) -> list[str]:
    errors = error.errors if isinstance(error, ValidationFailed) else ()
    return [item.text for item in errors]


def _message_of(error: PlatformError) -> str:
    return " ".join([str(error.message), *_texts(error)])


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    back = request.htmx.current_url_abs_path if is_fragment(request) else request.get_full_path()  # type: ignore[attr-defined]
    query = urlencode({"next": back}) if back and back != "/" and request.method == "GET" else ""
    url = resolve_url(settings.LOGIN_URL) + (f"?{query}" if query else "")
    return HttpResponse(headers={"HX-Redirect": url}) if is_fragment(request) else HttpResponseRedirect(url)


def _show_messages(request: HttpRequest, response: HttpResponse) -> None:
    """Show pending messages with the fragment, instead of with whatever page comes next."""
    toasts = [{"level": message.level_tag, "text": str(message)} for message in get_messages(request)]
    if toasts:
        add_trigger(response, {"toast": toasts})
