"""Making the keys of an object's records anew: when rules change, or records came in by COPY."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm_platform.events.clock import database_now
from crm_platform.jobs.models import Job
from crm_platform.jobs.services import JobContext, enqueue
from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject, UnknownObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import ObjectSpec
from objects.duplicates.keys import replace_keys
from objects.duplicates.models import DuplicateKey, KeyShape
from objects.duplicates.plan import ObjectPlan, object_plan

REBUILD, RECONCILE = "duplicates.rebuild", "duplicates.reconcile"
BATCH = 500
DELETE_BATCH = 5_000


def signature(plan: ObjectPlan) -> str:
    """Return what tells whether two plans make the same keys."""
    text = ";".join(f"{source.id}:{source.code}" for source in plan.sources)
    return hashlib.sha256(text.encode()).hexdigest()


def rules_changed(actor: Actor) -> None:
    """Have the keys compared with the rules once these are published."""
    request_reconcile()


def request_reconcile() -> Job:
    """Have the keys compared with those that rules and code ask for now."""
    return enqueue(RECONCILE, {}, actor=None, dedupe_key=RECONCILE)


def request_rebuild(actor: Actor | None, object_name: str) -> Job:
    """Have the keys of an object made anew; the same request while it waits or runs adds nothing."""
    return _enqueue(current_snapshot().object(object_name).spec, actor)


def reconcile(context: JobContext) -> dict[str, Any]:
    """Have keys made for objects of which other values are compared now, and drop those that nobody needs."""
    snapshot = current_snapshot()
    built = dict(KeyShape.objects.values_list("object_id", "signature"))
    rebuilding = []
    for spec in snapshot.objects():
        wanted = signature(object_plan(snapshot, spec.api_name))
        if built.get(spec.id, signature(ObjectPlan((), (), ()))) != wanted:
            _enqueue(spec, None)
            rebuilding.append(spec.api_name)
    gone = built.keys() - snapshot.spec.object_by_id.keys()
    for object_id in gone:
        _remove(object_id)
    return {"rebuilding": rebuilding, "removed": len(gone)}


def rebuild(context: JobContext) -> dict[str, Any]:
    """Make the keys of every record, those in the trash included, in batches by id."""
    snapshot, object_id = current_snapshot(), int(context.args["object_id"])
    try:
        obj = snapshot.object_by_id(object_id)
    except UnknownObject:
        return {"removed": _remove(object_id)}
    plan = object_plan(snapshot, obj.name)
    state = context.cursor or {"after": None, "done": 0, "signature": signature(plan)}
    total = obj.model._base_manager.count()
    while True:
        with transaction.atomic():
            after, done = _next_batch(snapshot, obj, plan, state["after"])
            state = {**state, "after": after, "done": state["done"] + done}
            if after is None:
                _finish(obj.spec, plan, state["signature"])
                return {"records": state["done"]}
            context.save_cursor(state, done=state["done"], total=max(total, state["done"]))
        context.check_abort()


def _next_batch(
    snapshot: SchemaSnapshot, obj: CompiledObject, plan: ObjectPlan, after: str | None
) -> tuple[str | None, int]:
    """Make the keys of the next records, which nobody changes meanwhile; returns the last id, None at the end."""
    rows = obj.model._base_manager.select_for_update(of=("self",), no_key=True).order_by("pk")
    if after is not None:
        rows = rows.filter(pk__gt=after)
    records = list(rows[:BATCH])
    keys = {record.pk: record_keys(obj, plan, record) for record in records}
    replace_keys(obj.spec.id, keys)
    return (str(records[-1].pk) if len(records) == BATCH else None), len(records)


def record_keys(obj: CompiledObject, plan: ObjectPlan, record: Any) -> Any:
    """Return the keys of a stored record."""
    return plan.keys(obj, {name: obj.fields[name].value_of(record) for name in plan.fields})


def _finish(spec: ObjectSpec, plan: ObjectPlan, built: str) -> None:
    """Note which keys there are now, and drop keys that no rule asks for any more."""
    wanted = {(source.id, source.code) for source in plan.sources}
    kinds = DuplicateKey.objects.filter(object_id=spec.id).values_list("source", "method").distinct()
    for source, method in kinds:
        if (source, method) not in wanted:
            DuplicateKey.objects.filter(object_id=spec.id, source=source, method=method).delete()
    KeyShape.objects.update_or_create(object_id=spec.id, defaults={"signature": built, "built_at": database_now()})
    if built != signature(plan):  # the rules changed while the job ran
        _enqueue(spec, None)


def _remove(object_id: int) -> int:
    """Remove all keys of an object; returns how many there were."""
    removed = 0
    keys = DuplicateKey.objects.filter(object_id=object_id)
    while ids := list(keys.values_list("pk", flat=True)[:DELETE_BATCH]):
        removed += DuplicateKey.objects.filter(pk__in=ids).delete()[0]
    KeyShape.objects.filter(object_id=object_id).delete()
    return removed


def is_built(snapshot: SchemaSnapshot, object_name: str) -> bool:
    """Tell whether the records that existed before the rules have their keys."""
    spec, plan = snapshot.spec.object_map[object_name], object_plan(snapshot, object_name)
    return KeyShape.objects.filter(object_id=spec.id, signature=signature(plan)).exists() or not plan.sources


def _enqueue(spec: ObjectSpec, actor: Actor | None) -> Job:
    return enqueue(
        REBUILD,
        {"object_id": spec.id},
        actor=actor,
        dedupe_key=f"{REBUILD}:{spec.id}",
        label=_("Prepare %(object)s for the search for duplicates")
        % {"object": spec.label.text(get_language() or "en")},
    )
