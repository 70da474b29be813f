"""Who the caller is, and what there is."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from crm_platform.identity.models import OrganizationSettings, User
from crm_platform.tenancy.context import current_slug
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from openapi.http import Endpoint, json_response, not_modified
from openapi.v1.describing import told_object


class Me(Endpoint):
    """`GET`: the caller, their organisation, functions and scopes."""

    scopes = {"GET": None}

    def get(self, request: Request) -> HttpResponse:
        actor = self.actor
        assert actor.user_id is not None  # every caller of the API is a user
        user = User.objects.select_related("profile", "role").get(pk=actor.user_id)
        return json_response(
            {
                "id": actor.user_id,
                "username": user.username,
                "name": actor.name,
                "email": user.email,
                "language": actor.language,
                "time_zone": actor.time_zone,
                "department_id": actor.department_id,
                "profile": user.profile.api_name if user.profile else None,
                "role": user.role.api_name if user.role else None,
                "functions": sorted(actor.functions),
                "scopes": sorted(actor.scopes) if actor.scopes is not None else None,
                "organization": {"slug": current_slug(), "name": _organization_name()},
            }
        )


def _organization_name() -> str:
    return OrganizationSettings.objects.values_list("name", flat=True).first() or ""


class Meta(Endpoint):
    """`GET`: the catalogue of objects and the version of the data model, which is its ETag."""

    scopes = {"GET": "meta:read"}

    def get(self, request: Request) -> HttpResponse:
        snapshot = current_snapshot()
        if not_modified(request, snapshot.version):
            return HttpResponse(status=304, headers={"ETag": f'"{snapshot.version}"'})
        policy = AccessPolicy.of(self.actor)
        objects = [told_object(policy, spec) for spec in policy.readable_objects()]
        return json_response({"metadata_version": snapshot.version, "objects": objects}, etag=str(snapshot.version))
