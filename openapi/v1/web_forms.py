"""Web forms, for those who settle them, and what came through them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.ids import parse_uuid
from openapi.http import expected_version, json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader
from workflows.intake import services
from workflows.intake.models import FormSubmission, WebForm
from workflows.intake.services import TEXTS

PAGE = 50


class WebFormList(AdministrationEndpoint):
    """`GET` all forms; `POST` a new one."""

    scopes = {"GET": "meta:read", "POST": "meta:write"}

    def get(self, request: Request) -> HttpResponse:
        return json_response({"data": [_told(row) for row in services.forms(self.actor)]})

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            name = reader.words("object").get("object", "")
            return _told(services.create_form(self.actor, name, _changes(reader)))

        return self.change(request, work, 201)


class WebFormDetail(AdministrationEndpoint):
    """One form: `GET`, `PATCH`, `DELETE`."""

    scopes = {"GET": "meta:read", "PATCH": "meta:write", "DELETE": "meta:write"}

    def get(self, request: Request, form_id: UUID) -> HttpResponse:
        row = services.get_form(self.actor, form_id)
        return json_response(_told(row), etag=str(row.version))

    def patch(self, request: Request, form_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            changes = _changes(MemberReader(members(request.data)))
            return _told(services.update_form(self.actor, form_id, changes, expected_version(request)))

        return self.change(request, work)

    def delete(self, request: Request, form_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            services.delete_form(self.actor, form_id)
            return {"id": form_id, "deleted": True}

        return self.change(request, work)


class WebFormSubmissions(AdministrationEndpoint):
    """`GET` what came through a form, the newest first (`state`, `cursor`)."""

    scopes = {"GET": "records:read"}

    def get(self, request: Request, form_id: UUID) -> HttpResponse:
        rows = services.get_form(self.actor, form_id).submissions.order_by("-id")
        asked = request.query_params
        if asked.get("state"):
            if asked["state"] not in FormSubmission.State.values:
                raise ValidationFailed.single("state", "invalid_choice", _("Choose one of the offered values."))
            rows = rows.filter(state=asked["state"])
        before = parse_uuid(asked.get("cursor"))
        page = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
        has_more, page = len(page) > PAGE, page[:PAGE]
        told = {"next_cursor": page[-1].pk if has_more else None, "has_more": has_more, "limit": PAGE}
        return json_response({"data": [_submission(row) for row in page], "page": told})


class WebFormRelease(AdministrationEndpoint):
    """`POST`: make the record of what was held back."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request, form_id: UUID, submission_id: UUID) -> HttpResponse:
        return self.change(request, lambda: _submission(services.release(self.actor, form_id, submission_id)))


def _changes(reader: MemberReader) -> Mapping[str, Any]:
    given = {
        **reader.words(*TEXTS, "duplicates"),
        **reader.flags("is_active"),
        **reader.lists("fields", "origins"),
        **reader.references("pool_id", "owner_id"),
    }
    reader.done()
    return given


def _told(row: WebForm) -> dict[str, Any]:
    return {
        "id": row.pk,
        "token": row.token,
        "object": row.business_object.api_name,
        **{name: getattr(row, name) for name in TEXTS},
        "fields": row.fields,
        "pool_id": row.pool_id,
        "owner_id": row.owner_id,
        "duplicates": row.duplicates,
        "origins": row.origins,
        "is_active": row.is_active,
        "version": row.version,
    }


def _submission(row: FormSubmission) -> dict[str, Any]:
    texts = ("state", "reason", "consent_text", "page", "referrer", "record_object")
    return {
        "id": row.pk,
        "at": row.at,
        "values": row.values,
        "parameters": row.parameters,
        "record_id": row.record_id,
        **{name: getattr(row, name) for name in texts},
    }
