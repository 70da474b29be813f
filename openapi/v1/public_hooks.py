"""Where other programs post what a hook takes, and mail servers mails. No key, no rights: the address is the secret."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import translation
from rest_framework.request import Request

from openapi import errors
from openapi.http import json_response
from openapi.v1.public_forms import StrangersEndpoint
from workflows.intake import hooks, making, sources
from workflows.intake.mail import posting


class PublicHook(StrangersEndpoint):
    """`POST` a document of any shape; the same one again changes nothing.

    Only who signs is told what became of it: others could ask in this way who is a customer.
    """

    scopes = {"POST": None}

    def post(self, request: Request, token: str) -> HttpResponse:
        try:
            hook = hooks.active_hook(token)
            with translation.override(making.language()):
                row = hooks.receive(hook, sources.from_hook(hook, request._request))
            told = {"state": row.state, "record_id": row.record_id} if hook.is_signed else {}
            response = json_response({"id": row.pk, **told}, 201)
        except Exception as error:  # the boundary of HTTP, as in errors.handle
            response = errors.handle(error, {})
        response["Cache-Control"] = "no-store"
        return response


class PublicEmail(StrangersEndpoint):
    """`POST` a whole mail (MIME): kept before the answer, taken afterwards; the same mail again changes nothing."""

    scopes = {"POST": None}

    def post(self, request: Request, token: str) -> HttpResponse:
        try:
            row = posting.active_address(token)
            kept = posting.receive(row, sources.mail_of(request._request))
            response = json_response({"id": kept.pk}, 202)
        except Exception as error:  # the boundary of HTTP, as in errors.handle
            response = errors.handle(error, {})
        response["Cache-Control"] = "no-store"
        return response
