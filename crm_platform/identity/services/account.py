"""What people change about their own account."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal
from crm_platform.identity.models import User
from crm_platform.identity.services.passwords import password_errors, set_password
from crm_platform.identity.services.users import preference_errors
from crm_platform.kit.context import Actor, request_id
from crm_platform.kit.errors import NotAuthenticated, ValidationFailed


@transaction.atomic
def change_own_password(actor: Actor, current: str, new: str) -> User:
    """Set the caller's password, given the present one; all other sessions of theirs end."""
    user = _own(actor)
    if not user.check_password(current):
        raise ValidationFailed.single("current", "validation_rule_failed", _("This is not your present password."))
    errors = password_errors(new, user)
    if errors:
        raise ValidationFailed(errors)
    set_password(user, new, by_other=False)
    journal.tell(actor, journal.Event("user.password_changed", user.name, user.pk))
    return user


@transaction.atomic
def replace_due_password(user_id: uuid.UUID, new: str) -> User:
    """Set the new password of somebody who has just signed in with one that must be changed.

    There is no actor yet: until then nobody may do anything else. Raises ValidationFailed.
    """
    user = User.objects.select_for_update(of=("self",)).get(pk=user_id, must_change_password=True)
    errors = password_errors(new, user)
    if errors:
        raise ValidationFailed(errors)
    set_password(user, new, by_other=False)
    owner = Actor(user.pk, user.name, "console", request_id=request_id.get())
    journal.tell(owner, journal.Event("user.password_changed", user.name, user.pk))
    return user


@transaction.atomic
def change_own_preferences(actor: Actor, *, language: str, time_zone: str) -> User:
    """Set the caller's language and time zone; empty means: as the organisation."""
    user = _own(actor)
    user.language, user.time_zone = language, time_zone
    errors = preference_errors(user)
    if errors:
        raise ValidationFailed(errors)
    user.save(update_fields=["language", "time_zone"])
    return user


def _own(actor: Actor) -> User:
    if actor.user_id is None:
        raise NotAuthenticated
    return User.objects.select_for_update(of=("self",)).get(pk=actor.user_id)
