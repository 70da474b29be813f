"""Turns a user into an Actor, and checks user name and password. One query per caller."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest

from crm_platform.identity.functions import FUNCTION_NAMES
from crm_platform.identity.models import AccessVersion, OrganizationSettings, User
from crm_platform.kit.context import Actor
from crm_platform.tenancy.context import schema_name


def users_for_actor() -> QuerySet[User]:
    """Return users together with all that `build_actor` needs, so that it costs one query."""
    organization = OrganizationSettings.objects.all()
    return User.objects.select_related("profile", "role", "department").annotate(
        access_version=Subquery(AccessVersion.objects.values("number")[:1]),
        organization_language=Subquery(organization.values("language")[:1]),
        organization_time_zone=Subquery(organization.values("time_zone")[:1]),
    )


def build_actor(user: User, *, via: str, request_id: str = "-", scopes: frozenset[str] | None = None) -> Actor:
    """Return the caller for an active user; `scopes` limits what a key may do.

    Pass a user of `users_for_actor()`; any other is read again.
    """
    if not hasattr(user, "access_version"):
        user = users_for_actor().get(pk=user.pk)
    extra: Any = user  # annotated by users_for_actor
    group_ids = (user.profile.group_id,) if user.profile else ()
    version: int = extra.access_version or 0
    return Actor(
        user_id=user.pk,
        name=user.name,
        via=via,
        group_ids=group_ids,
        functions=_functions(schema_name(), version, group_ids),
        data_scope=user.role.data_scope if user.role else "own",
        department_id=user.department_id,
        department_path=user.department.path if user.department else "",
        language=user.language or extra.organization_language or "en",
        time_zone=user.time_zone or extra.organization_time_zone or "UTC",
        access_version=version,
        scopes=scopes,
        request_id=request_id,
    )


@lru_cache(maxsize=2048)
def _functions(schema: str, access_version: int, group_ids: tuple[int, ...]) -> frozenset[str]:
    """Return the function permissions of the groups; every change of a grant makes a new access version."""
    granted = Permission.objects.filter(group__in=group_ids).values_list("content_type__app_label", "codename")
    return frozenset(f"{app}.{codename}" for app, codename in granted) & FUNCTION_NAMES


class OrganizationBackend(ModelBackend):
    """Signs in the users of the current organisation. Permissions are answered by the Actor, not here."""

    def get_user(self, user_id: Any) -> User | None:
        user = users_for_actor().filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Return the user when the password is right; does the same work when there is no such user."""
        if username is None or password is None:
            return None
        user = users_for_actor().filter(username=User.objects.normalize(username)).first()
        if user is None:
            User().set_password(password)
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None
