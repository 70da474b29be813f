"""Inviting a user by a link that is shown once, and the page behind the link."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from crm_platform.console.access import function_required
from crm_platform.identity import selectors, services, throttle
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.users import PasswordForm
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.requests import ActorRequest
from crm_platform.identity.services import invitations
from crm_platform.kit.errors import StateConflict, ValidationFailed


@require_POST
@function_required(MANAGE_USERS)
def invite_user(request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
    """Make a new link for a user without a password; those made before end."""
    user = selectors.get_user(request.actor, user_id)
    try:
        return show_invitation(request, user)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
        return redirect("user-edit", user_id)


@never_cache
def show_invitation(request: ActorRequest, user: User) -> HttpResponse:
    """Invite the user and show the link, this once."""
    token = services.invite_user(request.actor, user.pk, timezone.now())
    link = f"{reverse('invitation')}?{urlencode({'token': token})}"  # the query of an address is not logged
    context = {
        "person": user,
        "link": request.build_absolute_uri(link),
        "hours": int(invitations.LASTS.total_seconds() // 3600),
    }
    return render(request, "identity/invitation_link.html", context)


@method_decorator([never_cache, sensitive_post_parameters("password", "token")], name="dispatch")
class Accept(View):
    """The invited person sets the first password. Wrong links are counted by the address that they come from."""

    def get(self, request: HttpRequest) -> HttpResponse:
        token = request.GET.get("token", "")
        return _page(request, PasswordForm(), token, _invited(request, token))

    def post(self, request: HttpRequest) -> HttpResponse:
        token = request.POST.get("token", "")
        user = _invited(request, token)
        form = PasswordForm(request.POST)
        if form.is_valid():
            try:
                invitations.accept_invitation(token, form.cleaned_data["password"], timezone.now())
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                auth.logout(request)  # whoever used this browser before is somebody else
                return render(request, "identity/invitation_accepted.html", {"person": user})
        return _page(request, form, token, user, 422)


def _invited(request: HttpRequest, token: str) -> User:
    """Return whom the link invites; raises NotFound, and TooManyAttempts for who tries many."""
    address = throttle.client_address(request)
    throttle.count_link(address)
    user = invitations.invited_user(token, timezone.now())
    throttle.note_link(address)
    return user


def _page(request: HttpRequest, form: PasswordForm, token: str, user: User, status: int = 200) -> HttpResponse:
    context = {"form": form, "token": token, "person": user}
    return render(request, "identity/invitation.html", context, status=status)
