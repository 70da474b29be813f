"""The work of imports, as jobs that may be killed at any point: chunk by chunk, each in a transaction of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import time
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.jobs.services import JobContext, JobFailed, register_job, register_schedule
from crm_platform.kit.context import Actor
from crm_platform.notifications.services import register_kind
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.exchange import exports
from objects.exchange.checking import Report, problem_keys, try_rows
from objects.exchange.mass import Changer, check_order, gather, stored_order
from objects.exchange.models import Import, ImportChunk
from objects.exchange.noting import FINISHED, UNDONE, note
from objects.exchange.plan import check_plan, is_import, stored_plan
from objects.exchange.running import FAILED, SKIPPED, Entry, Runner
from objects.exchange.seen import Seen
from objects.exchange.sources import format_of
from objects.exchange.tables import TableRow, batches, write_table
from objects.exchange.tidying import tidy
from objects.exchange.undoing import undo_some
from objects.records.unit import run_unit

IMPORT, BULK, EXPORT = "exchange.import", "exchange.bulk", "exchange.export"
CHECK, UNDO, TIDY = "exchange.check", "exchange.undo", "exchange.tidy"
CHUNK = 500  # rows


def run_import(context: JobContext) -> dict[str, Any]:
    """Handle `exchange.import` and `exchange.bulk`.

    Every chunk ends with its marker and the job's cursor, so none is done twice.
    """
    row = _running(context)
    if row is None or row.state != Import.State.RUNNING:
        return {}
    row = with_table(context.actor, row)
    runner = runner_of(context.actor, row)
    place = context.cursor or {"offset": 0, "chunk": 0}
    assert row.table is not None
    for rows in batches(row.table, CHUNK, place["offset"]):
        number = place["chunk"]
        place = {"offset": rows[-1].next_offset, "chunk": number + 1}
        run_unit(lambda rows=rows, number=number, place=place: _chunk(context, row, runner, number, rows, place))  # type: ignore[misc]
        context.check_abort()
    with transaction.atomic():
        done = _finish(context.actor, row)
        context.save_cursor(place, done=done.processed, total=done.total)
    return counts_of(done)


def _chunk(
    context: JobContext, row: Import, runner: Runner, number: int, rows: Sequence[TableRow], place: dict[str, int]
) -> None:
    """Carry out one chunk in the caller's transaction."""
    entries = runner.carry_out(rows)
    ImportChunk.objects.create(owner=row, number=number, rows=[entry.told() for entry in entries])
    _count(row, entries)
    done = place["chunk"] * CHUNK if len(rows) == CHUNK else row.total or 0
    context.save_cursor(place, done=done, total=row.total)


def _count(row: Import, entries: Sequence[Entry]) -> None:
    """Add to the counts, in the chunk's transaction; one job alone writes them."""
    counts = Counter(entry.outcome for entry in entries)
    changes: dict[str, Any] = {name: F(name) + count for name, count in counts.items()}
    bad = [entry for entry in entries if entry.outcome in (FAILED, SKIPPED)]
    if bad:
        problems = Counter(Import.objects.values_list("problems", flat=True).get(pk=row.pk))
        for entry in bad:
            problems.update(problem_keys(entry.told()[5]))
        changes["problems"] = dict(problems)
    Import.objects.filter(pk=row.pk).update(**changes)


def _finish(actor: Actor, row: Import) -> Import:
    done = Import.objects.select_for_update(of=("self",)).get(pk=row.pk)
    done.state, done.finished_at = Import.State.DONE, timezone.now()
    done.save(update_fields=["state", "finished_at"])
    note(actor, done, FINISHED, **counts_of(done))
    return done


def run_check(context: JobContext) -> dict[str, Any]:
    """Handle `exchange.check`: the dry run of all rows, or of the first ones."""
    row = _running(context)
    if row is None or row.state != Import.State.DRAFT:
        return {}
    row = with_table(context.actor, row)
    runner = runner_of(context.actor, row)
    place = context.cursor or {"offset": 0, "done": 0, "report": None}
    report, done = Report.of(place["report"]), place["done"]
    limit = min(context.args.get("rows") or row.total or 0, row.total or 0)
    seen = Seen(row, runner, place["offset"])
    assert row.table is not None
    while done < limit and (rows := next(batches(row.table, CHUNK, place["offset"]), None)):
        report.add(try_rows(runner, rows, seen))
        done += len(rows)
        place = {"offset": rows[-1].next_offset, "done": done, "report": report.to_json()}
        context.save_cursor(place, done=done, total=limit)
    seen.forget()
    keep_check(row, report)
    return report.to_json()["counts"]  # type: ignore[no-any-return]


def keep_check(row: Import, report: Report) -> None:
    """Keep the report of a dry run, for the page of the import."""
    row.check_result = report.to_json()
    row.save(update_fields=["check_result"])


def run_undo(context: JobContext) -> dict[str, Any]:
    """Handle `exchange.undo`: chunk by chunk, the last rows first."""
    row = Import.objects.filter(pk=context.args["import"], undo=Import.Undo.RUNNING).first()
    if row is None:
        return {}
    obj = object_of(row)
    while run_unit(lambda: undo_some(context, row, obj)):
        context.check_abort()
    with transaction.atomic():
        row.refresh_from_db()
        row.undo, row.undone_at = Import.Undo.DONE, timezone.now()
        row.save(update_fields=["undo", "undone_at"])
        note(context.actor, row, UNDONE, **row.undo_counts)
        context.save_cursor({}, done=row.succeeded, total=row.succeeded)
    return dict(row.undo_counts)


def run_tidy(context: JobContext) -> dict[str, Any]:
    """Handle `exchange.tidy`."""
    return tidy(context.now)


# --- what jobs and pages share ------------------------------------------------------------------------------
def _running(context: JobContext) -> Import | None:
    return Import.objects.select_related("file", "table").filter(pk=context.args["import"]).first()


def with_table(actor: Actor, row: Import) -> Import:
    """Return the order with its rows in the fixed form, which is made when it is not there yet. Raises BadFile."""
    if row.table is not None:
        return row
    if row.kind == Import.Kind.MASS:
        row.table, row.total = gather(actor, object_of(row), row)
        row.save(update_fields=["table", "total"])
        return row
    if row.file is None:
        raise JobFailed(_("The file of the import is no longer there."))
    with row.file.opened() as content:
        table, total = write_table(actor, content, format_of(row.format))
    row.table, row.total = table, total
    row.save(update_fields=["table", "total"])
    return row


def runner_of(actor: Actor, row: Import) -> Runner:
    """Return what carries the order out, checked against the caller's rights now."""
    obj, now = object_of(row), timezone.now()
    check(actor, obj, row)
    if row.kind == Import.Kind.MASS:
        return Changer(actor, obj, stored_order(row.plan), now)
    return Runner(actor, obj, stored_plan(row.plan), now)


def job_kind(row: Import) -> str:
    """Return the kind of the job that carries out an order."""
    if row.kind == Import.Kind.EXPORT:
        return EXPORT
    return IMPORT if is_import(row) else BULK


def check(actor: Actor, obj: CompiledObject, row: Import) -> None:
    """Raise Forbidden without the rights that an order needs, ValidationFailed where it can't be carried out."""
    if row.kind == Import.Kind.EXPORT:
        exports.Source(actor, obj.name, exports.stored_order(row.plan)).check()
    elif row.kind == Import.Kind.MASS:
        check_order(actor, obj, stored_order(row.plan))
    else:
        check_plan(actor, obj, stored_plan(row.plan))


def object_of(row: Import) -> CompiledObject:
    """Return the object of an import; raises JobFailed when it has been deleted."""
    snapshot = current_snapshot()
    if row.object_id not in snapshot.spec.object_by_id:
        raise JobFailed(_("The object of the import is no longer there."))
    return snapshot.object_by_id(row.object_id)


def counts_of(row: Import) -> dict[str, Any]:
    """Return what became of the rows, together."""
    names = ("total", "created", "updated", "deleted", "skipped", "failed")
    return {name: getattr(row, name) for name in names}


def register() -> None:
    """Register the jobs, and what they tell people; called once from AppConfig.ready()."""
    register_job(IMPORT, run_import, gettext_lazy("Import records"))
    register_job(BULK, run_import, gettext_lazy("Change or delete many records"))
    register_job(EXPORT, exports.run_export, gettext_lazy("Export records"))
    register_job(CHECK, run_check, gettext_lazy("Check an import"))
    register_job(UNDO, run_undo, gettext_lazy("Undo an import"))
    register_kind(exports.READY, gettext_lazy("My exports are ready"))
    register_job(TIDY, run_tidy, gettext_lazy("Remove the files of old imports"))
    register_schedule(TIDY, daily_at=time(4, 10))
