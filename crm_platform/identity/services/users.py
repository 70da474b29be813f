"""Users: made, changed, deactivated; never deleted, because records keep naming them."""

from __future__ import annotations

import re
import uuid
import zoneinfo
from dataclasses import dataclass, fields
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department, Profile, Role, User
from crm_platform.identity.services.access import (
    bump_access_version,
    keep_a_manager,
    lock_identity,
    require_function,
)
from crm_platform.identity.services.passwords import password_errors, set_password
from crm_platform.identity.services.sessions import forget_sessions
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, StateConflict, ValidationFailed

USERNAME = re.compile(r"^[\w.@+-]{1,150}$")
TEXTS = {"name": 100, "email": 254, "phone": 40, "title": 100}
REFERENCES = {"department": Department, "role": Role, "profile": Profile, "manager": User}


@dataclass(frozen=True, kw_only=True)
class UserInput:
    """Everything that an administrator says about a user; references are rows or None."""

    username: str
    name: str
    department: Department | None
    role: Role | None
    profile: Profile | None
    email: str = ""
    phone: str = ""
    title: str = ""
    manager: User | None = None
    language: str = ""
    time_zone: str = ""


CHANGEABLE = frozenset(item.name for item in fields(UserInput))


@transaction.atomic
def create_user(actor: Actor, data: UserInput, password: str | None = None) -> User:
    """Create a user; without a password the account can't sign in until one is set."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    user = User(**{item.name: getattr(data, item.name) for item in fields(data)})
    _normalize(user)
    errors = user_errors(user)
    if password is not None:
        errors += password_errors(password, user)
    if errors:
        raise ValidationFailed(errors)
    set_password(user, password, by_other=True)
    bump_access_version()
    journal.tell(actor, journal.Event("user.created", user.name, user.pk, journal.differences({}, _state(user))))
    return user


@transaction.atomic
def update_user(actor: Actor, user_id: uuid.UUID, **changes: Any) -> User:
    """Change some of a user's attributes (those of UserInput)."""
    require_function(actor, MANAGE_USERS)
    unknown = set(changes) - CHANGEABLE
    if unknown:
        raise ValidationFailed(FieldError(name, "unknown_field", _("There is no such field.")) for name in unknown)
    lock_identity()
    user = _locked(user_id)
    before = _state(user)
    for name, value in changes.items():
        setattr(user, name, value)
    _normalize(user)
    errors = user_errors(user)
    if errors:
        raise ValidationFailed(errors)
    user.save()
    user.other_departments.filter(department=user.department_id).delete()  # it is his own one now
    keep_a_manager()
    bump_access_version()
    if different := journal.differences(before, _state(user)):
        journal.tell(actor, journal.Event("user.changed", user.name, user.pk, different))
    return user


@transaction.atomic
def deactivate_user(actor: Actor, user_id: uuid.UUID) -> User:
    """Lock the account out at once: sign-in fails, every session and key of it ends."""
    require_function(actor, MANAGE_USERS)
    if user_id == actor.user_id:
        raise StateConflict(_("You can't deactivate yourself."))
    lock_identity()
    user = _locked(user_id)
    user.is_active = False
    user.save(update_fields=["is_active"])
    forget_sessions(user.pk)
    user.invitations.filter(used_at=None).delete()
    keep_a_manager()
    bump_access_version()
    journal.tell(actor, journal.Event("user.deactivated", user.name, user.pk))
    return user


@transaction.atomic
def reactivate_user(actor: Actor, user_id: uuid.UUID) -> User:
    """Let the account sign in again; sessions from before stay ended."""
    require_function(actor, MANAGE_USERS)
    user = _locked(user_id)
    if user.department and not user.department.is_active:
        raise StateConflict(_("The user's department is closed. Choose another one first."))
    user.is_active = True
    user.save(update_fields=["is_active"])
    bump_access_version()
    journal.tell(actor, journal.Event("user.reactivated", user.name, user.pk))
    return user


@transaction.atomic
def reset_password(actor: Actor, user_id: uuid.UUID, password: str) -> None:
    """Set another user's password and end their sessions."""
    require_function(actor, MANAGE_USERS)
    user = _locked(user_id)
    errors = password_errors(password, user)
    if errors:
        raise ValidationFailed(errors)
    set_password(user, password, by_other=user.pk != actor.user_id)
    journal.tell(actor, journal.Event("user.password_reset", user.name, user.pk))


def _locked(user_id: uuid.UUID) -> User:
    user = User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such user."))
    return user


def _state(user: User) -> dict[str, Any]:
    """Return what the audit trail says about a user."""
    return {
        name: str(value) if isinstance(value := getattr(user, name), models.Model) else value
        for name in (item.name for item in fields(UserInput))
    }


def _normalize(user: User) -> None:
    user.username = User.objects.normalize(user.username)
    for name in TEXTS:
        setattr(user, name, getattr(user, name).strip())


def user_errors(user: User) -> list[FieldError]:
    """Return everything that is wrong with a user who is about to be saved."""
    return [*_username_errors(user), *_text_errors(user), *_reference_errors(user), *preference_errors(user)]


def _username_errors(user: User) -> list[FieldError]:
    if not USERNAME.match(user.username):
        return [FieldError("username", "invalid_type", _("Use letters, digits and . @ + - _, at most 150 of them."))]
    if User.objects.exclude(pk=user.pk).filter(username=user.username).exists():
        return [FieldError("username", "not_unique", _("This user name is taken."))]
    return []


def _text_errors(user: User) -> list[FieldError]:
    errors = [
        FieldError(name, "too_long", _("Use at most %(count)s characters.") % {"count": limit})
        for name, limit in TEXTS.items()
        if len(getattr(user, name)) > limit
    ]
    if not user.name:
        errors.append(FieldError("name", "required", _("Give a name.")))
    if user.email:
        try:
            validate_email(user.email)
        except ValidationError:
            errors.append(FieldError("email", "invalid_type", _("This is not an e-mail address.")))
    return errors


def _reference_errors(user: User) -> list[FieldError]:
    errors = [
        FieldError(name, "required", _("Choose one."))
        for name in ("department", "role", "profile")
        if getattr(user, name) is None
    ]
    if user.is_active and user.department and not user.department.is_active:
        errors.append(FieldError("department", "inactive_reference", _("Choose an open department.")))
    if user.manager and not user.manager.is_active:
        errors.append(FieldError("manager", "inactive_reference", _("The manager's account is deactivated.")))
    if _is_own_manager(user):
        errors.append(
            FieldError("manager", "invalid_reference", _("Nobody can be their own manager, not even in a circle."))
        )
    return errors


def _is_own_manager(user: User) -> bool:
    """Tell whether the line of managers above the user comes back to the user."""
    above, seen = user.manager_id, set()
    while above is not None and above not in seen:
        if above == user.pk:
            return True
        seen.add(above)
        above = User.objects.filter(pk=above).values_list("manager_id", flat=True).first()
    return False


def preference_errors(user: User) -> list[FieldError]:
    """Return what is wrong with the user's language and time zone."""
    errors = []
    if user.language and user.language not in dict(settings.LANGUAGES):
        errors.append(FieldError("language", "invalid_choice", _("This language is not available.")))
    if user.time_zone and user.time_zone not in zoneinfo.available_timezones():
        errors.append(FieldError("time_zone", "invalid_choice", _("There is no such time zone.")))
    return errors
