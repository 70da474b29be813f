"""Who calls the Open API: a key (Bearer), or the console's own session for the pages of this site."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from crm_platform.identity.auth import actor_of
from crm_platform.identity.middleware import activate_for
from crm_platform.identity.networks import AddressNotAllowed, require_allowed
from crm_platform.kit.context import Actor, client_address, request_id
from crm_platform.kit.errors import NotAuthenticated
from crm_platform.kit.tokens import token_digest
from crm_platform.tenancy.context import current_slug
from metadata.compiler.current import repin
from openapi.keys import organization_of
from openapi.models import ApiKey
from openapi.remembered import KeyHolder, find_holder, known_holder


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer crm_sk_live_<org>_<secret>`, looked up in that organisation's schema alone."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, Actor] | None:
        digest = digest_of_key(request)
        if digest is None:
            return None
        holder = find_holder(digest)
        if holder is None:
            raise NotAuthenticated
        require_allowed(holder.facts.allowed_networks, client_address.get())
        _note_use(holder)
        return holder, enter_as(holder)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class ConsoleSession(SessionAuthentication):
    """The session of somebody signed in to the console; every writing request needs the CSRF token."""

    def authenticate(self, request: Request) -> Any:
        actor, refused = getattr(request._request, "actor", None), getattr(request._request, "refused", None)
        if refused is not None:
            raise refused
        if actor is None:
            return None
        self.enforce_csrf(request)
        return request._request.user, actor


def known_caller(request: HttpRequest) -> KeyHolder | None:
    """Return who sent the request if this process knows his key well; he has still to be checked."""
    try:
        digest = digest_of_key(request)
    except NotAuthenticated:
        return None
    holder = known_holder(digest) if digest else None
    return holder if holder is not None and _is_welcome(holder) else None


def digest_of_key(request: HttpRequest | Request) -> str | None:
    """Return the digest of the request's key, None without any; raises NotAuthenticated for what is no key of ours."""
    scheme, _sep, key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or organization_of(key) != current_slug():
        raise NotAuthenticated
    return token_digest(key)


def enter_as(holder: KeyHolder) -> Actor:
    """Return the holder of a key as the caller: his data model is pinned, his language spoken."""
    repin(holder.schema_version)
    actor = actor_of(holder.facts, via="api", request_id=request_id.get(), scopes=holder.scopes)
    activate_for(actor)
    return actor


def _is_welcome(holder: KeyHolder) -> bool:
    """Tell whether the holder's profile may be used from the caller's address; who may not is read anew and told."""
    try:
        require_allowed(holder.facts.allowed_networks, client_address.get())
    except AddressNotAllowed:
        return False
    return True


def _note_use(holder: KeyHolder) -> None:
    now = timezone.now()
    if not holder.use_is_noted(now):
        ApiKey.objects.filter(pk=holder.key_id).update(last_used_at=now)
