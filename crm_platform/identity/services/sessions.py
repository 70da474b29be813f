"""Sessions as people and administrators see them: listed, ended one by one or all at once."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.services.access import require_function
from crm_platform.identity.sign_in_models import Session
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound


def sessions_of(actor: Actor, user_id: uuid.UUID) -> QuerySet[Session]:
    """Return a user's living sessions, the last used first; another's only for who manages users."""
    if user_id != actor.user_id:
        require_function(actor, MANAGE_USERS)
    return Session.objects.filter(user_id=user_id, expire_date__gt=timezone.now()).order_by("-last_seen_at")


@transaction.atomic
def end_session(actor: Actor, user_id: uuid.UUID, session_uuid: uuid.UUID) -> None:
    """End one session; raises NotFound when the user has no such one."""
    found = sessions_of(actor, user_id).filter(uuid=session_uuid).first()
    if found is None:
        raise NotFound(_("There is no such session."))
    found.delete()
    _tell(actor, user_id)


@transaction.atomic
def end_other_sessions(actor: Actor, session_key: str) -> int:
    """End all of the caller's own sessions but this one; returns how many."""
    assert actor.user_id is not None, "a session belongs to a user"
    ended, _by_model = Session.objects.filter(user_id=actor.user_id).exclude(session_key=session_key).delete()
    if ended:
        _tell(actor, actor.user_id)
    return ended


@transaction.atomic
def end_sessions(actor: Actor, user_id: uuid.UUID) -> None:
    """Sign a user out everywhere: anybody may do it for themselves, who manages users for everybody."""
    if user_id != actor.user_id:
        require_function(actor, MANAGE_USERS)
    forget_sessions(user_id)
    _tell(actor, user_id)


def forget_sessions(user_id: uuid.UUID) -> None:
    """End every session of a user: those of before carry another hash, whatever still holds a copy of them."""
    User.objects.filter(pk=user_id).update(session_epoch=F("session_epoch") + 1)
    Session.objects.filter(user_id=user_id).delete()


def _tell(actor: Actor, user_id: uuid.UUID) -> None:
    name = User.objects.values_list("name", flat=True).get(pk=user_id)
    journal.tell(actor, journal.Event("sessions.ended", name, user_id))
