"""Who is calling a page, in which language and zone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_supported_language_variant

from crm_platform.identity.auth import SessionTerms, build_actor
from crm_platform.identity.models import OrganizationSettings, User
from crm_platform.identity.networks import AddressNotAllowed, require_allowed
from crm_platform.identity.sessions import SessionStore
from crm_platform.kit.context import Actor, client_address, request_id

BACKGROUND = "HTTP_X_BACKGROUND"  # a page asks by itself, nobody is at it: that keeps no session from falling asleep
API_PREFIX = "/api/v1/"  # authenticates by itself and takes its language from the key's user


class Unfinished(NamedTuple):
    """Somebody with a right password who can't do anything yet, and the step that is missing."""

    user: User
    step: str  # "password" | "second_factor"


class ActorMiddleware:
    """Sets `request.user` and `request.actor` (None: not signed in), activates language and time zone.

    Somebody who has still to choose a password or to set up a second factor is nobody yet: `request.unfinished`
    says who it is and what is missing. `request.refused` is the error for a caller from a network that the
    profile does not allow; faces raise it.

    A request without a session cookie costs no query here, but for a page's language. The Open API sets its
    own actor and calls `activate_for`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.user, request.actor = AnonymousUser(), None  # type: ignore[attr-defined]
        request.unfinished, request.refused = None, None  # type: ignore[attr-defined]
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            _sign_in_from_session(request)
        try:
            if request.actor is not None:  # type: ignore[attr-defined]
                activate_for(request.actor)  # type: ignore[attr-defined]
            elif not request.path_info.startswith(API_PREFIX):
                _activate_for_stranger(request)
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
        finally:
            translation.deactivate()
            timezone.deactivate()
        if request.user.is_anonymous:
            patch_vary_headers(response, ("Accept-Language",))
        return response


def activate_for(actor: Actor) -> None:
    """Speak the caller's language and show the caller's time from here on; ends with the request."""
    translation.activate(actor.language)
    timezone.activate(actor.zone)


def _sign_in_from_session(request: HttpRequest) -> None:
    user: Any = get_user(request)  # one query through OrganizationBackend; checks the session's hash
    if not user.is_authenticated:
        return
    session: SessionStore = request.session  # type: ignore[assignment]
    terms, now = user.session_terms, timezone.now()
    if session.is_over(now, terms.idle, terms.longest):
        session.flush()
        return
    try:
        require_allowed(user.caller_facts.allowed_networks, client_address.get())
    except AddressNotAllowed as refused:
        request.refused = refused  # type: ignore[attr-defined]
        return
    if BACKGROUND not in request.META:
        session.note_use(now)
    step = _open_step(user, terms)
    if step:
        request.unfinished = Unfinished(user, step)  # type: ignore[attr-defined]
        return
    request.user = user
    request.actor = build_actor(user, via="console", request_id=request_id.get())  # type: ignore[attr-defined]


def _open_step(user: User, terms: SessionTerms) -> str:
    """Return what the user has to do before anything else: "password", "second_factor" or nothing."""
    if user.must_change_password:
        return "password"
    return "second_factor" if terms.wants_second_factor and user.second_factor_since is None else ""


def _activate_for_stranger(request: HttpRequest) -> None:
    """Before sign-in: the language chosen in this browser, else the organisation's, else what it accepts."""
    row = OrganizationSettings.objects.values_list("language", "time_zone").first()
    language, zone = row or ("", settings.TIME_ZONE)
    chosen = _supported(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")) or _supported(language)
    translation.activate(chosen or translation.get_language_from_request(request))
    timezone.activate(zone)


def _supported(language: str) -> str | None:
    try:
        return get_supported_language_variant(language) if language else None
    except LookupError:
        return None
