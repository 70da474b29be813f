"""The job that looks for duplicates among the records that are there, and leaves sets for people to decide."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm_platform.jobs.models import Job
from crm_platform.jobs.services import JobContext, enqueue
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.publishing import require_customize
from objects.access.policy import AccessPolicy
from objects.duplicates.decisions import add_sets
from objects.duplicates.finding import Match, Probe, asks_of, find
from objects.duplicates.plan import ObjectPlan, object_plan
from objects.duplicates.rebuild import record_keys

SWEEP = "duplicates.sweep"
BATCH = 200


def request_sweep(actor: Actor, object_name: str) -> Job:
    """Have all records of an object compared; raises Forbidden, NotFound."""
    require_customize(actor)
    spec = current_snapshot().object(object_name).spec
    label = _("Look for duplicates: %(object)s") % {"object": spec.label.text(get_language() or "en")}
    return enqueue(SWEEP, {"object": object_name}, actor=actor, dedupe_key=f"{SWEEP}:{spec.id}", label=label)


def sweep(context: JobContext) -> dict[str, Any]:
    """Compare the records of an object in batches by id; running it again adds nothing to open sets."""
    snapshot = current_snapshot()
    obj = snapshot.object(str(context.args["object"]))
    plan = object_plan(snapshot, obj.name)
    state = context.cursor or {"after": None, "done": 0, "sets": 0}
    total = obj.model._base_manager.filter(deleted_at=None).count()
    while True:
        with transaction.atomic():
            after, done, made = _next_batch(snapshot, obj, plan, parse_uuid(state["after"]), context)
            state = {
                "after": str(after) if after else None,
                "done": state["done"] + done,
                "sets": state["sets"] + made,
            }
            if after is None:
                return {"records": state["done"], "sets": state["sets"]}
            context.save_cursor(state, done=state["done"], total=max(total, state["done"]))
        context.check_abort()


def _next_batch(
    snapshot: SchemaSnapshot, obj: CompiledObject, plan: ObjectPlan, after: uuid.UUID | None, context: JobContext
) -> tuple[uuid.UUID | None, int, int]:
    """Compare the next records; returns the last id (None at the end), how many, and how many sets were made."""
    rows = obj.model._base_manager.filter(deleted_at=None).order_by("pk")
    if after is not None:
        rows = rows.filter(pk__gt=after)
    records: list[Any] = list(rows[:BATCH])
    probes = [
        Probe(row.pk, record_keys(obj, plan, row), row.owner_id, row.owner_department_id, row.record_type_id)
        for row in records
    ]
    policy = AccessPolicy.of(system_actor(SWEEP))
    found = find(policy, snapshot, asks_of(plan.rules), probes, context.now)
    made = add_sets(obj.spec, _by_rule(found), context.now)
    return (records[-1].pk if len(records) == BATCH else None), len(records), len(made)


def _by_rule(found: Any) -> list[Any]:
    grouped: dict[tuple[uuid.UUID, uuid.UUID], tuple[Any, list[Match]]] = {}
    for record_id, matches in found.items():
        for match in matches:
            rule = match.ask.rule
            grouped.setdefault((record_id, rule.uuid), (rule, []))[1].append(match)
    return [(record_id, rule, matches) for (record_id, _uuid), (rule, matches) in grouped.items()]
