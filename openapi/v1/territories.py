"""Territories over the API, for those who manage users."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound
from objects.access.models import Territory
from objects.access.services import territories as services
from objects.access.territories import TerritoryRow, get_territory, members_of, territory_tree
from openapi.http import json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader, user_ids


class TerritoryList(AdministrationEndpoint):
    """`GET` all territories in the order of the tree; `POST` a new one, with its `members` if there are any yet."""

    scopes = {"GET": "users:read", "POST": "users:write"}

    def get(self, request: Request) -> HttpResponse:
        return json_response({"data": [_summary(row) for row in territory_tree(self.actor)]})

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            name, parent = reader.words("name").get("name", ""), reader.references("parent").get("parent")
            people = reader.ids("members").get("members", [])
            reader.done()
            made = services.create_territory(self.actor, name, parent)
            services.add_members(self.actor, made.pk, people)
            return _detail(self.actor, made)

        return self.change(request, work, 201)


class TerritoryDetail(AdministrationEndpoint):
    """One territory with the ids of its members: `GET`; `PATCH` its name, place and state; `DELETE` while unused."""

    scopes = {"GET": "users:read", "PATCH": "users:write", "DELETE": "users:write"}

    def get(self, request: Request, territory_id: UUID) -> HttpResponse:
        return json_response(_detail(self.actor, get_territory(self.actor, territory_id)))

    def patch(self, request: Request, territory_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            name, parent = reader.words("name"), reader.references("parent")
            is_active = reader.flags("is_active").get("is_active")
            reader.done()
            if "parent" in parent:
                services.move_territory(self.actor, territory_id, parent["parent"])
            if "name" in name:
                services.rename_territory(self.actor, territory_id, name["name"])
            if is_active is not None:
                change = services.reopen_territory if is_active else services.close_territory
                change(self.actor, territory_id)
            return _detail(self.actor, get_territory(self.actor, territory_id))

        return self.change(request, work)

    def delete(self, request: Request, territory_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            services.delete_territory(self.actor, territory_id)
            return {"id": territory_id, "deleted": True}

        return self.change(request, work)


class TerritoryMembers(AdministrationEndpoint):
    """`PUT {"members": [ids]}`: let exactly these users be in the territory."""

    scopes = {"PUT": "users:write"}

    def put(self, request: Request, territory_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            people = user_ids(members(request.data))
            services.set_members(self.actor, territory_id, people)
            return _detail(self.actor, get_territory(self.actor, territory_id))

        return self.change(request, work)


def _summary(row: TerritoryRow) -> dict[str, Any]:
    territory = row.territory
    return {
        "id": territory.pk,
        "name": territory.name,
        "parent": row.parent_id,
        "level": row.level,
        "is_active": territory.is_active,
        "member_count": row.members,
        "member_count_below": row.within,
        "sharing_rule_count": row.rules,
    }


def _detail(actor: Actor, territory: Territory) -> dict[str, Any]:
    people = list(members_of(territory).values_list("pk", flat=True))
    for row in territory_tree(actor):
        if row.territory.pk == territory.pk:
            return {**_summary(row), "members": people}
    raise NotFound
