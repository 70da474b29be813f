"""How a job goes on, as server-sent events."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from crm_platform.identity.auth import actor_of
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotAuthenticated, PlatformError
from metadata.compiler.current import pinned_snapshot
from objects.exchange import services
from openapi.authentication import digest_of_key
from openapi.http import Endpoint, JsonRenderer, credential_of
from openapi.remembered import find_holder
from openapi.streams import CONTENT_TYPE, stream
from openapi.v1.imports import READ
from openapi.v1.job_orders import told

COUNTS = ("succeeded", "created", "updated", "deleted", "exported", "skipped", "failed", "problems")
TOLD = ("id", "state", "total", "processed", *COUNTS)
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
        digest = digest_of_key(request)
        return stream(credential_of(request), lambda: self._state(digest, import_id))

    def _state(self, digest: str | None, import_id: uuid.UUID) -> tuple[Mapping[str, Any], bool] | None:
        with pinned_snapshot():
            try:
                row = services.get_import(self._caller(digest), import_id)
            except PlatformError:
                return None
            job = services.running_job(row)
            found = told(row, job)
        return {name: found[name] for name in (*TOLD, *PACE)}, job is None or job.is_finished

    def _caller(self, digest: str | None) -> Actor:
        """Return the caller as he is now: a key may have been revoked, or its person's rights changed, meanwhile."""
        if digest is None:
            return self.actor
        holder = find_holder(digest)
        if holder is None:
            raise NotAuthenticated
        return actor_of(holder.facts, via="api", request_id=self.actor.request_id, scopes=holder.scopes)
