"""With whom one record is shared, who is on its team, and giving it to another owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from crm_platform.kit.errors import ValidationFailed
from objects.access.models import RecordShare
from objects.access.naming import names_of
from objects.access.services import shares, teams
from objects.access.services.shares import ShareInput
from objects.records.service import RecordService
from openapi.http import json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.sharing_input import LEVEL_NAMES, SharingReader

REQUIRED = _("This field is required.")


class ShareList(AdministrationEndpoint):
    """`GET` the shares in force, for those who may share the record; `POST` a new one."""

    scopes = {"GET": "records:read", "POST": "records:write"}

    def get(self, request: Request, object_name: str, record_id: UUID) -> HttpResponse:
        return json_response({"data": _shares_told(shares.shares(self.actor, object_name, record_id))})

    def post(self, request: Request, object_name: str, record_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            given = ShareInput(**{"principal": "", **_share_changes(members(request.data), is_new=True)})
            return _shares_told([shares.add_share(self.actor, object_name, record_id, given)])[0]

        return self.change(request, work, 201)


class ShareDetail(AdministrationEndpoint):
    """One share: `PATCH`, `DELETE`."""

    scopes = {"PATCH": "records:write", "DELETE": "records:write"}

    def patch(self, request: Request, object_name: str, record_id: UUID, share_id: int) -> HttpResponse:
        def work() -> dict[str, Any]:
            changes = _share_changes(members(request.data))
            return _shares_told([shares.change_share(self.actor, object_name, record_id, share_id, changes)])[0]

        return self.change(request, work)

    def delete(self, request: Request, object_name: str, record_id: UUID, share_id: int) -> HttpResponse:
        def work() -> dict[str, Any]:
            shares.remove_share(self.actor, object_name, record_id, share_id)
            return {"id": share_id, "deleted": True}

        return self.change(request, work)


class TeamList(AdministrationEndpoint):
    """`GET` the members, `POST {"user_id": …, "level": "read", "role": …}` to add one."""

    scopes = {"GET": "records:read", "POST": "records:write"}

    def get(self, request: Request, object_name: str, record_id: UUID) -> HttpResponse:
        return json_response({"data": _team_told(teams.team(self.actor, object_name, record_id))})

    def post(self, request: Request, object_name: str, record_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = SharingReader(members(request.data))
            user_id = reader.references("user_id").get("user_id")
            given: dict[str, Any] = {**reader.levels("level"), **reader.words("role")}
            reader.done()
            if user_id is None:
                raise ValidationFailed.single("user_id", "required", REQUIRED)
            return _team_told([teams.add_member(self.actor, object_name, record_id, user_id, **given)])[0]

        return self.change(request, work, 201)


class TeamMember(AdministrationEndpoint):
    """One member: `PATCH` level and role, `DELETE`."""

    scopes = {"PATCH": "records:write", "DELETE": "records:write"}

    def patch(self, request: Request, object_name: str, record_id: UUID, user_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = SharingReader(members(request.data))
            given: dict[str, Any] = {**reader.levels("level"), **reader.words("role")}
            reader.done()
            return _team_told([teams.change_member(self.actor, object_name, record_id, user_id, **given)])[0]

        return self.change(request, work)

    def delete(self, request: Request, object_name: str, record_id: UUID, user_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            teams.remove_member(self.actor, object_name, record_id, user_id)
            return {"user_id": user_id, "deleted": True}

        return self.change(request, work)


class RecordTransfer(AdministrationEndpoint):
    """`POST {"owner_id": …, "keep": "read" | "edit" | null}`: another owner; the old one may stay on the team."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request, object_name: str, record_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = SharingReader(members(request.data))
            owner_id = reader.references("owner_id").get("owner_id")
            keep = reader.levels("keep").get("keep") if reader.left.get("keep") is not None else None
            reader.left.pop("keep", None)
            reader.done()
            if owner_id is None:
                raise ValidationFailed.single("owner_id", "required", REQUIRED)
            saved = RecordService(self.actor).transfer(object_name, record_id, owner_id, keep=keep)
            return {"id": record_id, "object": object_name, "version": saved.version, "owner_id": owner_id}

        return self.change(request, work)


def _share_changes(body: Mapping[str, Any], *, is_new: bool = False) -> dict[str, Any]:
    reader = SharingReader(body)
    changes: dict[str, Any] = {
        **reader.words("note", *(("principal",) if is_new else ())),
        **reader.levels("level"),
        **reader.moments("expires_at"),
        **reader.flags("ends_with_owner"),
    }
    reader.done()
    return changes


def _shares_told(rows: list[RecordShare]) -> list[dict[str, Any]]:
    names = names_of(row.principal for row in rows)
    return [
        {
            "id": row.pk,
            "principal": row.principal,
            "name": names[row.principal],
            "level": LEVEL_NAMES[row.level],
            "expires_at": row.expires_at,
            "note": row.note,
            "ends_with_owner": row.ends_with_owner,
            "granted_by_id": row.granted_by_id,
            "granted_at": row.granted_at,
        }
        for row in rows
    ]


def _team_told(rows: list[RecordShare]) -> list[dict[str, Any]]:
    names = names_of(row.principal for row in rows)
    return [
        {
            "user_id": teams.user_id_of(row),
            "name": names[row.principal],
            "level": LEVEL_NAMES[row.level],
            "role": row.team_role,
            "added_by_id": row.granted_by_id,
            "added_at": row.granted_at,
        }
        for row in rows
    ]
