"""The job behind a change of type: values are carried over in batches, then old and new field swap places."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.jobs.services import JobAborted, JobContext, JobFailed
from crm_platform.kit.context import system_actor
from crm_platform.kit.db import retry_unit
from metadata.compiler.compiled import CompiledField, CompiledObject, UnknownObject
from metadata.compiler.current import current_snapshot
from metadata.models import BusinessField
from metadata.publishing import publish
from metadata.retyping.preview import Converter, Preview
from metadata.retyping.requests import BLOCK
from metadata.retyping.rows import Left, batch_ids, read_rows, write
from metadata.retyping.service import discard, swap

BATCH = 1_000
CONVERT, SWEEP = "convert", "sweep"


def change_type(job: JobContext) -> dict[str, Any]:
    """Fill the successor, then swap; returns the counts, with the first records that did not convert.

    A batch and the cursor behind it commit together, under locks of its records: a killed worker's successor
    goes on after the last whole batch, and no writer comes in between. Values that do not convert block the
    swap (the job fails, and goes on from there when it is tried again) or are left empty, as was chosen.
    """
    actor = system_actor("change of type")
    try:
        state = _fill(job)
    except JobAborted:
        publish(actor, "Cancel a change of type", lambda: discard(job.args["successor_id"]))
        raise
    obj, old, new = _fields(job)
    left = Left.over(obj, old, new).count()
    if left and job.args["on"] == BLOCK:
        message = _("%(count)d values do not convert. Correct them and try again, or cancel the change.")
        raise JobFailed(message % {"count": left})
    summary = f"{obj.name}.{old.name} has become {new.spec.type}"
    publish(actor, summary, lambda: swap(old.spec.id, new.spec.id))
    return {**state["preview"], "failing": left}


def _fill(job: JobContext) -> dict[str, Any]:
    """Carry the values over; then, again, those that are left: records that failed and were corrected since."""
    state = job.cursor or {"step": CONVERT, "after": None, "preview": Preview().to_json()}
    total = job.total or _estimate(job)
    if state["step"] == SWEEP:
        state = {**state, "after": None}
    while True:
        found = retry_unit(lambda: _batch(job, state, total))  # noqa: B023 (it runs before the loop goes on)
        if found is None and state["step"] == SWEEP:
            return state
        state = found or {**state, "step": SWEEP, "after": None}
        job.check_abort()


def _batch(job: JobContext, state: dict[str, Any], total: int) -> dict[str, Any] | None:
    """Convert the next batch and note it; returns the state behind it, None when there is no more."""
    with transaction.atomic():
        obj, old, new = _fields(job)
        left = Left.over(obj, old, new) if state["step"] == SWEEP else None
        ids = batch_ids(obj, state["after"], BATCH, left=left)
        if not ids:
            return None
        preview = Preview(**state["preview"])
        counted = preview if left is None else Preview()
        _convert(job, obj, old, new, ids, counted)
        found = {**state, "after": str(ids[-1]), "preview": preview.to_json()}
        job.save_cursor(found, done=preview.total, total=max(total, preview.total))
        return found


def _convert(
    job: JobContext,
    obj: CompiledObject,
    old: CompiledField,
    new: CompiledField,
    ids: Sequence[uuid.UUID],
    preview: Preview,
) -> None:
    converter = Converter(system_actor("change of type"), old.spec, new.spec)
    rows = read_rows(obj, old, ids)
    values = converter.count(rows, preview)
    columns = {}
    for row in rows:
        clean, _display = converter.context(row.currency)
        if values[row.id] is not None:
            columns[row.id] = new.type.to_columns(new.spec, values[row.id], clean)
    write(obj, new, columns)


def _fields(job: JobContext) -> tuple[CompiledObject, CompiledField, CompiledField]:
    """Return the object, the field and its successor; raises JobFailed when the change has been cancelled."""
    try:
        obj = current_snapshot().object_by_id(job.args["object_id"])
    except UnknownObject as error:
        raise JobFailed(_("The object is gone.")) from error
    old = obj.field_by_id(job.args["field_id"])
    new = obj.successors.get(old.name) if old else None
    known = BusinessField.objects.filter(pk=job.args["successor_id"], state=BusinessField.State.PREPARING)
    if old is None or new is None or not known.exists():
        raise JobFailed(_("The change was cancelled."))
    return obj, old, new


def _estimate(job: JobContext) -> int:
    obj, _old, _new = _fields(job)
    return int(obj.model._base_manager.count())
