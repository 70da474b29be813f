"""Search across objects."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import FieldError, ValidationFailed
from objects.search.service import search
from openapi.http import Endpoint, json_response

MAX_LIMIT = 50


class Search(Endpoint):
    """`GET ?q=…&objects=a,b&limit=8`: what the caller may read, grouped by object."""

    scopes = {"GET": "records:read"}

    def get(self, request: Request) -> HttpResponse:
        params = request.query_params
        text = params.get("q", "").strip()
        if not text:
            raise ValidationFailed([FieldError("q", "required", _("Enter something to search for."), {"pointer": "q"})])
        objects = [name for name in params.get("objects", "").split(",") if name] or None
        limit = params.get("limit", "8")
        size = min(int(limit), MAX_LIMIT) if limit.isdigit() and len(limit) < 4 and int(limit) else 8
        groups = search(self.actor, text, objects, size)
        data = [
            {
                "object": group.object.api_name,
                "hits": [{"id": hit.id, "title": hit.title, "subtitle": hit.subtitle} for hit in group.hits],
            }
            for group in groups
        ]
        return json_response({"data": data})
