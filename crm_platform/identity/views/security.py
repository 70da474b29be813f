"""One's own security: second factor, sessions, sign-ins; and the page where one proves again who one is."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import signed_in
from crm_platform.identity import selectors, services, sign_in_history, throttle
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.sign_in import ProofForm
from crm_platform.identity.freshness import fresh_to_send
from crm_platform.identity.models import User
from crm_platform.identity.requests import ActorRequest
from crm_platform.identity.services import second_factor, sign_in
from crm_platform.identity.services.sessions import sessions_of
from crm_platform.identity.views.entering import caller_of, destination, wanted
from crm_platform.identity.views.setting_up import SetUp
from crm_platform.kit.errors import StateConflict, ValidationFailed

SHOWN = 20  # sign-ins


@require_safe
@signed_in
def security(request: ActorRequest) -> HttpResponse:
    """Show how one's account is protected, and where it is in use."""
    me = _me(request)
    context = {
        "me": me,
        "codes_left": second_factor.codes_left(me),
        "sessions": sessions_of(request.actor, me.pk),
        "here": request.session.session_key,
        "records": sign_in_history.sign_ins_of(request.actor, me.pk, SHOWN),
    }
    return render(request, "identity/security.html", context)


@method_decorator([never_cache, sensitive_post_parameters("code", "current"), signed_in], name="dispatch")
class SecondFactorPage(View):
    """Set the second factor up, or take it away; `form` in the POST says what was sent."""

    def get(self, request: ActorRequest) -> HttpResponse:
        return self._page(request)

    def post(self, request: ActorRequest) -> HttpResponse:
        wish = request.POST.get("form")
        if wish in ("disable", "codes"):
            return self._change(request, wish)
        return self._set_up(request, wish or "")

    @method_decorator(fresh_to_send)
    def _set_up(self, request: ActorRequest, wish: str) -> HttpResponse:
        setting = SetUp(_me(request))
        if wish == "start":
            setting.start()
            return redirect("account-second-factor")
        is_on = setting.confirm(request)
        return self._page(request, setting, status=200 if is_on else 422)

    def _change(self, request: ActorRequest, wish: str) -> HttpResponse:
        """Switch it off, or make new recovery codes: both want password and code."""
        me, setting = _me(request), None
        form = ProofForm(request.POST, with_code=True)
        if not _is_proved(request, me, form):
            return self._page(request, proof=form, status=422)
        try:
            if wish == "disable":
                services.disable_second_factor(request.actor, me)
                messages.success(request, _("Two-factor sign-in is switched off."))
                return redirect("account-security")
            setting = SetUp(me)
            setting.codes = services.renew_recovery_codes(request.actor, me)
        except StateConflict as refused:
            form.add_error(None, str(refused.message))
            return self._page(request, proof=form, status=409)
        return self._page(request, setting)

    @staticmethod
    def _page(
        request: ActorRequest, setting: SetUp | None = None, proof: ProofForm | None = None, status: int = 200
    ) -> HttpResponse:
        me = _me(request)
        context = {
            "me": me,
            "proof": proof or ProofForm(with_code=True, auto_id="proof_%s"),
            "codes_left": second_factor.codes_left(me),
            **(setting or SetUp(me)).context(),
        }
        return render(request, "identity/second_factor.html", context, status=status)


@method_decorator([never_cache, sensitive_post_parameters("code", "current"), signed_in], name="dispatch")
class Confirm(View):
    """Password and code once more, before something that an open session is not enough for."""

    def get(self, request: ActorRequest) -> HttpResponse:
        return self._page(request, ProofForm(with_code=_me(request).second_factor_since is not None))

    def post(self, request: ActorRequest) -> HttpResponse:
        me = _me(request)
        form = ProofForm(request.POST, with_code=me.second_factor_since is not None)
        if _is_proved(request, me, form):
            request.session.confirm()  # type: ignore[attr-defined]
            request.session.cycle_key()
            return redirect(destination(request))
        return self._page(request, form, 422)

    @staticmethod
    def _page(request: HttpRequest, form: ProofForm, status: int = 200) -> HttpResponse:
        return render(request, "identity/confirm.html", {"form": form, "next": wanted(request)}, status=status)


@require_POST
@signed_in
def end_session(request: ActorRequest, session_id: uuid.UUID) -> HttpResponse:
    """End one of one's own sessions."""
    assert request.actor.user_id is not None, "a session belongs to a user"
    services.end_session(request.actor, request.actor.user_id, session_id)
    messages.success(request, _("The session is ended."))
    return redirect("account-security")


@require_POST
@signed_in
def end_other_sessions(request: ActorRequest) -> HttpResponse:
    """End all of one's own sessions but this one."""
    ended = services.end_other_sessions(request.actor, request.session.session_key or "")
    messages.success(request, _("Sessions ended: %(count)s.") % {"count": ended})
    return redirect("account-security")


def _is_proved(request: ActorRequest, me: User, form: ProofForm) -> bool:
    """Tell whether the form proves who is in front of the browser; puts what is wrong to its fields."""
    if not form.is_valid():
        return False
    data = form.cleaned_data
    try:
        sign_in.prove(me, data["current"], data.get("code", ""), caller_of(request))
    except ValidationFailed as failed:
        show_failure(form, failed)
    except throttle.TooManyAttempts as refused:
        form.add_error(None, str(refused.message))
    else:
        return True
    return False


def _me(request: ActorRequest) -> User:
    assert request.actor.user_id is not None, "a session belongs to a user"
    return selectors.get_user(request.actor, request.actor.user_id)
