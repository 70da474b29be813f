"""One's own account: language, time zone, password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters

from crm_platform.console.access import signed_in
from crm_platform.identity import selectors, services, throttle
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.users import OwnPasswordForm, PreferencesForm
from crm_platform.identity.models import User
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import ValidationFailed


@method_decorator([sensitive_post_parameters("current", "password"), signed_in], name="dispatch")
class Account(View):
    """Two forms on one page; `form` in the POST says which of them was sent."""

    def get(self, request: ActorRequest) -> HttpResponse:
        return _page(request)

    def post(self, request: ActorRequest) -> HttpResponse:
        return _change_password(request) if request.POST.get("form") == "password" else _save_preferences(request)


def _save_preferences(request: ActorRequest) -> HttpResponse:
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return _page(request, preferences=form, status=422)
    services.change_own_preferences(request.actor, **form.cleaned_data)
    messages.success(request, _("Your settings are saved."))
    return redirect("account")


def _change_password(request: ActorRequest) -> HttpResponse:
    form = OwnPasswordForm(request.POST)
    if form.is_valid():
        username, address = _me(request).username, throttle.client_address(request)
        try:
            throttle.count_attempt(username, address)
            user = services.change_own_password(
                request.actor, form.cleaned_data["current"], form.cleaned_data["password"]
            )
        except throttle.TooManyAttempts as refused:
            form.add_error(None, str(refused.message))
        except ValidationFailed as failed:
            if all(error.field != "current" for error in failed.errors):
                throttle.note_success(username, address)
            show_failure(form, failed)
        else:
            throttle.note_success(username, address)
            update_session_auth_hash(request, user)
            messages.success(request, _("Your password is changed. You are signed out everywhere else."))
            return redirect("account")
    return _page(request, password=form, status=422)


def _me(request: ActorRequest) -> User:
    assert request.actor.user_id is not None, "a session belongs to a user"
    return selectors.get_user(request.actor, request.actor.user_id)


def _page(
    request: ActorRequest,
    preferences: PreferencesForm | None = None,
    password: OwnPasswordForm | None = None,
    status: int = 200,
) -> HttpResponse:
    me = _me(request)
    context = {
        "me": me,
        "preferences": preferences or PreferencesForm(initial={"language": me.language, "time_zone": me.time_zone}),
        "password": password or OwnPasswordForm(),
    }
    return render(request, "identity/account.html", context, status=status)
