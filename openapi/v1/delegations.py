"""Who stands in for whom, and when."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.kit.errors import FieldError, ValidationFailed
from objects.access.models import Delegation
from objects.access.services import delegations
from objects.access.services.delegations import DelegationInput
from openapi.http import json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.sharing_input import SharingReader

MANDATORY = ("delegate_id", "starts_at", "ends_at")


class DelegationList(AdministrationEndpoint):
    """`GET` those that are not over: the caller's, all for those who manage users; `POST` a new one."""

    scopes = {"GET": "users:read", "POST": "users:write"}

    def get(self, request: Request) -> HttpResponse:
        rows = delegations.delegations(self.actor, everybodys=self.actor.has_function(MANAGE_USERS))
        return json_response({"data": [_told(row) for row in rows]})

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = SharingReader(members(request.data))
            given: dict[str, Any] = {
                **reader.references("user_id", "delegate_id"),
                **reader.moments("starts_at", "ends_at"),
                **reader.words("note"),
            }
            reader.done()
            missing = [name for name in MANDATORY if given.get(name) is None]
            if missing:
                raise ValidationFailed(FieldError(name, "required", _("This field is required.")) for name in missing)
            return _told(delegations.delegate(self.actor, DelegationInput(**given)))

        return self.change(request, work, 201)


class DelegationDetail(AdministrationEndpoint):
    """One delegation: `GET`, and `DELETE` to end it now."""

    scopes = {"GET": "users:read", "DELETE": "users:write"}

    def get(self, request: Request, delegation_id: int) -> HttpResponse:
        return json_response(_told(delegations.get_delegation(self.actor, delegation_id)))

    def delete(self, request: Request, delegation_id: int) -> HttpResponse:
        def work() -> dict[str, Any]:
            delegations.end_delegation(self.actor, delegation_id)
            return {"id": delegation_id, "ended": True}

        return self.change(request, work)


def _told(row: Delegation) -> dict[str, Any]:
    return {
        "id": row.pk,
        "user_id": row.user_id,
        "user_name": row.user.name,
        "delegate_id": row.delegate_id,
        "delegate_name": row.delegate.name,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "note": row.note,
    }
