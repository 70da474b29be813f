"""The address from which other programs read somebody's calendar: made, taken back, and who stands behind one."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from crm_platform.identity.auth import build_actor, users_for_actor
from crm_platform.identity.networks import AddressNotAllowed, require_allowed
from crm_platform.kit.context import Actor, client_address, request_id
from crm_platform.kit.errors import Forbidden, NotFound
from crm_platform.kit.json import dumps
from crm_platform.kit.tokens import new_token, token_digest
from objects.activities.models import CalendarFeed

PREFIX = "crm_cal_"
NOTED_EVERY = timedelta(hours=1)


def feed_of(actor: Actor) -> CalendarFeed | None:
    """Return what is known of the actor's own address; its secret is known to nobody."""
    return CalendarFeed.objects.filter(user_id=actor.user_id).first() if actor.user_id else None


def make_feed(actor: Actor) -> str:
    """Give the actor a new address and return its secret part, once; the one before ends at once."""
    if actor.user_id is None:
        raise Forbidden
    token = PREFIX + new_token()
    given = {"token_hash": token_digest(token), "created_at": timezone.now(), "last_read_at": None}
    CalendarFeed.objects.update_or_create(user_id=actor.user_id, defaults=given)
    return token


def end_feed(actor: Actor) -> bool:
    """End the actor's address at once; tells whether there was one."""
    feed = feed_of(actor)
    return feed is not None and bool(feed.delete()[0])


def reader_of(token: str, now: datetime) -> Actor:
    """Return whose calendar an address shows, with the rights that he has now.

    Raises NotFound for an address that has ended, a user who is not active, and a network that his profile may not
    be used from: of none of them more is told.
    """
    feed = CalendarFeed.objects.filter(token_hash=token_digest(token)).first()
    user = users_for_actor().filter(pk=feed.user_id, is_active=True).first() if feed is not None else None
    if feed is None or user is None:
        raise NotFound
    try:
        require_allowed(dumps(user.profile.allowed_networks).decode() if user.profile else None, client_address.get())
    except AddressNotAllowed:
        raise NotFound from None
    if feed.last_read_at is None or now - feed.last_read_at > NOTED_EVERY:
        CalendarFeed.objects.filter(pk=feed.pk).update(last_read_at=now)
    return build_actor(user, via="api", request_id=request_id.get(), scopes=frozenset())
