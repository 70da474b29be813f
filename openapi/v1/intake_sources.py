"""What the endpoints of all ways of intake share: forms, hooks and mailboxes are settled alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.ids import parse_uuid
from openapi.http import expected_version, json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader
from workflows.intake import settling
from workflows.intake.models import Arrival
from workflows.intake.settling import Kind

PAGE = 50


class SourceEndpoint(AdministrationEndpoint):
    """Base of these endpoints, which say what they are about and how it is told."""

    kind: ClassVar[Kind[Any]]

    def changes(self, reader: MemberReader) -> Mapping[str, Any]:
        """Take the members that a caller may set."""
        return {
            **reader.words("label", "duplicates"),
            **reader.flags("is_active"),
            **reader.references("pool_id", "owner_id"),
        }

    def told(self, row: Any) -> dict[str, Any]:
        """Return a source in API form."""
        names = ("pool_id", "owner_id", "label", "duplicates", "is_active", "version")
        return {"id": row.pk, "object": row.business_object.api_name, **{name: getattr(row, name) for name in names}}

    def create(self, object_name: str, given: Mapping[str, Any]) -> Any:
        return settling.create(self.actor, self.kind, object_name, given)

    def update(self, source_id: UUID, changes: Mapping[str, Any], version: int | None) -> Any:
        return settling.update(self.actor, self.kind, source_id, changes, version)

    def _read(self, request: Request, *, is_new: bool = False) -> tuple[str, Mapping[str, Any]]:
        reader = MemberReader(members(request.data))
        name = reader.words("object").get("object", "") if is_new else ""
        given = self.changes(reader)
        reader.done()
        return name, given


class SourceList(SourceEndpoint):
    """`GET` all sources of a kind; `POST` a new one."""

    scopes = {"GET": "meta:read", "POST": "meta:write"}

    def get(self, request: Request) -> HttpResponse:
        return json_response({"data": [self.told(row) for row in settling.listed(self.actor, self.kind)]})

    def post(self, request: Request) -> HttpResponse:
        return self.change(request, lambda: self.told(self.create(*self._read(request, is_new=True))), 201)


class SourceDetail(SourceEndpoint):
    """One source: `GET`, `PATCH`, `DELETE`."""

    scopes = {"GET": "meta:read", "PATCH": "meta:write", "DELETE": "meta:write"}

    def get(self, request: Request, source_id: UUID) -> HttpResponse:
        row = settling.get(self.actor, self.kind, source_id)
        return json_response(self.told(row), etag=str(row.version))

    def patch(self, request: Request, source_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            _name, changes = self._read(request)
            return self.told(self.update(source_id, changes, expected_version(request)))

        return self.change(request, work)

    def delete(self, request: Request, source_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            settling.delete(self.actor, self.kind, source_id)
            return {"id": source_id, "deleted": True}

        return self.change(request, work)


class SourceArrivals(AdministrationEndpoint):
    """`GET` what came through a source, the newest first (`state`, `cursor`)."""

    scopes = {"GET": "records:read"}
    kind: ClassVar[Kind[Any]]
    texts: ClassVar[tuple[str, ...]] = ()  # further members

    def get(self, request: Request, source_id: UUID) -> HttpResponse:
        rows = getattr(settling.get(self.actor, self.kind, source_id), self.kind.arrivals).order_by("-id")
        asked = request.query_params
        if asked.get("state"):
            if asked["state"] not in Arrival.State.values:
                raise ValidationFailed.single("state", "invalid_choice", _("Choose one of the offered values."))
            rows = rows.filter(state=asked["state"])
        before = parse_uuid(asked.get("cursor"))
        page = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
        has_more, page = len(page) > PAGE, page[:PAGE]
        told = {"next_cursor": page[-1].pk if has_more else None, "has_more": has_more, "limit": PAGE}
        return json_response({"data": [arrival(row, self.texts) for row in page], "page": told})


class SourceRelease(AdministrationEndpoint):
    """`POST`: make the record of what was held back."""

    scopes = {"POST": "records:write"}
    kind: ClassVar[Kind[Any]]
    texts: ClassVar[tuple[str, ...]] = ()

    def post(self, request: Request, source_id: UUID, arrival_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            return arrival(settling.release(self.actor, self.kind, source_id, arrival_id), self.texts)

        return self.change(request, work)


def arrival(row: Arrival, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what came in, and what became of it, in API form."""
    texts = ("at", "values", "state", "reason", "detail", "record_object", "record_id", *names)
    return {"id": row.pk, **{name: getattr(row, name) for name in texts}}
