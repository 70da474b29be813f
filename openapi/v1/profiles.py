"""Profiles and permission sets over the API: functions, objects, fields and members, for those who manage users."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.identity import services
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import PermissionSet, Profile, User
from crm_platform.identity.services import require_function
from crm_platform.identity.services.access import functions_of, functions_of_groups
from crm_platform.kit.errors import FieldError, ValidationFailed
from objects.access.services.field_levels import field_levels_for, level_name, set_field_levels
from objects.access.services.grants import (
    GroupOwner,
    clone_permission_set,
    clone_profile,
    grants_matrix,
    owner_of,
    set_grants,
)
from objects.access.services.type_grants import set_type_rights, type_rights_for
from openapi.http import json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader


@dataclass(frozen=True)
class Kind:
    """What differs between profiles and permission sets."""

    model: Any
    texts: tuple[str, ...]
    create: Callable[..., Any]
    update: Callable[..., Any]
    delete: Callable[..., None]
    clone: Callable[..., Any]


PROFILE = Kind(
    Profile,
    ("name", "api_name"),
    services.create_profile,
    services.update_profile,
    services.delete_profile,
    clone_profile,
)
PERMISSION_SET = Kind(
    PermissionSet,
    ("name", "api_name", "description"),
    services.create_permission_set,
    services.update_permission_set,
    services.delete_permission_set,
    clone_permission_set,
)


class HolderEndpoint(AdministrationEndpoint):
    """Base of the endpoints of both kinds."""

    kind: ClassVar[Kind]

    def row(self, holder_id: UUID) -> Any:
        """Return the profile or permission set of the address; raises Forbidden, NotFound."""
        require_function(self.actor, MANAGE_USERS)
        return owner_of(self.kind.model, holder_id)

    def summary(self, row: GroupOwner, functions: frozenset[str] | None = None) -> dict[str, Any]:
        """Return names and functions, which are read unless they are given."""
        return {
            "id": row.uuid,
            **{name: getattr(row, name) for name in self.kind.texts},
            "functions": sorted(functions_of(row) if functions is None else functions),
        }

    def read(self, body: Mapping[str, Any], *more: str) -> tuple[dict[str, str], list[str] | None, UUID | None]:
        """Return the texts, the functions and the source of a body; raises ValidationFailed."""
        reader = MemberReader(body)
        texts = reader.words(*self.kind.texts)
        functions = reader.lists("functions").get("functions")
        source = reader.references(*more).get("source")
        reader.done()
        if functions is not None and not all(isinstance(item, str) for item in functions):
            raise ValidationFailed.single("functions", "invalid_type", _("Send an array of texts."))
        return texts, functions, source


class HolderList(HolderEndpoint):
    """`GET` all, `POST` a new one; `source` is the id of one whose rights it copies."""

    scopes = {"GET": "users:read", "POST": "users:write"}

    def get(self, request: Request) -> HttpResponse:
        require_function(self.actor, MANAGE_USERS)
        rows = list(self.kind.model.objects.order_by("id"))
        functions = functions_of_groups([row.group_id for row in rows])
        return json_response({"data": [self.summary(row, functions[row.group_id]) for row in rows]})

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            texts, functions, source = self.read(members(request.data), "source")
            name, more = texts.pop("name", ""), texts
            if source is None:
                return self.summary(self.kind.create(self.actor, name, functions=functions or (), **more))
            made = self.kind.clone(self.actor, source, name, api_name=more.get("api_name", ""))
            if "description" in more:
                made = self.kind.update(self.actor, made.uuid, description=more["description"])
            if functions is not None:
                services.set_functions(self.actor, made, functions)
            return self.summary(made)

        return self.change(request, work, 201)


class HolderDetail(HolderEndpoint):
    """One with its names and functions: `GET`, `PATCH`, `DELETE`."""

    scopes = {"GET": "users:read", "PATCH": "users:write", "DELETE": "users:write"}

    def get(self, request: Request, holder_id: UUID) -> HttpResponse:
        return json_response(self.summary(self.row(holder_id)))

    def patch(self, request: Request, holder_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            texts, functions, _source = self.read(members(request.data))
            row = self.kind.update(self.actor, holder_id, **texts)
            if functions is not None:
                services.set_functions(self.actor, row, functions)
            return self.summary(row)

        return self.change(request, work)

    def delete(self, request: Request, holder_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            self.kind.delete(self.actor, holder_id)
            return {"id": holder_id, "deleted": True}

        return self.change(request, work)


class HolderObjects(HolderEndpoint):
    """What may be done with objects: `GET` all, `PATCH {"account": ["read", "edit"]}` for some."""

    scopes = {"GET": "users:read", "PATCH": "users:write"}

    def get(self, request: Request, holder_id: UUID) -> HttpResponse:
        return json_response({"objects": grants_matrix(self.actor, self.row(holder_id))})

    def patch(self, request: Request, holder_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            wanted = members(request.data)
            message = _("Send an array of actions.")
            wrong = [name for name, actions in wanted.items() if not _is_texts(actions)]
            if wrong:
                raise ValidationFailed([FieldError(name[:120], "invalid_type", message) for name in wrong])
            return {"objects": set_grants(self.actor, self.row(holder_id), wanted)}

        return self.change(request, work)


class HolderFields(HolderEndpoint):
    """What may be done with the fields of an object: `GET` all, `PATCH {"amount": "hidden"}` for some."""

    scopes = {"GET": "users:read", "PATCH": "users:write"}

    def get(self, request: Request, holder_id: UUID, object_name: str) -> HttpResponse:
        levels = field_levels_for(self.actor, self.row(holder_id), object_name)
        return json_response({"fields": {name: level_name(level) for name, level in levels.items()}})

    def patch(self, request: Request, holder_id: UUID, object_name: str) -> HttpResponse:
        def work() -> dict[str, Any]:
            levels = set_field_levels(self.actor, self.row(holder_id), object_name, members(request.data))
            return {"fields": {name: level_name(level) for name, level in levels.items()}}

        return self.change(request, work)


class HolderRecordTypes(HolderEndpoint):
    """Which record types of an object may be used: `GET`, `PUT {"used": ["retail"], "default": "retail"}`."""

    scopes = {"GET": "users:read", "PUT": "users:write"}

    def get(self, request: Request, holder_id: UUID, object_name: str) -> HttpResponse:
        return json_response(asdict(type_rights_for(self.actor, self.row(holder_id), object_name)))

    def put(self, request: Request, holder_id: UUID, object_name: str) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            used, default = reader.lists("used").get("used"), reader.words("default").get("default", "")
            reader.done()
            if used is None or not _is_texts(used):
                raise ValidationFailed.single("used", "invalid_type", _("Send an array of texts."))
            return asdict(set_type_rights(self.actor, self.row(holder_id), object_name, used, default))

        return self.change(request, work)


class PermissionSetMembers(HolderEndpoint):
    """Who has a permission set: `GET`, and `PUT {"users": [ids]}` for exactly these."""

    kind = PERMISSION_SET
    scopes = {"GET": "users:read", "PUT": "users:write"}

    def get(self, request: Request, holder_id: UUID) -> HttpResponse:
        return json_response({"users": _user_ids(self.row(holder_id))})

    def put(self, request: Request, holder_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            users = reader.ids("users").get("users")
            reader.done()
            if users is None:
                raise ValidationFailed.single("users", "required", _("This field is required."))
            services.set_permission_set_members(self.actor, holder_id, users)
            return {"users": _user_ids(self.row(holder_id))}

        return self.change(request, work)


class ProfileList(HolderList):
    kind = PROFILE


class ProfileDetail(HolderDetail):
    kind = PROFILE


class ProfileObjects(HolderObjects):
    kind = PROFILE


class ProfileFields(HolderFields):
    kind = PROFILE


class ProfileRecordTypes(HolderRecordTypes):
    kind = PROFILE


class PermissionSetList(HolderList):
    kind = PERMISSION_SET


class PermissionSetDetail(HolderDetail):
    kind = PERMISSION_SET


class PermissionSetObjects(HolderObjects):
    kind = PERMISSION_SET


class PermissionSetFields(HolderFields):
    kind = PERMISSION_SET


class PermissionSetRecordTypes(HolderRecordTypes):
    kind = PERMISSION_SET


def _user_ids(row: GroupOwner) -> list[UUID]:
    users: QuerySet[User] = User.objects.filter(groups=row.group_id).order_by("name", "id")
    return list(users.values_list("pk", flat=True))


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
