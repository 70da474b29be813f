"""Who calls the Open API: a key (Bearer), or the console's own session for the pages of this site."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from crm_platform.identity.auth import build_actor, users_for_actor
from crm_platform.identity.middleware import activate_for
from crm_platform.identity.models import User
from crm_platform.kit.context import Actor, request_id
from crm_platform.kit.errors import NotAuthenticated
from crm_platform.tenancy.context import current_slug
from openapi.keys import hash_key, organization_of
from openapi.models import ApiKey

USE_NOTED_EVERY = timedelta(minutes=1)


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer crm_sk_live_<org>_<secret>`, looked up in that organisation's schema alone."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        scheme, _sep, key = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer" or organization_of(key) != current_slug():
            raise NotAuthenticated
        user = _user_of(key)
        if user is None:
            raise NotAuthenticated
        actor = build_actor(user, via="api", request_id=request_id.get(), scopes=frozenset(user.key_scopes))
        _note_use(user)
        activate_for(actor)
        return user, actor

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class ConsoleSession(SessionAuthentication):
    """The session of somebody signed in to the console; every writing request needs the CSRF token."""

    def authenticate(self, request: Request) -> Any:
        actor = getattr(request._request, "actor", None)
        if actor is None:
            return None
        self.enforce_csrf(request)
        return request._request.user, actor


def _user_of(key: str) -> Any:
    """Return the user of a living key, with all that an actor needs, in one statement."""
    digest = hash_key(key)
    now = timezone.now()
    user = (
        users_for_actor()
        .filter(api_keys__secret_hash=digest, api_keys__revoked_at=None, is_active=True)
        .annotate(
            key_id=F("api_keys__id"),
            key_hash=F("api_keys__secret_hash"),
            key_scopes=F("api_keys__scopes"),
            key_expires_at=F("api_keys__expires_at"),
            key_last_used_at=F("api_keys__last_used_at"),
        )
        .first()
    )
    if user is None or not hmac.compare_digest(user.key_hash, digest):
        return None
    return None if user.key_expires_at and user.key_expires_at <= now else user


def _note_use(user: Any) -> None:
    now = timezone.now()
    if user.key_last_used_at is None or now - user.key_last_used_at > USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=user.key_id).update(last_used_at=now)
