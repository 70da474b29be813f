"""Sign-in and sign-out."""

from __future__ import annotations

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from crm_platform.console.addresses import own_path
from crm_platform.identity import throttle
from crm_platform.identity.forms.users import SignInForm


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class SignIn(View):
    """User name and password. Unknown user, wrong password and deactivated account get the same answer."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.actor is not None:  # type: ignore[attr-defined]
            return redirect(_destination(request))
        return _page(request, SignInForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignInForm(request.POST)
        if not form.is_valid():
            return _page(request, form, 422)
        username, address = form.cleaned_data["username"], throttle.client_address(request)
        try:
            throttle.require_attempts_left(username, address)
        except throttle.TooManyAttempts as refused:
            form.add_error(None, str(refused.message))
            return _page(request, form, refused.status)
        user = auth.authenticate(request, username=username, password=form.cleaned_data["password"])
        if user is None:
            throttle.note_failure(username, address)
            form.add_error(None, _("User name or password is wrong."))
            return _page(request, form, 422)
        throttle.note_success(username, address)
        auth.login(request, user)
        return redirect(_destination(request))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign the caller out."""
    auth.logout(request)
    return redirect(settings.LOGIN_URL)


def _page(request: HttpRequest, form: SignInForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "next": request.POST.get("next", request.GET.get("next", ""))}
    return render(request, "identity/sign_in.html", context, status=status)


def _destination(request: HttpRequest) -> str:
    """Return where the person wanted to go, when that is a page of this host; else the home page."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    return own_path(request, wanted) or resolve_url(settings.LOGIN_REDIRECT_URL)
