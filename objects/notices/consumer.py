"""Reads the outbox and tells people what has been assigned to them and where they have been mentioned.

Nobody is told what he did himself, nor of a record that he may not see. What one act gave to somebody is told at once,
however many records it was and however many batches they come in.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext_noop

from crm_platform.events.consumers import Consumer
from crm_platform.events.models import OutboxMessage
from crm_platform.identity.auth import build_actor, users_for_actor
from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import PlatformError
from crm_platform.kit.ids import parse_uuid
from crm_platform.notifications.services import Text, notify, notify_more
from metadata.compiler.current import current_snapshot
from objects.query.query import RecordQuery

CONSUMER = "notices"
OWNER, MENTIONED, TASK = "owner_id", "mentioned_ids", "task"
ASSIGNED, TASK_ASSIGNED, WAS_MENTIONED = "records.assigned", "tasks.assigned", "records.mentioned"
CREATED, UPDATED = "record.created", "record.updated"
NOT_TOLD = "command"  # of what an administrator does on the server's command line

ONE = gettext_noop("%(object)s “%(name)s” was assigned to you")
ONE_BY = gettext_noop("%(actor)s assigned %(object)s “%(name)s” to you")
MANY = gettext_noop("%(count)s %(objects)s were assigned to you")
MANY_BY = gettext_noop("%(actor)s assigned %(count)s %(objects)s to you")
MENTION = gettext_noop("%(actor)s mentioned you in %(object)s “%(name)s”")


class Act(NamedTuple):
    """What one person was given of one object by one act of somebody."""

    user_id: uuid.UUID
    object_name: str
    actor_id: uuid.UUID | None
    request_id: str


def tell(batch: Sequence[OutboxMessage]) -> None:
    """Tell people what the messages of a batch mean to them."""
    given: dict[Act, list[OutboxMessage]] = defaultdict(list)
    mentioned: list[tuple[uuid.UUID, OutboxMessage]] = []
    told = [message for message in batch if message.type in (CREATED, UPDATED) and message.via != NOT_TOLD]
    born = _born(told)
    for message in told:
        is_new = message.type == CREATED
        owner = born.owners.get(message.record_id) if is_new else _new_owner(message)
        if owner is not None and owner != message.actor_id:
            given[Act(owner, message.object_name, message.actor_id, message.request_id)].append(message)
        those = born.mentioned.get(message.record_id, []) if is_new else _newly_mentioned(message)
        mentioned += [(user_id, message) for user_id in those if user_id != message.actor_id]
    if not given and not mentioned:
        return
    people = _People({act.user_id for act in given} | {user_id for user_id, _message in mentioned}, batch)
    for act, messages in given.items():
        _tell_owner(people, act, messages)
    for user_id, message in mentioned:
        _tell_mentioned(people, user_id, message)


class _Born(NamedTuple):
    """What new records say that their messages do not: owners, and people mentioned in them."""

    owners: dict[uuid.UUID | None, uuid.UUID]
    mentioned: dict[uuid.UUID | None, list[uuid.UUID]]


def _born(messages: Sequence[OutboxMessage]) -> _Born:
    """Read new records, one statement for an object.

    Records that have changed hands in the same batch have no first owner: that message tells who has them.
    """
    moved = {message.record_id for message in messages if message.type == UPDATED and OWNER in message.changed}
    created: dict[str, list[uuid.UUID]] = defaultdict(list)
    for message in messages:
        if message.type == CREATED:
            created[message.object_name].append(_record(message))
    found = _Born({}, {})
    for object_name, ids in created.items():
        with suppress(PlatformError):  # the object is gone
            model: Any = current_snapshot().object(object_name).model
            for record in model._base_manager.filter(pk__in=ids, deleted_at=None):
                if record.owner_id and record.pk not in moved:
                    found.owners[record.pk] = record.owner_id
                if MENTIONED in record.compiled.fields:
                    found.mentioned[record.pk] = [link.id for link in record.value(MENTIONED) or ()]
    return found


def _new_owner(message: OutboxMessage) -> uuid.UUID | None:
    """Return who has the record now and had it not before."""
    change = message.changed.get(OWNER)
    if not isinstance(change, dict):
        return None
    owner = _id_in(change.get("new"))
    return None if owner == _id_in(change.get("old")) else owner


def _newly_mentioned(message: OutboxMessage) -> list[uuid.UUID]:
    change = message.changed.get(MENTIONED)
    if not isinstance(change, dict):
        return []
    before = set(_ids_in(change.get("old")))
    return [found for found in _ids_in(change.get("new")) if found not in before]


def _ids_in(value: Any) -> list[uuid.UUID]:
    items: Iterable[Any] = value if isinstance(value, list) else [value]
    return [found for item in items if (found := _id_in(item)) is not None]


def _id_in(value: Any) -> uuid.UUID | None:
    return parse_uuid(value.get("id") if isinstance(value, dict) else value)


class _People:
    """Those whom a batch concerns, as callers, and the names of those who acted: read once."""

    def __init__(self, user_ids: set[uuid.UUID], batch: Sequence[OutboxMessage]) -> None:
        users = users_for_actor().filter(pk__in=user_ids, is_active=True)
        self.readers: dict[uuid.UUID, Actor] = {user.pk: build_actor(user, via="job") for user in users}
        actors = {message.actor_id for message in batch if message.actor_id is not None}
        self.names: dict[uuid.UUID, str] = dict(User.objects.filter(pk__in=actors).values_list("pk", "name"))

    def visible(self, user_id: uuid.UUID, object_name: str, ids: list[uuid.UUID]) -> dict[str, str]:
        """Return the records that somebody may see, with their names as far as he may see them."""
        reader = self.readers.get(user_id)
        if reader is None:
            return {}
        try:
            query = RecordQuery(reader, object_name).where_ids(ids)
            readable = {field.name for field in query.policy.readable_fields(query.object)}
            fields = ("id", "name") if "name" in readable else ("id",)
            page = query.fields(*fields).page(limit=len(ids))
        except PlatformError:  # the object is gone, or not for this reader
            return {}
        return {str(row[0]): str(row[1]) if len(row) > 1 else "" for row in page.rows}


def _tell_owner(people: _People, act: Act, messages: list[OutboxMessage]) -> None:
    found = people.visible(act.user_id, act.object_name, list({_record(message) for message in messages}))
    if not found:
        return
    kind = TASK_ASSIGNED if act.object_name == TASK else ASSIGNED
    actor = people.names.get(act.actor_id, "") if act.actor_id else ""
    record_id, name = next(iter(found.items()))
    alone = Text(ONE_BY if actor else ONE, reverse("record", args=[act.object_name, record_id]))
    together = Text(MANY_BY if actor else MANY, reverse("record-list", args=[act.object_name]))
    by_request = f"{act.actor_id}:{act.request_id}"
    notify_more(
        act.user_id,
        kind,
        len(found),
        alone=alone if name else together,
        together=together,
        data={**_labels(act.object_name), "name": name, "actor": actor},
        dedupe_key=f"{kind}:{act.object_name}:{by_request if _is_request(act) else messages[0].event_id}",
    )


def _is_request(act: Act) -> bool:
    return act.request_id not in ("", "-")


def _labels(object_name: str) -> dict[str, Any]:
    spec = current_snapshot().object(object_name).spec
    return {"object": dict(spec.label), "objects": dict(spec.plural_label)}


def _record(message: OutboxMessage) -> uuid.UUID:
    assert message.record_id is not None, "what happens to records names them"
    return message.record_id


def _tell_mentioned(people: _People, user_id: uuid.UUID, message: OutboxMessage) -> None:
    found = people.visible(user_id, message.object_name, [_record(message)])
    for record_id, name in found.items():
        actor = people.names.get(message.actor_id, "") if message.actor_id else ""
        notify(
            [user_id],
            WAS_MENTIONED,
            title=MENTION,
            url=reverse("record", args=[message.object_name, record_id]),
            data={**_labels(message.object_name), "name": name, "actor": actor},
            dedupe_key=f"{WAS_MENTIONED}:{message.event_id}",
        )


notices_consumer = Consumer(CONSUMER, tell)
