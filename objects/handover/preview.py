"""What a leaver leaves behind: counted per object by one statement, before anything is decided."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from crm_platform.identity import selectors
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.services import require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from objects.access.reach import TRANSFER
from objects.handover.holdings import Holding, holdings
from objects.handover.mentions import names_him
from objects.handover.open_records import open_condition
from objects.handover.plan import may_be_ownerless, parent_of, people_fields


@dataclass(frozen=True, slots=True)
class Owned:
    """What of one object belongs to the person, or names him in other fields.

    `open` is the number of unfinished activities, None where the object does not tell. `can_move`: the caller may
    give records of the object away.
    """

    object: CompiledObject
    owned: int
    open: int | None
    mentions: dict[str, int] = field(default_factory=dict)  # by field API name
    can_move: bool = True

    @property
    def may_be_ownerless(self) -> bool:
        return may_be_ownerless(self.object)

    @property
    def has_parent(self) -> bool:
        return parent_of(self.object) is not None


@dataclass(frozen=True, slots=True)
class Preview:
    user: User
    objects: tuple[Owned, ...]  # only those with something
    holdings: tuple[Holding, ...]

    @property
    def total(self) -> int:
        return sum(item.owned for item in self.objects)


def preview(actor: Actor, user_id: uuid.UUID) -> Preview:
    """Count what a person owns and holds. Raises Forbidden, NotFound."""
    require_function(actor, MANAGE_USERS)
    user = selectors.get_user(actor, user_id)
    policy = AccessPolicy.of(actor)
    found = [item for item in _counted(user_id, policy) if item.owned or item.mentions]
    return Preview(user, tuple(found), holdings(user_id))


def _counted(user_id: uuid.UUID, policy: AccessPolicy) -> Iterator[Owned]:
    snapshot = current_snapshot()
    objects = [snapshot.object(spec.api_name) for spec in snapshot.objects()]
    if not objects:
        return
    parts = [_part(obj, user_id) for obj in objects]
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(sql for sql, _params in parts), [item for _sql, all_ in parts for item in all_]
        )
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    for obj in objects:
        owned, unfinished, numbers = rows[obj.spec.id]
        mentions = {item.name: count for item, count in zip(people_fields(obj), numbers, strict=True) if count}
        can_move = policy.can(obj.name, TRANSFER) and policy.can(obj.name, "edit")
        yield Owned(obj, owned, unfinished if open_condition(obj) else None, mentions, can_move)


def _part(obj: CompiledObject, user_id: uuid.UUID) -> tuple[str, list[Any]]:
    """Return the statement that counts one object, and its parameters."""
    unfinished = open_condition(obj)
    count_open = f"count(*) FILTER (WHERE t.owner_id = %s AND {unfinished.text})" if unfinished else "0::bigint"
    names = [names_him(item) for item in people_fields(obj)]
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in names)
    second = f" LEFT JOIN {quote(obj.second.table)} x ON x.id = t.id" if _uses_second(obj) and obj.second else ""
    sql = (
        f"SELECT {int(obj.spec.id)}::bigint, count(*) FILTER (WHERE t.owner_id = %s), {count_open},"  # noqa: S608
        f" ARRAY[{counts}]::bigint[] FROM {quote(obj.table)} t{second}"
        f" WHERE t.deleted_at IS NULL AND ({' OR '.join(['t.owner_id = %s', *names])})"
    )
    open_params = [user_id, *unfinished.params] if unfinished else []
    return sql, [user_id, *open_params, *[user_id] * len(names), user_id, *[user_id] * len(names)]


def _uses_second(obj: CompiledObject) -> bool:
    return any(item.is_second for item in people_fields(obj))
