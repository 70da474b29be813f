"""Making the index of an object anew: when its searchable fields change, or records came in by COPY."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm_platform.events.clock import database_now
from crm_platform.events.consumption import consumer_paused
from crm_platform.jobs.models import Job
from crm_platform.jobs.services import JobContext, enqueue
from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ObjectSpec
from objects.search.consumer import CONSUMER
from objects.search.entries import read_entries, searchable_object, signature, write_entries
from objects.search.models import IndexedShape, SearchEntry

REBUILD = "search.rebuild"
BATCH = 500
DELETE_BATCH = 5000


def request_rebuild(actor: Actor | None, object_name: str) -> Job:
    """Have the index of an object made anew; the same request while it waits or runs adds nothing."""
    return _enqueue_rebuild(current_snapshot().object(object_name).spec, actor)


def rebuild(context: JobContext) -> dict[str, Any]:
    """Index every record of the object in batches by id; entries of records that are gone are removed.

    Each batch keeps the consumer waiting, so that neither overwrites what the other has just read anew.
    """
    object_id = int(context.args["object_id"])
    obj = searchable_object(object_id)
    if obj is None:
        return {"removed": remove_object(object_id)}
    state = context.cursor or {"after": None, "done": 0, "signature": signature(obj.spec)}
    total = obj.model._base_manager.filter(deleted_at=None).count()
    while True:
        with transaction.atomic(), consumer_paused(CONSUMER):
            after, indexed = _index_next(obj, state["after"])
            state = {**state, "after": after, "done": state["done"] + indexed}
            if after is None:
                IndexedShape.objects.update_or_create(
                    object_id=object_id, defaults={"signature": state["signature"], "built_at": database_now()}
                )
                return {"indexed": state["done"]}
            context.save_cursor(state, done=state["done"], total=max(total, state["done"]))
        context.check_abort()


def _index_next(obj: CompiledObject, after: str | None) -> tuple[str | None, int]:
    """Index the next batch of living records; returns the last id of it, None when there are no more."""
    living = obj.model._base_manager.filter(deleted_at=None)
    stale = SearchEntry.objects.filter(object_id=obj.spec.id)
    if after is not None:
        living, stale = living.filter(pk__gt=after), stale.filter(record_id__gt=after)
    ids: list[uuid.UUID] = list(living.order_by("pk").values_list("pk", flat=True)[:BATCH])
    last = ids[-1] if len(ids) == BATCH else None
    if last is not None:
        stale = stale.filter(record_id__lte=last)
    stale.exclude(record_id__in=ids).delete()
    write_entries(read_entries(obj, ids))
    return (str(last) if last else None), len(ids)


def reconcile(context: JobContext) -> dict[str, Any]:
    """Compare the index with the data model: rebuild objects found by other fields now, drop those that are gone."""
    searched = {spec.id: spec for spec in current_snapshot().objects() if spec.is_searchable}
    built = dict(IndexedShape.objects.values_list("object_id", "signature"))
    rebuilding = [spec for spec in searched.values() if built.get(spec.id) != signature(spec)]
    for spec in rebuilding:
        _enqueue_rebuild(spec, None)
    gone = set(built) - set(searched)
    for object_id in gone:
        remove_object(object_id)
    return {"rebuilding": [spec.api_name for spec in rebuilding], "removed": len(gone)}


def remove_object(object_id: int) -> int:
    """Remove all entries of an object; returns how many there were."""
    removed = 0
    entries = SearchEntry.objects.filter(object_id=object_id)
    while ids := list(entries.values_list("pk", flat=True)[:DELETE_BATCH]):
        removed += SearchEntry.objects.filter(pk__in=ids).delete()[0]
    IndexedShape.objects.filter(object_id=object_id).delete()
    return removed


def _enqueue_rebuild(spec: ObjectSpec, actor: Actor | None) -> Job:
    language = get_language() or "en"
    return enqueue(
        REBUILD,
        {"object_id": spec.id},
        actor=actor,
        dedupe_key=f"{REBUILD}:{spec.id}",
        label=_("Index %(object)s for search") % {"object": spec.label.text(language)},
    )
