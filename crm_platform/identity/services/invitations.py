"""Invitations: a link that lets a new user set the first password. Whoever has the link is taken for the user."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal
from crm_platform.identity.auth import build_actor
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Invitation, User
from crm_platform.identity.services.access import lock_identity, require_function
from crm_platform.identity.services.passwords import password_errors, set_password
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, StateConflict, ValidationFailed
from crm_platform.kit.tokens import new_token, token_digest

LASTS = timedelta(hours=72)


@transaction.atomic
def invite_user(actor: Actor, user_id: uuid.UUID, now: datetime) -> str:
    """Return the token of a new invitation; those made before it end. Raises StateConflict for who has a password."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    user = User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such user."))
    if not user.is_active or user.has_usable_password():
        raise StateConflict(_("Only active users without a password can be invited."))
    user.invitations.filter(used_at=None).delete()
    token = new_token()
    Invitation.objects.create(
        user=user, digest=token_digest(token), created_by_id=actor.user_id, expires_at=now + LASTS
    )
    journal.tell(actor, journal.Event("user.invited", user.name, user.pk))
    return token


def invited_user(token: str, now: datetime) -> User:
    """Return whom a token invites; raises NotFound for one that is unknown, used up or too old."""
    return _open_invitation(token, now).user


@transaction.atomic
def accept_invitation(token: str, password: str, now: datetime) -> User:
    """Set the first password and use the invitation up; raises NotFound and ValidationFailed."""
    invitation = _open_invitation(token, now, is_locked=True)
    user = User.objects.select_for_update(of=("self",)).get(pk=invitation.user_id)
    if errors := password_errors(password, user):
        raise ValidationFailed(errors)
    invitation.used_at = now
    invitation.save(update_fields=["used_at"])
    set_password(user, password, by_other=False)
    journal.tell(build_actor(user, via="console"), journal.Event("user.invitation_accepted", user.name, user.pk))
    return user


def _open_invitation(token: str, now: datetime, *, is_locked: bool = False) -> Invitation:
    rows = Invitation.objects.select_related("user")
    if is_locked:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(digest=token_digest(token), used_at=None, expires_at__gt=now, user__is_active=True).first()
    if found is None or found.user.has_usable_password():
        raise NotFound(_("This invitation is no longer valid. Ask for a new one."))
    return found
