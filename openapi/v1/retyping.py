"""Over the API: where a field is used, and giving it another type."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.jobs.models import Job
from crm_platform.kit.errors import NotFound, VersionConflict
from metadata.compiler.current import current_snapshot
from metadata.dependencies import usages
from metadata.publishing import require_customize
from metadata.retyping.requests import TypeChange
from metadata.retyping.service import (
    cancel_type_change,
    change_type,
    pending_change,
    preview_of,
    preview_type_change,
)
from openapi.http import expected_version, json_response, members
from openapi.v1.metadata import MetaEndpoint
from openapi.v1.metadata_input import type_change


class FieldUsage(MetaEndpoint):
    """`GET`: the places that use a field, which must let go of it before it can be deleted."""

    scopes = {"GET": "meta:read"}

    def get(self, request: Request, object_name: str, field_name: str) -> HttpResponse:
        require_customize(self.actor)
        spec = current_snapshot().object(object_name).spec
        field = spec.field_map.get(field_name)
        if field is None:
            raise NotFound(_("There is no such field."))
        found = [{"kind": str(usage.kind), "name": usage.name} for usage in usages(spec, field)]
        return json_response({"data": found}, etag=str(current_snapshot().version))


class FieldTypeChange(MetaEndpoint):
    """`POST` starts a change of type, or previews it with `dry_run`; `GET` says how it stands; `DELETE` cancels."""

    scopes = {"GET": "meta:read", "POST": "meta:write", "DELETE": "meta:write"}

    def get(self, request: Request, object_name: str, field_name: str) -> HttpResponse:
        require_customize(self.actor)
        pending = pending_change(self.actor, object_name, field_name)
        if pending is None:
            raise NotFound(_("There is no such change."))
        body = {
            "type": pending.successor.type,
            "settings": pending.successor.settings,
            "job": job_summary(pending.job) if pending.job else None,
            "failing": pending.left,
            "examples": pending.examples,
        }
        return json_response(body)

    def post(self, request: Request, object_name: str, field_name: str) -> HttpResponse:
        change = type_change(object_name, field_name, members(request.data))

        def run() -> HttpResponse:
            require_customize(self.actor)
            expected, current = expected_version(request), current_snapshot().version
            if expected is not None and expected != current:
                raise VersionConflict(current_version=current)
            if self.is_dry_run(request):
                return self._preview(change)
            job = change_type(self.actor, change)
            version = str(current_snapshot().version)
            if job is None:
                return json_response({"job": None}, etag=version)
            return json_response({"job": job_summary(job)}, 202, etag=version)

        return self.write(request, run)

    def delete(self, request: Request, object_name: str, field_name: str) -> HttpResponse:
        def run() -> HttpResponse:
            cancel_type_change(self.actor, object_name, field_name)
            return json_response({"api_name": field_name, "state": "cancelled"}, etag=str(current_snapshot().version))

        return self.write(request, run)

    def _preview(self, change: TypeChange) -> HttpResponse:
        found = preview_type_change(self.actor, change)
        if isinstance(found, Job):
            return json_response({"dry_run": True, "job": job_summary(found)}, 202)
        return json_response({"dry_run": True, **found.to_json()})


class TypeChangePreview(MetaEndpoint):
    """`GET`: the preview that a job makes of a large table, once it is done."""

    scopes = {"GET": "meta:read"}

    def get(self, request: Request, object_name: str, field_name: str, job_id: uuid.UUID) -> HttpResponse:
        require_customize(self.actor)
        job, preview = preview_of(self.actor, object_name, field_name, job_id)
        return json_response({"job": job_summary(job), "preview": preview.to_json() if preview else None})


def job_summary(job: Job) -> dict[str, Any]:
    """Return a job in the form of the API."""
    return {"id": str(job.pk), "state": job.state, "done": job.done, "total": job.total, "error": job.error or None}
