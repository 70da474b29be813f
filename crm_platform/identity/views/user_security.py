"""How a user's account is protected, for who manages users: unlock it, reset its second factor, end its sessions."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.identity import selectors, services, sign_in_history, throttle
from crm_platform.identity.freshness import fresh_to_send
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.requests import ActorRequest
from crm_platform.identity.services import second_factor
from crm_platform.identity.services.sessions import sessions_of
from crm_platform.kit.errors import StateConflict

SHOWN = 20  # sign-ins
managers_only = function_required(MANAGE_USERS)


@require_safe
@managers_only
def user_security(request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
    """Show a user's second factor, sessions and sign-ins."""
    person = selectors.get_user(request.actor, user_id)
    context = {
        "person": person,
        "is_locked": throttle.is_locked(person.username),
        "codes_left": second_factor.codes_left(person),
        "sessions": sessions_of(request.actor, user_id),
        "records": sign_in_history.sign_ins_of(request.actor, user_id, SHOWN),
    }
    return render(request, "identity/user_security.html", context)


@require_POST
@managers_only
def unlock(request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
    """Let somebody try again at once."""
    if services.unlock_user(request.actor, user_id):
        messages.success(request, _("The account is unlocked."))
    else:
        messages.info(request, _("The account was not locked."))
    return redirect("user-security", user_id)


@require_POST
@managers_only
@fresh_to_send
def reset_second_factor(request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
    """Take the second factor from somebody who lost the phone."""
    try:
        services.reset_second_factor(request.actor, user_id)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("The second factor is reset; the user is signed out everywhere."))
    return redirect("user-security", user_id)


@require_POST
@managers_only
def end_sessions(request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
    """Sign a user out everywhere."""
    selectors.get_user(request.actor, user_id)
    services.end_sessions(request.actor, user_id)
    messages.success(request, _("The user is signed out everywhere."))
    return redirect("user-security", user_id)
