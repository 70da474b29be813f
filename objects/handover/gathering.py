"""Listing the records of a handover: one row each, made by one statement per object, so that nothing is forgotten."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Count

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from objects.handover.models import Handover, HandoverItem
from objects.handover.open_records import open_condition
from objects.handover.plan import KEEP, Plan
from objects.handover.successors import known_successors

_COLUMNS = "handover_id, object_id, record_id, old_owner_id, new_owner_id, state, code, message"


def gather(handover: Handover, plan: Plan, snapshot: SchemaSnapshot) -> None:
    """Add a row for every living record that the leaver owns and that the plan gives away; those there are stay."""
    for spec in snapshot.objects():
        rule = plan.rule(spec.api_name)
        if rule.to == KEEP:
            continue
        obj = snapshot.object(spec.api_name)
        params: list[Any] = [handover.leaver_id]
        condition = "t.owner_id = %s"
        unfinished = open_condition(obj) if plan.only_open_activities else None
        if unfinished is not None:
            condition, params = f"{condition} AND {unfinished.text}", [*params, *unfinished.params]
        add_items(handover, obj, known_successors(rule, handover.leaver).users, condition, params)


def add_items(
    handover: Handover, obj: CompiledObject, users: Sequence[uuid.UUID], condition: str, params: Sequence[Any]
) -> None:
    """Add the living records that meet a condition on `t`, with the users as new owners in turn (none: NULL)."""
    owner = "NULL::uuid"
    chosen: list[Any] = []
    if users:
        owner = "(%s::uuid[])[1 + ((row_number() OVER (ORDER BY t.id) - 1) %% %s)::int]"
        chosen = [list(users), len(users)]
    sql = (
        f"INSERT INTO objects_handoveritem ({_COLUMNS})"  # noqa: S608 (physical names only)
        f" SELECT %s, %s, t.id, t.owner_id, {owner}, 'waiting', '', '' FROM {quote(obj.table)} t"
        f" WHERE t.deleted_at IS NULL AND {condition} ORDER BY t.id ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [handover.pk, obj.spec.id, *chosen, *params])


def counted(handover: Handover) -> Mapping[str, dict[str, int]]:
    """Count the rows of a handover by object id and state, with their total."""
    rows = HandoverItem.objects.filter(handover=handover).values_list("object_id", "state").annotate(Count("id"))
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("total", "moved", "failed", "skipped"), 0))
    for object_id, state, count in rows:
        found[str(object_id)]["total"] += count
        if state != HandoverItem.State.WAITING:
            found[str(object_id)][state] += count
    return dict(found)
