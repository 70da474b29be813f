"""Which of some records meet a condition, whoever asks: rules of the data model, not reads of a person."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils import timezone

from crm_platform.kit.context import Actor, system_actor
from metadata.compiler.compiled import CompiledObject
from metadata.field_types.contexts import calendar_of
from metadata.field_types.values import CleanContext
from objects.access.policy import AccessPolicy
from objects.query.binding import bind
from objects.query.conditions import Tree
from objects.query.params import Values, fill
from objects.query.plan import IDS, matching_plan
from objects.query.virtual import clock_values

QUESTIONS = 100  # in one statement


def matching(
    actor: Actor, obj: CompiledObject, wanted: Sequence[tuple[Tree, Sequence[uuid.UUID]]]
) -> list[set[uuid.UUID]]:
    """Return, for each condition, those of its records that meet it.

    "Me" and "mine" in a condition are the actor's; which records and fields he may see plays no part.
    """
    found: list[set[uuid.UUID]] = [set() for _question in wanted]
    policy = AccessPolicy.of(system_actor())
    ctx = CleanContext(actor, timezone.now(), calendar=calendar_of(actor))
    for start in range(0, len(wanted), QUESTIONS):
        parts: list[str] = []
        values: list[Any] = []
        for number, (tree, ids) in enumerate(wanted[start : start + QUESTIONS], start):
            bound = bind(tree, obj, policy, ctx)
            plan = matching_plan(obj, policy, bound.shape)
            parts.append(f"SELECT {number}, m.id FROM ({plan.sql}) m")  # noqa: S608 (compiled text only)
            operands: dict[str | int, Any] = dict(enumerate(bound.values))
            clock = clock_values(actor, ctx.now)
            given: Values = {**clock, **operands, IDS: [str(item) for item in ids]}
            values += fill(plan.slots, given)
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), values)
            for number, record_id in cursor.fetchall():
                found[number].add(record_id)
    return found
