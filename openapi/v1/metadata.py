"""The data model over the API: objects and fields, read by those who use them, written by admins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from crm_platform.kit.errors import NotFound, VersionConflict
from metadata import services
from metadata.compiler.current import current_snapshot, repin
from metadata.publishing import require_customize
from objects.access.policy import AccessPolicy
from openapi.http import Endpoint, expected_version, json_response, members
from openapi.v1.describing import describe, told_field, told_object
from openapi.v1.metadata_input import field_changes, field_input, object_changes, object_input


class MetaEndpoint(Endpoint):
    """Base of the metadata endpoints; the ETag is the version of the organisation's whole data model."""

    def policy(self) -> AccessPolicy:
        return AccessPolicy.of(self.actor)

    def publish(
        self, request: Request, work: Callable[[], Any], answer: Callable[[], Any], status: int
    ) -> HttpResponse:
        """Run a change of the data model: If-Match, dry run, answer with the new version as ETag."""

        def run() -> HttpResponse:
            require_customize(self.actor)
            expected, current = expected_version(request), current_snapshot().version
            if expected is not None and expected != current:
                raise VersionConflict(current_version=current)
            if self.is_dry_run(request):
                return self._try(work, answer)
            work()
            return json_response(answer(), status, etag=str(current_snapshot().version))

        return self.write(request, run)

    def _try(self, work: Callable[[], Any], answer: Callable[[], Any]) -> HttpResponse:
        try:
            with transaction.atomic():
                work()
                body = answer()
                transaction.set_rollback(True)
        finally:
            repin()
        return json_response({**body, "dry_run": True} if isinstance(body, dict) else body)


class ObjectList(MetaEndpoint):
    """`GET` the objects, `POST` a new one."""

    scopes = {"GET": "meta:read", "POST": "meta:write"}

    def get(self, request: Request) -> HttpResponse:
        data = [told_object(self.policy(), spec) for spec in self.policy().readable_objects()]
        return json_response({"data": data}, etag=str(current_snapshot().version))

    def post(self, request: Request) -> HttpResponse:
        given = object_input(members(request.data))
        return self.publish(
            request,
            lambda: services.create_object(self.actor, given),
            lambda: self._summary(given.api_name),
            201,
        )

    def _summary(self, object_name: str) -> dict[str, Any]:
        return told_object(self.policy(), current_snapshot().object(object_name).spec)


class ObjectDetail(MetaEndpoint):
    """One object: `GET`, `PATCH`, `DELETE` (into the trash)."""

    scopes = {"GET": "meta:read", "PATCH": "meta:write", "DELETE": "meta:write"}

    def get(self, request: Request, object_name: str) -> HttpResponse:
        self.policy().require(object_name, "read")
        spec = current_snapshot().object(object_name).spec
        return json_response(told_object(self.policy(), spec), etag=str(current_snapshot().version))

    def patch(self, request: Request, object_name: str) -> HttpResponse:
        changes = object_changes(members(request.data))
        return self.publish(
            request,
            lambda: services.update_object(self.actor, object_name, **changes),
            lambda: told_object(self.policy(), current_snapshot().object(object_name).spec),
            200,
        )

    def delete(self, request: Request, object_name: str) -> HttpResponse:
        return self.publish(
            request,
            lambda: services.delete_object(self.actor, object_name),
            lambda: {"api_name": object_name, "state": "trashed"},
            200,
        )


class ObjectRestore(MetaEndpoint):
    """`POST`: bring a deleted object back."""

    scopes = {"POST": "meta:write"}

    def post(self, request: Request, object_name: str) -> HttpResponse:
        return self.publish(
            request,
            lambda: services.restore_object(self.actor, object_name),
            lambda: told_object(self.policy(), current_snapshot().object(object_name).spec),
            200,
        )


class Describe(MetaEndpoint):
    """`GET`: an object as the caller may use it."""

    scopes = {"GET": "meta:read"}

    def get(self, request: Request, object_name: str) -> HttpResponse:
        policy = self.policy()
        policy.require(object_name, "read")
        body = describe(policy, current_snapshot().object(object_name))
        return json_response(body, etag=str(current_snapshot().version))


class FieldList(MetaEndpoint):
    """`GET` the fields of an object, `POST` a new one."""

    scopes = {"GET": "meta:read", "POST": "meta:write"}

    def get(self, request: Request, object_name: str) -> HttpResponse:
        policy = self.policy()
        policy.require(object_name, "read")
        fields = describe(policy, current_snapshot().object(object_name))["fields"]
        return json_response({"data": fields}, etag=str(current_snapshot().version))

    def post(self, request: Request, object_name: str) -> HttpResponse:
        given = field_input(members(request.data))
        return self.publish(
            request,
            lambda: services.add_field(self.actor, object_name, given),
            lambda: _field(self.policy(), object_name, given.api_name),
            201,
        )


class FieldDetail(MetaEndpoint):
    """One field: `GET`, `PATCH`, `DELETE` (hidden, restorable for 30 days)."""

    scopes = {"GET": "meta:read", "PATCH": "meta:write", "DELETE": "meta:write"}

    def get(self, request: Request, object_name: str, field_name: str) -> HttpResponse:
        self.policy().require(object_name, "read")
        body = _field(self.policy(), object_name, field_name)
        return json_response(body, etag=str(current_snapshot().version))

    def patch(self, request: Request, object_name: str, field_name: str) -> HttpResponse:
        changes, choices = field_changes(members(request.data))

        def work() -> None:
            with transaction.atomic():
                if changes:
                    services.update_field(self.actor, object_name, field_name, **changes)
                if choices is not None:
                    services.update_choices(self.actor, _own_choice_set(object_name, field_name), choices)

        return self.publish(request, work, lambda: _field(self.policy(), object_name, field_name), 200)

    def delete(self, request: Request, object_name: str, field_name: str) -> HttpResponse:
        return self.publish(
            request,
            lambda: services.delete_field(self.actor, object_name, field_name),
            lambda: {"api_name": field_name, "state": "hidden"},
            200,
        )


class FieldRestore(MetaEndpoint):
    """`POST`: bring a deleted field back with its values."""

    scopes = {"POST": "meta:write"}

    def post(self, request: Request, object_name: str, field_name: str) -> HttpResponse:
        return self.publish(
            request,
            lambda: services.restore_field(self.actor, object_name, field_name),
            lambda: _field(self.policy(), object_name, field_name),
            200,
        )


def _field(policy: AccessPolicy, object_name: str, field_name: str) -> Mapping[str, Any]:
    obj = current_snapshot().object(object_name)
    field = policy.visible_field(obj, field_name)
    if field is None:
        raise NotFound
    return told_field(policy, obj, field)


def _own_choice_set(object_name: str, field_name: str) -> str:
    field = current_snapshot().object(object_name).field(field_name)
    if field.spec.choice_set is None or not field.definition.uses_choices:
        raise NotFound
    return field.spec.choice_set.api_name
