"""Files: upload, what is known of one, its content."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from crm_platform.files import selectors, services
from crm_platform.files.facts import facts_of
from crm_platform.files.serving import send
from openapi.http import Endpoint, JsonParser, json_response


class FileList(Endpoint):
    """`POST` one file as multipart form data; it is the caller's alone until a record has it."""

    scopes = {"POST": "files"}
    parser_classes = [MultiPartParser, JsonParser]  # JSON only to say what is wanted instead

    def post(self, request: Request) -> HttpResponse:
        """Keep the file. There is no Idempotency-Key: one uploaded twice is kept twice, and the loose one goes."""
        sent = request.FILES.get("file")
        if sent is None or len(request.FILES) > 1:
            raise ParseError(_("Send multipart/form-data with one member: file."))
        kept = services.keep(self.actor, sent, sent.name or "", sent.content_type or "")
        response = json_response(facts_of(kept), 201)
        response["Location"] = f"/api/v1/files/{kept.id}"
        return response


class FileDetail(Endpoint):
    """`GET` what is known of a file."""

    scopes = {"GET": "files"}

    def get(self, request: Request, file_id: uuid.UUID) -> HttpResponse:
        return json_response(facts_of(selectors.readable(self.actor, file_id)))


class FileContent(Endpoint):
    """`GET` the content of a file, whole or a range; `?size=` a small copy of a picture."""

    scopes = {"GET": "files"}

    def get(self, request: Request, file_id: uuid.UUID) -> HttpResponseBase:
        return send(request._request, selectors.readable(self.actor, file_id))
