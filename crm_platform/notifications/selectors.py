"""Reading one's own notifications and what one has switched on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.functional import Promise

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import CursorExpired, NotFound
from crm_platform.kit.ids import parse_uuid
from crm_platform.notifications.kinds import CHANNELS, kind_label, kinds
from crm_platform.notifications.models import Notification, Preference
from crm_platform.notifications.wording import in_words

MOST_COUNTED = 100
PAGE_SIZE = 50
LATEST = 8


@dataclass(frozen=True, slots=True)
class Told:
    """A notification in the words of the reader."""

    id: uuid.UUID
    kind: str
    kind_label: str | Promise
    title: str
    body: str
    url: str
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class ToldPage:
    items: tuple[Told, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Preferred:
    """A kind, and whether it goes through each channel to somebody."""

    key: str
    label: str | Promise
    channels: Mapping[str, bool]


def unread_count(actor: Actor) -> int:
    """Return how many notifications the caller has not read, counting no further than MOST_COUNTED."""
    rows = _shown(actor).filter(read_at=None)
    return rows.order_by().values("pk")[:MOST_COUNTED].count()


def notifications(
    actor: Actor, *, unread: bool = False, kind: str = "", cursor: str | None = None, limit: int = PAGE_SIZE
) -> ToldPage:
    """Return the caller's notifications, the newest first; raises CursorExpired for a cursor that is none."""
    rows = _shown(actor).order_by("-id")
    if unread:
        rows = rows.filter(read_at=None)
    if kind:
        rows = rows.filter(kind=kind)
    if cursor:
        before = parse_uuid(cursor)
        if before is None:
            raise CursorExpired
        rows = rows.filter(pk__lt=before)
    page = list(rows[: limit + 1])
    next_cursor = str(page[limit - 1].pk) if len(page) > limit else None
    return ToldPage(tuple(told(row) for row in page[:limit]), next_cursor)


def _shown(actor: Actor) -> QuerySet[Notification]:
    """Return what the caller was told in the console; the system itself is told nothing."""
    own = Notification.objects.filter(user_id=actor.user_id) if actor.user_id else Notification.objects.none()
    return own.filter(is_shown=True)


def get_notification(actor: Actor, notification_id: uuid.UUID) -> Told:
    """Return one of the caller's notifications, else NotFound."""
    row = _shown(actor).filter(pk=notification_id).first()
    if row is None:
        raise NotFound
    return told(row)


def told(row: Notification) -> Told:
    """Return a notification in the words of the present language."""
    title, body = in_words(row.title, row.data), in_words(row.body, row.data)
    return Told(row.pk, row.kind, kind_label(row.kind), title, body, row.url, row.at, row.read_at)


def preferences(actor: Actor) -> tuple[Preferred, ...]:
    """Return every kind with the channels through which it reaches the caller."""
    own = Preference.objects.filter(user_id=actor.user_id) if actor.user_id else Preference.objects.none()
    chosen = own.values_list("kind", "channel", "is_on")
    known = {(kind, channel): is_on for kind, channel, is_on in chosen}
    return tuple(
        Preferred(
            kind.key,
            kind.label,
            {channel: known.get((kind.key, channel), channel in kind.default_channels) for channel in CHANNELS},
        )
        for kind in kinds
    )
