"""What strangers may call: the forms of websites, and leads that servers send signed. No key, no session, no rights.

The answers tell nothing of records. Browsers of other sites may read them where the form names their origin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request
from rest_framework.request import Request

from crm_platform.kit.context import client_address
from crm_platform.kit.errors import Forbidden, NotFound
from openapi import errors, limits
from openapi.http import Endpoint, RateLimited, json_response
from workflows.intake import sources, submitting, uploads
from workflows.intake.fields import Asked, asked
from workflows.intake.models import WebForm
from workflows.intake.signing import start_token


class StrangersEndpoint(Endpoint):
    """Base of endpoints for strangers: whoever calls is nobody, whatever he sends; calls are counted by address."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.window = limits.count_call(f"public:{kwargs['token'][:40]}:{client_address.get()}")
        if self.window is not None and self.window.is_exceeded:
            raise RateLimited(retry_after=self.window.resets_in)


class PublicEndpoint(StrangersEndpoint):
    """Base of these endpoints, which other sites may call."""

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer a browser that asks whether another site may call."""
        return self.answer(request, kwargs["token"], lambda _form: HttpResponse(status=204))

    def answer(self, request: Request, token: str, work: Callable[[WebForm], HttpResponse]) -> HttpResponse:
        """Run the work for an active form, errors included, and let its sites read the answer."""
        origin = ""
        with translation.override(get_language_from_request(request._request)):
            try:
                form = submitting.active_form(token)
                try:
                    origin = sources.origin_allowed(form, request._request)
                except sources.NotReadable:
                    raise Forbidden from None
                response = work(form)
            except Exception as error:
                response = errors.handle(error, {})
        patch_vary_headers(response, ("Origin", "Accept-Language"))
        response["Cache-Control"] = "no-store"
        if origin:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Allow-Methods"] = "GET, POST"
            response["Access-Control-Allow-Headers"] = "Content-Type"
        return response


class PublicForm(PublicEndpoint):
    """`GET` what a form asks, with the token that it is sent with; `POST` what somebody has filled in."""

    scopes = {"GET": None, "POST": None}

    def get(self, request: Request, token: str) -> HttpResponse:
        def work(form: WebForm) -> HttpResponse:
            fields = asked(form.business_object.api_name, form.fields, translation.get_language() or "en")
            texts = {name: getattr(form, name) for name in ("title", "intro", "consent_text")}
            shown = [_told(item) for item in fields if not item.hidden]
            return json_response({**texts, "fields": shown, "start": start_token(form), "trap": sources.TRAP})

        return self.answer(request, token, work)

    def post(self, request: Request, token: str) -> HttpResponse:
        def work(form: WebForm) -> HttpResponse:
            submitting.submit(form, sources.from_script(form, request._request))
            return json_response({"message": form.success_text, "redirect_url": form.redirect_url}, 201)

        return self.answer(request, token, work)


class PublicFormFile(PublicEndpoint):
    """`POST` a file (`file`) for a `field` of the page that `start` names; its id stands for it among the values."""

    scopes = {"POST": None}

    def post(self, request: Request, token: str) -> HttpResponse:
        def work(form: WebForm) -> HttpResponse:
            once, name, sent = sources.file_of(form, request._request)
            fields = asked(form.business_object.api_name, form.fields, translation.get_language() or "en")
            item = next((item for item in fields if item.is_file and item.name == name), None)
            if item is None:
                raise NotFound
            row = uploads.upload(form, once, item, sent)
            return json_response({"id": row.pk, "name": row.file.name, "size": row.file.size}, 201)

        return self.answer(request, token, work)


class PublicLead(PublicEndpoint):
    """`POST` a lead from a server, signed with the form's secret; the same request again changes nothing."""

    scopes = {"POST": None}

    def post(self, request: Request, token: str) -> HttpResponse:
        def work(form: WebForm) -> HttpResponse:
            row = submitting.submit(form, sources.from_server(form, request._request))
            return json_response({"id": row.pk, "state": row.state, "record_id": row.record_id}, 201)

        return self.answer(request, token, work)


def _told(item: Asked) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(item, name) for name in ("name", "label", "help", "required", "default")}
    choices = [{"value": value, "label": label} for value, label in item.choices]
    if item.is_file:
        told |= {"accept": item.accept, "max_count": item.max_count, "max_bytes": item.max_bytes}
    return {**told, "input": item.input, **({"choices": choices} if item.choices else {})}
