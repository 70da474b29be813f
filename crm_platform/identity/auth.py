"""Turns a user into an Actor, and checks user name and password. One query per caller."""

from __future__ import annotations

from datetime import timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from crm_platform.identity.functions import FUNCTION_NAMES
from crm_platform.identity.models import AccessVersion, OrganizationSettings, User
from crm_platform.kit.context import Actor
from crm_platform.kit.db import fetch_prepared
from crm_platform.kit.json import dumps
from crm_platform.kit.sqlnames import quote
from crm_platform.tenancy.context import schema_name

# All that an actor is made of, for statements that go on with `FROM … JOIN identity_user u …` and CALLER_JOINS.
CALLER_COLUMNS = """
    u.id, u.name::text, u.language::text, u.time_zone::text, u.department_id, d.path::text, r.data_scope::text,
    r.uuid, p.group_id, (SELECT array_agg(m.group_id ORDER BY m.group_id) FROM identity_user_groups m
    WHERE m.user_id = u.id), (SELECT number FROM identity_accessversion), o.language::text, o.time_zone::text,
    p.allowed_networks::text
"""
CALLER_JOINS = """
    LEFT JOIN identity_department d ON d.id = u.department_id
    LEFT JOIN identity_role r ON r.id = u.role_id
    LEFT JOIN identity_profile p ON p.id = u.profile_id
    LEFT JOIN identity_organizationsettings o ON true
"""


class CallerFacts(NamedTuple):
    """The values of CALLER_COLUMNS."""

    user_id: UUID
    name: str
    language: str
    time_zone: str
    department_id: UUID | None
    department_path: str | None
    data_scope: str | None
    role_id: UUID | None
    group_id: int | None
    more_group_ids: list[int] | None
    access_version: int | None
    organization_language: str | None
    organization_time_zone: str | None
    allowed_networks: str | None  # of the profile, JSON; see crm_platform.identity.networks


class SessionTerms(NamedTuple):
    """What the organisation asks of sessions and of their user, read together with the user."""

    idle_minutes: int | None
    max_hours: int | None
    wants_second_factor: bool | None

    @property
    def idle(self) -> timedelta | None:
        return timedelta(minutes=self.idle_minutes) if self.idle_minutes else None

    @property
    def longest(self) -> timedelta:
        return timedelta(hours=self.max_hours or 336)


def users_for_actor() -> QuerySet[User]:
    """Return users together with all that `build_actor` needs, so that it costs one query."""
    organization = OrganizationSettings.objects.all()
    return User.objects.select_related("profile", "role", "department").annotate(
        more_group_ids=ArraySubquery(
            User.groups.through.objects.filter(user=OuterRef("pk")).order_by("group_id").values("group_id")
        ),
        access_version=Subquery(AccessVersion.objects.values("number")[:1]),
        organization_language=Subquery(organization.values("language")[:1]),
        organization_time_zone=Subquery(organization.values("time_zone")[:1]),
    )


def build_actor(user: User, *, via: str, request_id: str = "-", scopes: frozenset[str] | None = None) -> Actor:
    """Return the caller for an active user; `scopes` limits what a key may do.

    Pass a user of `users_for_actor()` or of the session; any other is read again.
    """
    known: CallerFacts | None = getattr(user, "caller_facts", None)
    if known is not None:
        return actor_of(known, via=via, request_id=request_id, scopes=scopes)
    if not hasattr(user, "access_version"):
        user = users_for_actor().get(pk=user.pk)
    extra: Any = user  # annotated by users_for_actor
    facts = CallerFacts(
        user.pk,
        user.name,
        user.language,
        user.time_zone,
        user.department_id,
        user.department.path if user.department else None,
        user.role.data_scope if user.role else None,
        user.role.uuid if user.role else None,
        user.profile.group_id if user.profile else None,
        extra.more_group_ids,
        extra.access_version,
        extra.organization_language,
        extra.organization_time_zone,
        dumps(user.profile.allowed_networks).decode() if user.profile else None,
    )
    return actor_of(facts, via=via, request_id=request_id, scopes=scopes)


def actor_of(facts: CallerFacts, *, via: str, request_id: str = "-", scopes: frozenset[str] | None = None) -> Actor:
    """Return the caller for what was read of an active user."""
    own = (facts.group_id,) if facts.group_id is not None else ()
    group_ids = (*own, *(facts.more_group_ids or ()))
    version = facts.access_version or 0
    return Actor(
        user_id=facts.user_id,
        name=facts.name,
        via=via,
        group_ids=group_ids,
        functions=_functions(schema_name(), version, group_ids),
        data_scope=facts.data_scope or "own",
        role_id=facts.role_id,
        department_id=facts.department_id,
        department_path=facts.department_path or "",
        language=facts.language or facts.organization_language or "en",
        time_zone=facts.time_zone or facts.organization_time_zone or "UTC",
        access_version=version,
        scopes=scopes,
        request_id=request_id,
    )


@lru_cache(maxsize=2048)
def _functions(schema: str, access_version: int, group_ids: tuple[int, ...]) -> frozenset[str]:
    """Return the function permissions of the groups; every change of a grant makes a new access version."""
    granted = Permission.objects.filter(group__in=group_ids).values_list("content_type__app_label", "codename")
    return frozenset(f"{app}.{codename}" for app, codename in granted) & FUNCTION_NAMES


@cache
def _session_sql() -> str:
    """Return the SQL of all that a page asks of its user: his row, what an actor is made of, the name of the frame."""
    columns = [
        f"u.{quote(str(field.column))}{'::text' if isinstance(field, CharField) else ''}"
        for field in User._meta.concrete_fields
    ]
    return f"""
        SELECT o.name::text, o.session_idle_minutes, o.session_max_hours,
            o.requires_second_factor OR coalesce(p.requires_second_factor, false),
            {", ".join(columns)}, {CALLER_COLUMNS}
        FROM identity_user u {CALLER_JOINS} WHERE u.id = $1
    """  # noqa: S608 (names of columns only)


def _user_of_session(user_id: Any) -> User | None:
    names = [field.attname for field in User._meta.concrete_fields]
    for organization_name, idle, longest, wants_second, *values in fetch_prepared(
        "user_of_session", _session_sql(), [user_id]
    ):
        user = User.from_db(connection.alias, names, values[: len(names)])
        user.caller_facts = CallerFacts(*values[len(names) :])  # type: ignore[attr-defined]
        user.organization_name = organization_name  # type: ignore[attr-defined]
        user.session_terms = SessionTerms(idle, longest, wants_second)  # type: ignore[attr-defined]
        return user
    return None


class OrganizationBackend(ModelBackend):
    """Signs in the users of the current organisation. Permissions are answered by the Actor, not here."""

    def get_user(self, user_id: Any) -> User | None:
        user = _user_of_session(user_id)
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
