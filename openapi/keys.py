"""Making, listing and revoking API keys."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, Forbidden, NotFound, ValidationFailed
from crm_platform.kit.tokens import new_token, token_digest
from crm_platform.tenancy.context import current_slug
from openapi.models import ApiKey
from openapi.scopes import SCOPES

PREFIX = "crm_sk_live_"
MANAGE = "identity.manage_api_keys"


def organization_of(key: str) -> str | None:
    """Return the slug inside a key, or None when it has not the form of one."""
    if not key.startswith(PREFIX):
        return None
    slug, _sep, secret = key.removeprefix(PREFIX).partition("_")
    return slug if slug and secret else None


def create_key(
    actor: Actor, name: str, scopes: Iterable[str], *, user: User | None = None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key that acts as `user` (the actor unless said otherwise); returns it with the secret text.

    Raises Forbidden for another's key without the right to manage keys, ValidationFailed for bad input. A
    key can't make keys.
    """
    if actor.user_id is None or actor.scopes is not None:
        raise Forbidden
    owner = user or User.objects.get(pk=actor.user_id)
    if owner.pk != actor.user_id and not actor.has_function(MANAGE):
        raise Forbidden
    chosen = sorted(set(scopes))
    _check(name, chosen, owner, expires_at)
    secret = f"{PREFIX}{current_slug()}_{new_token()}"
    key = ApiKey.objects.create(
        name=name.strip(),
        user=owner,
        hint=secret[-4:],
        secret_hash=token_digest(secret),
        scopes=chosen,
        created_by_id=actor.user_id,
        expires_at=expires_at,
    )
    return key, secret


def revoke_key(actor: Actor, key_id: uuid.UUID) -> ApiKey:
    """End a key at once; raises NotFound for one that the actor may not see."""
    key = visible_keys(actor).filter(pk=key_id).first()
    if key is None:
        raise NotFound
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
    return key


def visible_keys(actor: Actor) -> QuerySet[ApiKey]:
    """Return the actor's own keys, or everybody's for those who manage keys."""
    keys = ApiKey.objects.select_related("user")
    return keys if actor.has_function(MANAGE) else keys.filter(user=actor.user_id)


def _check(name: str, scopes: list[str], owner: User, expires_at: datetime | None) -> None:
    errors = []
    if not name.strip() or len(name) > 100:
        errors.append(FieldError("name", "required", _("Enter a name of up to 100 characters.")))
    if not scopes or set(scopes) - set(SCOPES):
        errors.append(FieldError("scopes", "invalid_choice", _("Choose at least one scope.")))
    if not owner.is_active:
        errors.append(FieldError("user", "inactive_reference", _("The user is not active.")))
    if expires_at is not None and expires_at <= timezone.now():
        errors.append(FieldError("expires_at", "out_of_range", _("The end lies in the past.")))
    if errors:
        raise ValidationFailed(errors)
