"""Who calls the Open API: a key (Bearer), or the console's own session for the pages of this site."""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from crm_platform.identity.auth import CALLER_COLUMNS, CALLER_JOINS, CallerFacts, actor_of
from crm_platform.identity.middleware import activate_for
from crm_platform.kit.context import Actor, request_id
from crm_platform.kit.db import fetch_prepared
from crm_platform.kit.errors import NotAuthenticated
from crm_platform.kit.json import loads
from crm_platform.tenancy.context import current_slug
from metadata.compiler.current import repin
from openapi.keys import hash_key, organization_of
from openapi.models import ApiKey

USE_NOTED_EVERY = timedelta(minutes=1)

HOLDER_SQL = f"""
    SELECT k.secret_hash::text, k.id, k.scopes::text, k.expires_at, k.last_used_at,
           (SELECT current FROM metadata_schemastate), {CALLER_COLUMNS}
    FROM openapi_apikey k JOIN identity_user u ON u.id = k.user_id {CALLER_JOINS}
    WHERE k.secret_hash = $1 AND k.revoked_at IS NULL AND u.is_active
"""  # noqa: S608 (constants only)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The user of a request that came with a key; looks to Django REST framework like any user."""

    key_id: uuid.UUID
    scopes: frozenset[str]
    last_used_at: datetime | None
    facts: CallerFacts

    is_authenticated = True
    is_anonymous = False

    @property
    def pk(self) -> uuid.UUID:
        return self.facts.user_id


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer crm_sk_live_<org>_<secret>`, looked up in that organisation's schema alone."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, Actor] | None:
        scheme, _sep, key = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer" or organization_of(key) != current_slug():
            raise NotAuthenticated
        holder = _holder_of(key)
        if holder is None:
            raise NotAuthenticated
        actor = actor_of(holder.facts, via="api", request_id=request_id.get(), scopes=holder.scopes)
        _note_use(holder)
        activate_for(actor)
        return holder, actor

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


def _holder_of(key: str) -> KeyHolder | None:
    """Return who holds a living key, with all that an actor needs, and pin the data model: in one statement."""
    digest, now = hash_key(key), timezone.now()
    for secret_hash, key_id, scopes, expires_at, last_used_at, version, *caller in fetch_prepared(
        "api_key_holder", HOLDER_SQL, [digest]
    ):
        if not hmac.compare_digest(secret_hash, digest) or (expires_at and expires_at <= now):
            return None
        repin(version or 0)
        return KeyHolder(key_id, frozenset(loads(scopes)), last_used_at, CallerFacts(*caller))
    return None


def _note_use(holder: KeyHolder) -> None:
    now = timezone.now()
    if holder.last_used_at is None or now - holder.last_used_at > USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=holder.key_id).update(last_used_at=now)
