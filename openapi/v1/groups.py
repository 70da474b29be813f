"""Groups of users over the API, for those who manage users."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from crm_platform.identity import selectors, services
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import UserGroup
from crm_platform.identity.services import require_function
from crm_platform.kit.context import Actor
from openapi.http import json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader, user_ids

NAMES = ("name", "api_name", "description")


class GroupList(AdministrationEndpoint):
    """`GET` the groups, `POST` a new one, with its `members` if there are any yet."""

    scopes = {"GET": "users:read", "POST": "users:write"}

    def get(self, request: Request) -> HttpResponse:
        require_function(self.actor, MANAGE_USERS)
        rows: Any = selectors.groups(self.actor)  # each with its member_count
        return json_response({"data": [{**_summary(row), "member_count": row.member_count} for row in rows]})

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            texts, people = reader.words(*NAMES), reader.ids("members").get("members", [])
            reader.done()
            made = services.create_group(self.actor, **{"name": "", **texts})
            services.add_group_members(self.actor, made.uuid, people)
            return _detail(self.actor, made)

        return self.change(request, work, 201)


class GroupDetail(AdministrationEndpoint):
    """One group with the ids of its members: `GET`, `PATCH`, `DELETE` while nothing is shared with it."""

    scopes = {"GET": "users:read", "PATCH": "users:write", "DELETE": "users:write"}

    def get(self, request: Request, group_id: UUID) -> HttpResponse:
        require_function(self.actor, MANAGE_USERS)
        return json_response(_detail(self.actor, selectors.get_group(self.actor, group_id)))

    def patch(self, request: Request, group_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            texts = reader.words(*NAMES)
            reader.done()
            return _detail(self.actor, services.update_group(self.actor, group_id, **texts))

        return self.change(request, work)

    def delete(self, request: Request, group_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            services.delete_group(self.actor, group_id)
            return {"id": group_id, "deleted": True}

        return self.change(request, work)


class GroupMembers(AdministrationEndpoint):
    """`PUT {"members": [ids]}`: let exactly these users be in the group."""

    scopes = {"PUT": "users:write"}

    def put(self, request: Request, group_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            people = user_ids(members(request.data))
            services.set_group_members(self.actor, group_id, people)
            return _detail(self.actor, selectors.get_group(self.actor, group_id))

        return self.change(request, work)


def _summary(row: UserGroup) -> dict[str, Any]:
    return {"id": row.uuid, **{name: getattr(row, name) for name in NAMES}}


def _detail(actor: Actor, row: UserGroup) -> dict[str, Any]:
    people = selectors.members_of(actor, row).values_list("pk", flat=True)
    return {**_summary(row), "members": list(people)}
