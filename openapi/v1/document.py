"""The OpenAPI document of the caller's organisation."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from openapi.document.build import document
from openapi.http import Endpoint, json_response, not_modified


class OpenApiDocument(Endpoint):
    """`GET`: OpenAPI 3.1, with the objects that the caller may read."""

    scopes = {"GET": None}

    def get(self, request: Request) -> HttpResponse:
        version = current_snapshot().version
        if not_modified(request, version):
            return HttpResponse(status=304, headers={"ETag": f'"{version}"'})
        only = {name for name in request.query_params.get("objects", "").split(",") if name}
        return json_response(document(AccessPolicy.of(self.actor), only), etag=str(version))
