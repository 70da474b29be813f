"""Settings of pools: the pools themselves, who works with them, when records return, how much people may hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import ValidationFailed
from objects.access.naming import names_of
from openapi.http import expected_version, json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader
from workflows.pools.models import Pool, PoolMember
from workflows.pools.services import settings
from workflows.pools.services.inputs import HoldCapInput, MemberInput, PoolInput, RecycleRuleInput

READ, CHANGE = "meta:read", "meta:write"
TEXTS = ("label", "description", "mode", "open_tasks", "clock")
NUMBERS = ("position", "batch_size", "cool_down_days", "protection_hours", "own_department_hours", "run_cap")
CAPS = ("hold_cap", "daily_cap", "hourly_cap", "daily_views")
FLAGS = ("is_active", "members_release", "keeps_team", "recycles", "waits_for_leave", "reminds_manager")
WORDS = ("masked_fields", "order", "cool_down_exempt", "reasons")
TREES = ("scope", "uncounted", "exempt")


class PoolSettingsList(AdministrationEndpoint):
    """`GET` all pools, of one object with `?object=`; `POST` a new one."""

    scopes = {"GET": READ, "POST": CHANGE}

    def get(self, request: Request) -> HttpResponse:
        rows = settings.pools(self.actor, request.query_params.get("object"))
        return json_response({"data": [_told(row) for row in rows]})

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            named = reader.words("object", "api_name")
            given = {"object": "", "label": "", **named, **_changes(reader)}
            return _told(settings.create_pool(self.actor, PoolInput(**given)))

        return self.change(request, work, 201)


class PoolSettings(AdministrationEndpoint):
    """One pool: `GET`, `PATCH`; `DELETE` where it is switched off and no record belongs to it."""

    scopes = {"GET": READ, "PATCH": CHANGE, "DELETE": CHANGE}

    def get(self, request: Request, pool_id: UUID) -> HttpResponse:
        row = settings.get_pool(self.actor, pool_id)
        return json_response(_told(row), etag=str(row.version))

    def patch(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            changes = _changes(MemberReader(members(request.data)))
            return _told(settings.update_pool(self.actor, pool_id, changes, expected_version(request)))

        return self.change(request, work)

    def delete(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            settings.delete_pool(self.actor, pool_id, expected_version(request))
            return {"id": pool_id, "deleted": True}

        return self.change(request, work)


class PoolMembers(AdministrationEndpoint):
    """Who works with a pool: `GET`, and `PUT {"members": [{"principal": "role:…", "is_admin": false}]}` for all."""

    scopes = {"GET": READ, "PUT": CHANGE}

    def get(self, request: Request, pool_id: UUID) -> HttpResponse:
        pool = settings.get_pool(self.actor, pool_id)
        return json_response(_members_told(pool, pool.members.order_by("pk")), etag=str(pool.version))

    def put(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            given = _whole(reader, "members", reader.each("members", _member))
            rows = settings.set_members(self.actor, pool_id, given, expected_version(request))
            return _members_told(settings.get_pool(self.actor, pool_id), rows)

        return self.change(request, work)


class RecycleRules(AdministrationEndpoint):
    """When records return to a pool: `GET`, and `PUT {"rules": […]}` for all; one with an `id` takes its place."""

    scopes = {"GET": READ, "PUT": CHANGE}

    def get(self, request: Request, pool_id: UUID) -> HttpResponse:
        pool = settings.get_pool(self.actor, pool_id)
        return json_response(_rules_told(pool), etag=str(pool.version))

    def put(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            given = _whole(reader, "rules", reader.each("rules", _rule))
            settings.set_recycle_rules(self.actor, pool_id, given, expected_version(request))
            return _rules_told(settings.get_pool(self.actor, pool_id))

        return self.change(request, work)


class HoldCaps(AdministrationEndpoint):
    """How many records of an object people may hold over all pools: `GET`, and `PUT {"caps": […]}` for all."""

    scopes = {"GET": READ, "PUT": CHANGE}

    def get(self, request: Request, object_name: str) -> HttpResponse:
        return json_response(self._told(object_name))

    def put(self, request: Request, object_name: str) -> HttpResponse:
        def work() -> dict[str, Any]:
            settings.hold_caps(self.actor, object_name)  # not found before anything else is told
            reader = MemberReader(members(request.data))
            given = _whole(reader, "caps", reader.each("caps", _cap))
            settings.set_hold_caps(self.actor, object_name, given)
            return self._told(object_name)

        return self.change(request, work)

    def _told(self, object_name: str) -> dict[str, Any]:
        caps = settings.hold_caps(self.actor, object_name)
        names = names_of(item["principal"] for item in caps)
        return {"object": object_name, "caps": [{**item, "name": names[item["principal"]]} for item in caps]}


def _changes(reader: MemberReader) -> Mapping[str, Any]:
    given: dict[str, Any] = {
        **reader.words(*TEXTS),
        **reader.integers(*NUMBERS, "extension_days", "protected_cap"),
        **reader.counts(*CAPS),
        **reader.flags(*FLAGS),
        **reader.strings(*WORDS),
        **reader.lists("reminder_days"),
        **reader.trees(*TREES),
        **reader.references("recycles_to"),
    }
    reader.done()
    return given


def _member(reader: MemberReader) -> MemberInput:
    return MemberInput(principal=reader.words("principal").get("principal", ""), **reader.flags("is_admin"))


def _rule(reader: MemberReader) -> RecycleRuleInput:
    given: dict[str, Any] = {
        "label": "",
        "kind": "",
        **reader.words("label", "kind"),
        **reader.integers("id", "days", "group"),
        **reader.lists("variants"),
        **reader.objects("settings"),
        **reader.flags("is_active"),
    }
    return RecycleRuleInput(**given)


def _cap(reader: MemberReader) -> HoldCapInput:
    cap = reader.integers("cap").get("cap", -1)
    return HoldCapInput(principal=reader.words("principal").get("principal", ""), cap=cap, **reader.trees("uncounted"))


def _whole(reader: MemberReader, name: str, found: Mapping[str, list[Any]]) -> Sequence[Any]:
    """Return a list that must be given, since it takes the place of the one there is."""
    reader.done()
    if name not in found:
        raise ValidationFailed.single(name, "required", _("This member is required."))
    return found[name]


def _told(row: Pool) -> dict[str, Any]:
    named = {"id": row.pk, "object": row.business_object.api_name, "api_name": row.api_name}
    return {**named, **settings.said(row), "version": row.version}


def _members_told(pool: Pool, rows: Iterable[PoolMember]) -> dict[str, Any]:
    listed = list(rows)
    names = names_of(row.principal for row in listed)
    told = [{"principal": row.principal, "name": names[row.principal], "is_admin": row.is_admin} for row in listed]
    return {"pool_id": pool.pk, "members": told, "version": pool.version}


def _rules_told(pool: Pool) -> dict[str, Any]:
    rules = [settings.said_rule(row) for row in pool.recycle_rules.all()]
    return {"pool_id": pool.pk, "rules": rules, "version": pool.version}
