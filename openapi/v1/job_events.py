"""How a job goes on, as server-sent events."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from metadata.compiler.current import pinned_snapshot
from objects.exchange import services
from openapi.http import Endpoint, JsonRenderer, credential_of
from openapi.streams import CONTENT_TYPE, stream
from openapi.v1.imports import READ, told

TOLD = ("id", "state", "total", "processed", "succeeded", "created", "updated", "skipped", "failed", "problems")
PACE = ("rate", "eta_seconds", "revert", "error")


class EventRenderer(JsonRenderer):
    """Stands for server-sent events in content negotiation."""

    media_type = CONTENT_TYPE
    format = "events"


class JobEvents(Endpoint):
    """`GET`: `progress` whenever the job has got further, `end` when nothing is under way; closes after 25 s."""

    scopes = {"GET": READ}
    renderer_classes = [JsonRenderer, EventRenderer]

    def get(self, request: Request, import_id: uuid.UUID) -> HttpResponseBase:
        services.get_import(self.actor, import_id)
        return stream(credential_of(request), lambda: self._state(import_id))

    def _state(self, import_id: uuid.UUID) -> tuple[Mapping[str, Any], bool]:
        with pinned_snapshot():
            row = services.get_import(self.actor, import_id)
            job = services.running_job(row)
            found = told(row, job)
        return {name: found[name] for name in (*TOLD, *PACE)}, job is None or job.is_finished
