"""Sign-in, step by step, and sign-out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import update_session_auth_hash
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from crm_platform.identity import services, throttle
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.sign_in import CodeForm
from crm_platform.identity.forms.users import PasswordForm, SignInForm
from crm_platform.identity.models import User
from crm_platform.identity.networks import AddressNotAllowed
from crm_platform.identity.services import second_factor, sign_in
from crm_platform.identity.views.entering import (
    await_code,
    awaited,
    caller_of,
    destination,
    enter,
    onward,
    wanted,
)
from crm_platform.identity.views.setting_up import SetUp
from crm_platform.kit.errors import ValidationFailed

STEPS = {"password": "sign-in-password", "second_factor": "sign-in-second-factor"}
Answer = Callable[..., HttpResponseBase]


def missing(step: str) -> Callable[[Answer], Answer]:
    """Let only people answer for whom this step is missing; the others are sent to sign-in, which knows the way."""

    def decorate(answer: Answer) -> Answer:
        @wraps(answer)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            unfinished = request.unfinished  # type: ignore[attr-defined]
            if unfinished is None or unfinished.step != step:
                return onward(request, "sign-in")
            return answer(request, *args, **kwargs)

        return guarded

    return decorate


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class SignIn(View):
    """User name and password. Unknown user, wrong password and deactivated account get the same answer."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.actor is not None:  # type: ignore[attr-defined]
            return redirect(destination(request))
        unfinished = request.unfinished  # type: ignore[attr-defined]
        if unfinished is not None:
            return onward(request, STEPS[unfinished.step])
        return _page(request, "identity/sign_in.html", SignInForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignInForm(request.POST)
        if not form.is_valid():
            return _page(request, "identity/sign_in.html", form, 422)
        data, status = form.cleaned_data, 422
        try:
            user = sign_in.check_password(data["username"], data["password"], caller_of(request))
        except (throttle.TooManyAttempts, AddressNotAllowed) as refused:
            form.add_error(None, str(refused.message))
            status = refused.status
        else:
            if user is not None:
                return self._go_on(request, user)
            form.add_error(None, _("User name or password is wrong."))
        return _page(request, "identity/sign_in.html", form, status)

    @staticmethod
    def _go_on(request: HttpRequest, user: User) -> HttpResponse:
        if user.second_factor_since is not None:
            await_code(request, user)
            return onward(request, "sign-in-code")
        enter(request, user)
        return redirect(destination(request))


@method_decorator([never_cache, sensitive_post_parameters("code")], name="dispatch")
class SignInCode(View):
    """The second step: a code of the app, or a recovery code."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if awaited(request) is None:
            return onward(request, "sign-in")
        return _page(request, "identity/sign_in_code.html", CodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        user = awaited(request)
        if user is None:
            return onward(request, "sign-in")
        form, status, caller = CodeForm(request.POST), 422, caller_of(request)
        if form.is_valid():
            try:
                sign_in.require_network(user, caller)
                kind = sign_in.check_code(user, form.cleaned_data["code"], caller)
            except (throttle.TooManyAttempts, AddressNotAllowed) as refused:
                form.add_error(None, str(refused.message))
                status = refused.status
            else:
                if kind:
                    enter(request, user, kind)
                    return redirect(destination(request))
                form.add_error("code", str(second_factor.WRONG_CODE))
        return _page(request, "identity/sign_in_code.html", form, status)


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class SignInPassword(View):
    """A new password, when the one that was right is due to be changed."""

    @method_decorator(missing("password"))
    def get(self, request: HttpRequest) -> HttpResponse:
        return _page(request, "identity/sign_in_password.html", PasswordForm())

    @method_decorator(missing("password"))
    def post(self, request: HttpRequest) -> HttpResponse:
        form = PasswordForm(request.POST)
        if form.is_valid():
            try:
                user_id = request.unfinished.user.pk  # type: ignore[attr-defined]
                user = services.replace_due_password(user_id, form.cleaned_data["password"])
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                request.user = user  # whose session it is, or else it would end with the old password
                update_session_auth_hash(request, user)
                return redirect(destination(request))
        return _page(request, "identity/sign_in_password.html", form, 422)


@method_decorator([never_cache, sensitive_post_parameters("code")], name="dispatch")
class SignInSecondFactor(View):
    """Setting up the second factor, when organisation or profile ask for it before anything else."""

    @method_decorator(missing("second_factor"))
    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, SetUp(request.unfinished.user))  # type: ignore[attr-defined]

    @method_decorator(missing("second_factor"))
    def post(self, request: HttpRequest) -> HttpResponse:
        setting = SetUp(request.unfinished.user)  # type: ignore[attr-defined]
        if request.POST.get("form") == "start":
            setting.start()
            return onward(request, "sign-in-second-factor")
        return self._page(request, setting, 200 if setting.confirm(request) else 422)

    @staticmethod
    def _page(request: HttpRequest, setting: SetUp, status: int = 200) -> HttpResponse:
        context = {**setting.context(), "next": wanted(request), "goal": destination(request)}
        return render(request, "identity/sign_in_second_factor.html", context, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign the caller out."""
    auth.logout(request)
    return redirect(settings.LOGIN_URL)


def _page(request: HttpRequest, template: str, form: Form, status: int = 200) -> HttpResponse:
    return render(request, template, {"form": form, "next": wanted(request)}, status=status)
