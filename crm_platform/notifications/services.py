"""Telling people things: rows in the caller's transaction; mails are sent from them by a job afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User
from crm_platform.jobs.services import enqueue
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, ValidationFailed
from crm_platform.notifications.kinds import APP, CHANNELS, MAIL, NotificationKind, kinds, register_kind
from crm_platform.notifications.models import Notification, Preference
from crm_platform.notifications.wording import stored_params

__all__ = ["SEND", "Text", "mark_read", "notify", "notify_more", "register_kind", "set_preferences"]

SEND = "notifications.send_mail"  # kind of the job


def notify(
    user_ids: Iterable[uuid.UUID],
    kind: str,
    *,
    title: str,
    body: str = "",
    url: str = "",
    data: Mapping[str, Any] | None = None,
    dedupe_key: str = "",
) -> int:
    """Tell each active user who has not switched the kind off, in the caller's transaction; returns to how many.

    `title` and `body` are keys of the translations (marked with `gettext_noop`), `data` their parameters: texts,
    numbers, moments, days, or mappings from languages to texts. `url` is a path of this site. Nobody is told twice
    what has the same `dedupe_key`.
    """
    if url and not (url.startswith("/") and not url.startswith(("//", "/\\"))):
        raise ValueError(f"{url!r} is no path of this site")
    found = _channels(kinds.get(kind), set(user_ids))
    values = {"kind": kind, "title": title, "body": body, "url": url, "dedupe_key": dedupe_key}
    kept = stored_params(data or {})
    rows = [
        Notification(
            user_id=user_id,
            is_shown=APP in channels,
            mail=Notification.Mail.WAITING if MAIL in channels else Notification.Mail.NONE,
            mail_due_at=Now() if MAIL in channels else None,
            data=kept,
            **values,
        )
        for user_id, channels in found.items()
    ]
    Notification.objects.bulk_create(rows, batch_size=500, ignore_conflicts=bool(dedupe_key))
    if any(MAIL in channels for channels in found.values()):
        _send_after_commit()
    return len(rows)


class Text(NamedTuple):
    """What a notification says, and where it leads."""

    title: str
    url: str


def notify_more(
    user_id: uuid.UUID,
    kind: str,
    count: int,
    *,
    alone: Text,
    together: Text,
    data: Mapping[str, Any],
    dedupe_key: str,
) -> None:
    """Tell a user of `count` things; what was told under the same key grows by them instead of coming twice.

    A single thing is told as `alone`, several as `together`, with their `count` as parameter. Callers with the same
    key must take turns, as the batches of one consumer do.
    """
    known = Notification.objects.select_for_update().filter(user_id=user_id, dedupe_key=dedupe_key).first()
    total = count + (known.data["count"] if known else 0)
    text, params = alone if total == 1 else together, {**data, "count": total}
    if known is None:
        notify([user_id], kind, title=text.title, url=text.url, data=params, dedupe_key=dedupe_key)
        return
    known.title, known.url, known.data, known.read_at = text.title, text.url, stored_params(params), None
    known.save(update_fields=["title", "url", "data", "read_at"])


def mark_read(actor: Actor, ids: Collection[uuid.UUID] | None = None, *, until: uuid.UUID | None = None) -> int:
    """Mark the caller's notifications as read: those with these ids, or all (up to `until`); returns how many."""
    rows = Notification.objects.filter(user_id=_own_id(actor), read_at=None)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    if until is not None:
        rows = rows.filter(pk__lte=until)
    return rows.update(read_at=Now())


def set_preferences(actor: Actor, wanted: Mapping[str, Mapping[str, bool]]) -> None:
    """Switch channels of kinds on and off for the caller: `{kind: {channel: on}}`; what is left out stays."""
    user_id = _own_id(actor)
    for kind, channels in wanted.items():
        if kind not in kinds:
            raise ValidationFailed.single(kind, "invalid_choice", _("There is no such kind of notification."))
        if not channels.keys() <= CHANNELS.keys():
            raise ValidationFailed.single(kind, "invalid_choice", _("There is no such channel."))
    rows = [
        Preference(user_id=user_id, kind=kind, channel=channel, is_on=is_on)
        for kind, channels in wanted.items()
        for channel, is_on in channels.items()
    ]
    with transaction.atomic():
        Preference.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["user", "kind", "channel"], update_fields=["is_on"]
        )


def _own_id(actor: Actor) -> uuid.UUID:
    if actor.user_id is None:
        raise Forbidden
    return actor.user_id


def _channels(kind: NotificationKind, user_ids: set[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    """Return through which channels the kind goes to each of the users; those whom it does not reach are left out."""
    if not user_ids:
        return {}
    users = User.objects.filter(pk__in=user_ids, is_active=True).order_by("pk").values_list("pk", "email")
    found = {user_id: (set(kind.default_channels), email) for user_id, email in users}
    chosen = Preference.objects.filter(user_id__in=found, kind=kind.key)
    for user_id, channel, is_on in chosen.values_list("user_id", "channel", "is_on"):
        (found[user_id][0].add if is_on else found[user_id][0].discard)(channel)
    for channels, email in found.values():
        if not (email and settings.MAIL_SERVER):
            channels.discard(MAIL)
    return {user_id: channels for user_id, (channels, _email) in found.items() if channels}


def _send_after_commit() -> None:
    """Have the mails of this transaction sent: one job for all of them.

    The key is the transaction's own, for one shared by all would make every writer wait for every other.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        number = cursor.fetchone()[0]
    enqueue(SEND, {}, dedupe_key=f"{SEND}:{number}")
