"""Users over the API: colleagues for everybody, within the contact scope; all of a user for who manages users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.identity import selectors, services
from crm_platform.identity.belongings import belongings_of
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department, Profile, Role, User
from crm_platform.identity.people import CONTACT_DETAILS, hides_details, visible_people
from crm_platform.identity.services import UserInput
from crm_platform.identity.services.invitations import LASTS
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from openapi.http import json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
TEXTS = ("username", "name", "email", "phone", "title", "language", "time_zone")
REFERENCES: dict[str, tuple[Any, str]] = {
    "department": (Department, "pk"),
    "role": (Role, "uuid"),
    "profile": (Profile, "uuid"),
    "manager": (User, "pk"),
}


class UserList(AdministrationEndpoint):
    """`GET` the colleagues whom the caller finds (`q`, `state`, `department`, `limit`, `cursor`); `POST` a new user."""

    scopes = {"GET": "users:read", "POST": "users:write"}

    def get(self, request: Request) -> HttpResponse:
        asked = request.query_params
        limit = _limit(asked.get("limit", ""))
        state = asked.get("state", "active")
        if state not in selectors.USER_STATES:
            raise ValidationFailed.single("state", "invalid_choice", _("Choose one of the offered values."))
        found = selectors.users(self.actor, text=asked.get("q", "")[:100], state=state).order_by("id")
        if "department" in asked:
            found = found.filter(department=_id(asked["department"], "department"))
        if asked.get("cursor"):
            found = found.filter(pk__gt=_id(asked["cursor"], "cursor"))
        rows = list(found.prefetch_related("other_departments")[: limit + 1])
        has_more, rows = len(rows) > limit, rows[:limit]
        page = {"next_cursor": rows[-1].pk if has_more else None, "has_more": has_more, "limit": limit}
        return json_response({"data": [user_told(self.actor, row) for row in rows], "page": page})

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            password = reader.words("password").get("password")
            changes, departments = _changes(reader)
            empty: dict[str, Any] = {"username": "", "name": "", "department": None, "role": None, "profile": None}
            made = services.create_user(self.actor, UserInput(**{**empty, **changes}), password)
            _set_departments(self.actor, made.pk, departments)
            return user_told(self.actor, selectors.get_user(self.actor, made.pk))

        return self.change(request, work, 201)


class UserDetail(AdministrationEndpoint):
    """One user: `GET`, `PATCH`."""

    scopes = {"GET": "users:read", "PATCH": "users:write"}

    def get(self, request: Request, user_id: UUID) -> HttpResponse:
        if not User.objects.filter(visible_people(self.actor), pk=user_id).exists():
            raise NotFound
        return json_response(user_told(self.actor, selectors.get_user(self.actor, user_id)))

    def patch(self, request: Request, user_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            changes, departments = _changes(MemberReader(members(request.data)))
            services.update_user(self.actor, user_id, **changes)
            _set_departments(self.actor, user_id, departments)
            return user_told(self.actor, selectors.get_user(self.actor, user_id))

        return self.change(request, work)


class UserDeactivate(AdministrationEndpoint):
    """`POST`: sessions and keys end with the next request; the answer says what the user still owns."""

    scopes = {"POST": "users:write"}

    def post(self, request: Request, user_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            services.deactivate_user(self.actor, user_id)
            owned = [{"label": item.label, "count": item.count} for item in belongings_of(self.actor, user_id)]
            return {**user_told(self.actor, selectors.get_user(self.actor, user_id)), "owns": owned}

        return self.change(request, work)


class UserActivate(AdministrationEndpoint):
    """`POST`: the user may sign in again."""

    scopes = {"POST": "users:write"}

    def post(self, request: Request, user_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            services.reactivate_user(self.actor, user_id)
            return user_told(self.actor, selectors.get_user(self.actor, user_id))

        return self.change(request, work)


class UserInvite(AdministrationEndpoint):
    """`POST`: a link by which a user without a password sets one. It is in this answer only, and is kept nowhere."""

    scopes = {"POST": "users:write"}

    def post(self, request: Request, user_id: UUID) -> HttpResponse:
        now = timezone.now()
        token = services.invite_user(self.actor, user_id, now)
        url = request.build_absolute_uri(f"{reverse('invitation')}?token={token}")
        return json_response({"url": url, "expires_at": now + LASTS}, 201, Cache_Control="no-store")


def user_told(actor: Actor, user: User) -> dict[str, Any]:
    """Return a user as the caller may know him."""
    told: dict[str, Any] = {
        "id": user.pk,
        "name": user.name,
        "title": user.title,
        "department": user.department_id,
        "is_active": user.is_active,
    }
    if user.pk == actor.user_id or not hides_details(actor):
        told |= {name: getattr(user, name) for name in sorted(CONTACT_DETAILS)}
    if not actor.has_function(MANAGE_USERS):
        return told
    return told | {
        "username": user.username,
        "role": user.role.uuid if user.role else None,
        "profile": user.profile.uuid if user.profile else None,
        "manager": user.manager_id,
        "language": user.language,
        "time_zone": user.time_zone,
        "other_departments": [
            {"department": row.department_id, "title": row.title} for row in user.other_departments.all()
        ],
    }


def _changes(reader: MemberReader) -> tuple[dict[str, Any], dict[UUID, str] | None]:
    """Return what a body says about a user, and about his other departments (None: nothing)."""
    changes: dict[str, Any] = dict(reader.words(*TEXTS))
    references = reader.references(*REFERENCES)
    listed = reader.lists("other_departments").get("other_departments")
    reader.done()
    for name, key in references.items():
        changes[name] = _referenced(name, key)
    return changes, None if listed is None else dict(_other(item) for item in listed)


def _referenced(name: str, key: UUID | None) -> Any:
    model, column = REFERENCES[name]
    found = model.objects.filter(**{column: key}).first() if key else None
    if key and found is None:
        raise ValidationFailed.single(name, "invalid_reference", _("There is no such record."))
    return found


def _other(item: Any) -> tuple[UUID, str]:
    """Return the department and title of one of the other departments."""
    title = item.get("title", "") if isinstance(item, Mapping) else None
    key = parse_uuid(item.get("department")) if isinstance(item, Mapping) else None
    if key is None or not isinstance(title, str) or set(item) - {"department", "title"}:
        raise ValidationFailed.single("other_departments", "invalid_type", _("Send objects of department and title."))
    return key, title


def _set_departments(actor: Actor, user_id: UUID, wanted: dict[UUID, str] | None) -> None:
    """Let the user belong to exactly these departments besides his own; None leaves them as they are."""
    if wanted is None:
        return
    for row in selectors.get_user(actor, user_id).other_departments.all():
        if row.department_id not in wanted:
            services.remove_user_department(actor, user_id, row.department_id)
    for key, title in wanted.items():
        services.add_user_department(actor, user_id, key, title=title)


def _limit(text: str) -> int:
    if not text:
        return DEFAULT_LIMIT
    if not (text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MAX_LIMIT):
        message = _("Enter a whole number from 1 to %(count)s.") % {"count": MAX_LIMIT}
        raise ValidationFailed.single("limit", "out_of_range", message)
    return int(text)


def _id(text: str, name: str) -> UUID:
    found = parse_uuid(text)
    if found is None:
        raise ValidationFailed.single(name, "invalid_type", _("This is no id."))
    return found
