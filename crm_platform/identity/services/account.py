"""What people change about their own account."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User
from crm_platform.identity.services.users import password_errors, preference_errors
from crm_platform.kit.context import Actor
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
    user.set_password(new)
    user.session_epoch += 1
    user.save(update_fields=["password", "session_epoch"])
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
