"""Carrying an order out, as a job that may be killed at any point: lists the records, moves them, settles the rest."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.audit.services import Subject, record_entry
from crm_platform.jobs.services import JobContext, register_job
from crm_platform.kit.context import Actor
from metadata.compiler.current import current_snapshot
from objects.handover import kinds
from objects.handover.gathering import counted, gather
from objects.handover.mentions import Rewriter
from objects.handover.models import Handover
from objects.handover.moving import Mover
from objects.handover.people import settle_places
from objects.handover.plan import Plan
from objects.handover.service import plan_of

Counts = dict[str, int]


def hand_over(context: JobContext) -> dict[str, Any]:
    """Handle the job: every step is a transaction that ends with the job's cursor, so none is done twice."""
    row = Handover.objects.filter(pk=context.args["handover"]).first()
    if row is None or row.state != Handover.State.RUNNING:
        return {}
    plan = plan_of(row)

    def saved(done: int, total: int) -> None:
        context.save_cursor({"done": done}, done=done, total=total)

    if not row.is_gathered:
        with transaction.atomic():
            begin(row.pk, plan)
            saved(0, 0)
    mover = Mover(context.actor, row.pk, plan, saved)
    while mover.move_some():
        context.check_abort()
    rewriter = Rewriter(context.actor, row.pk, plan, lambda: saved(context.done, context.total or 0))
    while rewriter.rewrite_some():
        context.check_abort()
    with transaction.atomic():
        finish(context.actor, row.pk, plan)
        saved(context.done, context.total or 0)
    return totals(Handover.objects.get(pk=row.pk))


def begin(handover_id: uuid.UUID, plan: Plan) -> None:
    """List the records that wait, in the caller's transaction; those of a transfer are listed already."""
    row = _running(handover_id)
    if row is None or row.is_gathered:
        return
    if row.kind == Handover.Kind.LEAVER:
        gather(row, plan, current_snapshot())
    row.counts, row.is_gathered = counted(row), True
    row.save(update_fields=["counts", "is_gathered"])


def finish(actor: Actor, handover_id: uuid.UUID, plan: Plan) -> None:
    """Settle the leaver's places and close the order, in the caller's transaction; nothing when it was cancelled."""
    row = _running(handover_id)
    if row is None:
        return
    if row.leaver is not None:
        row.people = {**row.people, **settle_places(actor, row.leaver, plan)}
    row.state, row.finished_at = Handover.State.DONE, timezone.now()
    row.save(update_fields=["people", "state", "finished_at"])
    action = kinds.FINISHED if row.leaver is not None else kinds.TRANSFERRED
    record_entry(actor, action, _subject(row), {"handover": str(row.pk), **totals(row), "people": row.people})


def totals(row: Handover) -> Counts:
    """Return what became of all records together."""
    names = ("total", "moved", "failed", "skipped")
    return {name: sum(entry[name] for entry in row.counts.values()) for name in names}


def _running(handover_id: uuid.UUID) -> Handover | None:
    rows = Handover.objects.select_for_update(of=("self",)).select_related("leaver")
    return rows.filter(pk=handover_id, state=Handover.State.RUNNING).first()


def _subject(row: Handover) -> Subject:
    if row.leaver is not None:
        return Subject(record_id=row.leaver.pk, record_name=row.leaver.name)
    spec = current_snapshot().spec.object_by_id.get(row.object_id or 0)
    return Subject(object_name=spec.api_name if spec else "")


def register() -> None:
    """Register the job; called once from AppConfig.ready()."""
    register_job(kinds.JOB, hand_over, _("Hand over records to other owners"))
