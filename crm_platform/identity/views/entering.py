"""What the pages of sign-in share: who is in front of the browser, and how a session begins."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from crm_platform.console.addresses import own_path
from crm_platform.identity import throttle
from crm_platform.identity.browsers import words_of
from crm_platform.identity.models import User
from crm_platform.identity.services import sign_in
from crm_platform.identity.services.sign_in import Caller
from crm_platform.identity.sessions import BROWSER, CONFIRMED, SIGNED_IN

PENDING = "pending_sign_in"
PENDING_FOR = timedelta(minutes=10)


def caller_of(request: HttpRequest) -> Caller:
    """Return the browser that sent the request."""
    return Caller(throttle.client_address(request), words_of(request.headers.get("User-Agent", "")))


def await_code(request: HttpRequest, user: User) -> None:
    """Remember that the password was right; the session gets another key and is still nobody's."""
    request.session.cycle_key()
    request.session[PENDING] = [str(user.pk), timezone.now().isoformat(), user.get_session_auth_hash()]


def awaited(request: HttpRequest) -> User | None:
    """Return who gave the right password in this session a short while ago and has still to give a code."""
    pending: list[str] | None = request.session.get(PENDING)
    if pending is None:
        return None
    user_id, at, known = pending
    if timezone.now() - datetime.fromisoformat(at) > PENDING_FOR:
        return None
    user = User.objects.select_related("profile").filter(pk=user_id, is_active=True).first()
    return user if user is not None and constant_time_compare(known, user.get_session_auth_hash()) else None


def enter(request: HttpRequest, user: User, kind: str = "") -> None:
    """Begin the user's session, under a key that nobody has known before; `kind` says which code was given."""
    caller = caller_of(request)
    for name in (PENDING, SIGNED_IN, CONFIRMED):
        request.session.pop(name, None)
    auth.login(request, user)
    request.session[BROWSER] = caller.browser
    sign_in.welcome(user, caller, kind)


def wanted(request: HttpRequest) -> str:
    return str(request.POST.get("next", request.GET.get("next", "")))


def destination(request: HttpRequest) -> str:
    """Return where the person wanted to go, when that is a page of this host; else the home page."""
    return own_path(request, wanted(request)) or resolve_url(settings.LOGIN_REDIRECT_URL)


def onward(request: HttpRequest, name: str) -> HttpResponse:
    """Go to another step of signing in, and keep in mind where the person wanted to go."""
    goal = wanted(request)
    return redirect(resolve_url(name) + (f"?{urlencode({'next': goal})}" if goal else ""))
