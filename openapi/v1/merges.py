"""Merging records over the API, and undoing it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from metadata.compiler.current import current_snapshot
from objects.merging.models import Merge
from objects.merging.service import merge
from objects.merging.undoing import undo
from objects.merging.values import told_counts
from openapi.http import Endpoint, json_response, members
from openapi.scopes import require_scope
from openapi.v1.reading import unknown_members

MEMBERS = frozenset({"survivor", "losers", "fields"})


class RecordMerge(Endpoint):
    """`POST {"survivor": id, "losers": [up to 4 ids], "fields": {field: id or "together"}}`."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request, object_name: str) -> HttpResponse:
        def work() -> HttpResponse:
            require_scope(self.actor, "records:delete")
            survivor, losers, fields = _input(members(request.data))
            dry_run = self.is_dry_run(request)
            result = merge(self.actor, object_name, survivor, losers, fields, dry_run=dry_run)
            body: dict[str, Any] = {
                "id": None if dry_run else str(result.merge_id),
                "object": object_name,
                "survivor": str(result.survivor_id),
                "version": result.version,
                "redirects": result.redirects,
                "moved": told_counts(self.actor, result.moved),
                "kept": told_counts(self.actor, result.kept),
                "values": dict(result.values),
            }
            return json_response({**body, "dry_run": True} if dry_run else body)

        return self.write(request, work)


class MergeUndo(Endpoint):
    """`POST`: undo a merge within thirty days."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request, object_name: str, merge_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            require_scope(self.actor, "records:delete")
            spec = current_snapshot().object(object_name).spec
            if not Merge.objects.filter(pk=merge_id, object_id=spec.id).exists():
                raise NotFound
            row = undo(self.actor, merge_id, dry_run=self.is_dry_run(request))
            return json_response(
                {"id": str(row.pk), "object": object_name, "survivor": str(row.survivor_id), "restored": row.losers}
            )

        return self.write(request, work)


def _input(body: Mapping[str, Any]) -> tuple[str, list[str], dict[str, str]]:
    errors = unknown_members(body, MEMBERS)
    survivor, losers, fields = body.get("survivor"), body.get("losers"), body.get("fields", {})
    if not isinstance(survivor, str):
        errors.append(FieldError("survivor", "required", _("This member is required.")))
    if not isinstance(losers, list) or not all(isinstance(item, str) for item in losers):
        errors.append(FieldError("losers", "invalid_type", _("Send a JSON array.")))
    if not isinstance(fields, dict) or not all(isinstance(item, str) for item in fields.values()):
        errors.append(FieldError("fields", "invalid_type", _("Send a JSON object.")))
    if errors:
        raise ValidationFailed(errors)
    assert isinstance(survivor, str) and isinstance(losers, list) and isinstance(fields, dict)
    return survivor, losers, fields
