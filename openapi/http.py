"""The frame of every endpoint: authentication, scope, limits, idempotency, JSON in and out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotAuthenticated, PlatformError
from crm_platform.kit.guard import GuardFailed, guarded_by
from crm_platform.kit.json import dumps, parse_fraction
from openapi import errors, idempotency, limits
from openapi.authentication import ConsoleSession, KeyAuthentication, enter_as, known_caller
from openapi.remembered import KeyHolder
from openapi.scopes import require_scope

BODY_BYTES, BULK_BYTES = 10 * 1024 * 1024, 25 * 1024 * 1024
MAX_DEPTH = 32
WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def _refuse_constant(name: str) -> None:
    raise ParseError(_("%(name)s is no JSON number.") % {"name": name})


def _depth(value: Any, level: int = 0) -> int:
    if level > MAX_DEPTH:
        return level
    if isinstance(value, dict):
        return max((_depth(item, level + 1) for item in value.values()), default=level + 1)
    if isinstance(value, list):
        return max((_depth(item, level + 1) for item in value), default=level + 1)
    return level


class RateLimited(PlatformError):
    code = "rate_limited"
    status = 429
    message = gettext_lazy("Too many requests. Wait a moment.")


class JsonParser(BaseParser):
    """JSON with fractions as Decimal; refuses NaN, deep nesting and bodies beyond the endpoint's size."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = parser_context["request"]._request.body
        if len(body) > parser_context["view"].body_bytes:
            raise RequestDataTooBig
        try:
            data = json.loads(body, parse_float=parse_fraction, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is no valid JSON.")) from error
        if _depth(data) > MAX_DEPTH:
            raise ParseError(_("The JSON is nested too deeply."))
        return data


class JsonRenderer(BaseRenderer):
    """Stands for JSON in content negotiation; endpoints render their answers themselves."""

    media_type = "application/json"
    format = "json"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return dumps(data)


ANYTHING = "*/*"
TAKES_JSON = frozenset({ANYTHING, "", JsonRenderer.media_type})
AUTHENTICATORS = (KeyAuthentication(), ConsoleSession())
NEGOTIATOR = DefaultContentNegotiation()


class ApiRequest(Request):
    """DRF's request with what endpoints read most as attributes of its own, which costs no failed look-up."""

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        self.method, self.path, self.META, self.headers = request.method, request.path, request.META, request.headers


@dataclass(frozen=True)
class Handed:
    """What a request within another one has from it: who calls, counted already, and the body, parsed already."""

    user: Any
    actor: Actor
    body: Any


def handed_to(request: HttpRequest) -> Handed | None:
    """Return what a request has from the one that holds it; only this process can make such a request."""
    return getattr(request, "handed", None)


class Endpoint(APIView):
    """Base of all endpoints. `scopes` names the scope each method needs; a method without one is not served."""

    authentication_classes = [KeyAuthentication, ConsoleSession]  # as AUTHENTICATORS, for DRF's errors
    permission_classes: list[Any] = []
    parser_classes = [JsonParser]
    renderer_classes = [JsonRenderer]
    scopes: ClassVar[Mapping[str, str | None]] = {}
    body_bytes: ClassVar[int] = BODY_BYTES
    reads_records: ClassVar[bool] = False  # GET begins with a page of records, which can check the caller as well

    actor: Actor
    window: limits.Window | None = None
    format_kwarg = None  # DRF's negotiation asks for it; there are no `.json` addresses

    def get_exception_handler(self) -> Any:
        return errors.handle

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> ApiRequest:
        """Return DRF's request, spared what is the same for every request or needed only with a body."""
        parsers = self.get_parsers() if request.method in WRITING else ()
        asked = ApiRequest(request, parsers, AUTHENTICATORS, NEGOTIATOR, self.get_parser_context(request))
        handed = handed_to(request)
        if handed is not None:
            asked.user, asked.auth = handed.user, handed.actor
            asked._full_data = {} if handed.body is None else handed.body  # type: ignore[attr-defined] # DRF's own
        return asked

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, count, and require the method's scope."""
        if request.META.get("HTTP_ACCEPT", ANYTHING) not in TAKES_JSON:
            self.perform_content_negotiation(request)
        if not isinstance(request.auth, Actor):
            raise NotAuthenticated
        if self.window is None and handed_to(request._request) is None:
            self.count(request)
        self.actor = request.auth
        scope = self.scopes.get(str(request.method))
        if scope is not None:
            require_scope(self.actor, scope)

    def count(self, request: Request, calls: int = 1) -> None:
        """Count what the caller asks for; raises RateLimited when it is too much for now."""
        self.window = limits.count_call(credential_of(request), calls)
        if self.window is not None and self.window.is_exceeded:
            raise RateLimited(retry_after=self.window.resets_in)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        is_known = self.reads_records and request.method == "GET" and handed_to(request) is None
        holder = known_caller(request) if is_known else None
        answer = None if holder is None else self._answer_known(holder, request, *args, **kwargs)
        response = super().dispatch(request, *args, **kwargs) if answer is None else answer
        if self.window is not None:
            self.window.annotate(response)
        return response

    def _answer_known(self, holder: KeyHolder, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        """Answer a caller as the one he was at his last request; None unless a statement found him unchanged."""
        asked = self.initialize_request(request, *args, **kwargs)
        asked.user, asked.auth = holder, enter_as(holder)  # type: ignore[assignment] # a user to DRF
        self.request, self.args, self.kwargs = asked, args, kwargs
        try:
            with guarded_by(holder.condition) as guard:
                response = self._answered(asked, *args, **kwargs)
                guard.settle()
        except GuardFailed:
            return None
        response.headers["Allow"] = ", ".join(self.allowed_methods)
        return response

    def _answered(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the answer of `get`, errors included; raises GuardFailed."""
        try:
            self.initial(request, *args, **kwargs)
            return self.get(request, *args, **kwargs)  # type: ignore[attr-defined, no-any-return]
        except GuardFailed:
            raise
        except Exception as error:
            return self.handle_exception(error)  # type: ignore[no-any-return]

    def handle_exception(self, exc: Exception) -> Any:
        return errors.handle(exc, {})

    # --- help for subclasses --------------------------------------------------------------------------------
    def write(self, request: Request, work: Any) -> HttpResponse:
        """Run a writing endpoint's work under the request's Idempotency-Key, errors included in the answer."""

        def answered() -> HttpResponse:
            try:
                with transaction.atomic() if request.headers.get("Idempotency-Key") else nullcontext():
                    return work()  # type: ignore[no-any-return]
            except Exception as error:
                return errors.handle(error, {})

        return idempotency.once(request, credential_of(request), answered)

    @staticmethod
    def is_dry_run(request: Request) -> bool:
        return request.query_params.get("dry_run", "").lower() in ("1", "true")


def credential_of(request: Request) -> str:
    """Return what identifies the caller for limits and idempotency: the key, or the signed-in user."""
    key_id = getattr(request.user, "key_id", None)
    return f"key:{key_id}" if key_id else f"user:{request.user.pk}"


def json_response(data: Any, status: int = 200, **headers: str) -> HttpResponse:
    """Return an answer rendered by orjson; keyword `etag="17"` becomes the ETag header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    etag = named.pop("etag", None)
    response = HttpResponse(dumps(data), status=status, content_type="application/json", headers=named)
    if etag is not None:
        response["ETag"] = f'"{etag}"'
    return response


def expected_version(request: Request) -> int | None:
    """Return the version in If-Match (`"17"`, `W/"17"` or `17`), None for `*` or none; raises ParseError."""
    value = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if value in ("", "*"):
        return None
    if not value.isdigit() or len(value) > 18:
        raise ParseError(_("If-Match holds no version."))
    return int(value)


def not_modified(request: Request, etag: object) -> bool:
    """Tell whether the caller has this version already (If-None-Match)."""
    known = {item.strip().removeprefix("W/").strip('"') for item in request.headers.get("If-None-Match", "").split(",")}
    return str(etag) in known


def members(data: Any) -> Mapping[str, Any]:
    """Return the body as an object; raises ParseError for any other JSON."""
    if not isinstance(data, dict):
        raise ParseError(_("The body must be a JSON object."))
    return data
