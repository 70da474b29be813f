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

from crm_platform.audit.actions import Action, actions
from crm_platform.audit.services import Subject, record_entry
from crm_platform.files import store
from crm_platform.jobs.services import JobContext, JobFailed, register_job, register_schedule
from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.exchange.checking import Report, problem_keys, try_rows
from objects.exchange.models import Import, ImportChunk
from objects.exchange.plan import check_plan, stored_plan
from objects.exchange.running import FAILED, SKIPPED, Entry, Runner
from objects.exchange.sources import format_of
from objects.exchange.tables import TableRow, batches, write_table
from objects.exchange.tidying import tidy
from objects.exchange.undoing import undo_some
from objects.records.unit import run_unit

IMPORT, CHECK, UNDO, TIDY = "exchange.import", "exchange.check", "exchange.undo", "exchange.tidy"
CHUNK = 500  # rows
FINISHED, UNDONE = "import.finished", "import.undone"

actions.register(Action(FINISHED, gettext_lazy("Records imported")))
actions.register(Action(UNDONE, gettext_lazy("Import undone")))


def run_import(context: JobContext) -> dict[str, Any]:
    """Handle `exchange.import`: every chunk ends with its marker and the job's cursor, so none is done twice."""
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
    record_entry(actor, FINISHED, subject_of(done), {"import": str(done.pk), "file": done.name, **counts_of(done)})
    return done


def run_check(context: JobContext) -> dict[str, Any]:
    """Handle `exchange.check`: the dry run of all rows, or of the first ones."""
    row = _running(context)
    if row is None or row.state != Import.State.DRAFT:
        return {}
    row = with_table(context.actor, row)
    runner = runner_of(context.actor, row)
    cursor = context.cursor or {"offset": 0, "done": 0, "report": None}
    report, done = Report.of(cursor["report"]), cursor["done"]
    limit = min(context.args.get("rows") or row.total or 0, row.total or 0)
    assert row.table is not None
    for rows in batches(row.table, CHUNK, cursor["offset"]):
        if done >= limit:
            break
        report.add(try_rows(runner, rows))
        done += len(rows)
        place = {"offset": rows[-1].next_offset, "done": done, "report": report.to_json()}
        context.save_cursor(place, done=done, total=limit)
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
        record_entry(context.actor, UNDONE, subject_of(row), {"import": str(row.pk), **row.undo_counts})
        context.save_cursor({}, done=row.created + row.updated, total=row.created + row.updated)
    return dict(row.undo_counts)


def run_tidy(context: JobContext) -> dict[str, Any]:
    """Handle `exchange.tidy`."""
    return tidy(context.now)


# --- what jobs and pages share ------------------------------------------------------------------------------
def _running(context: JobContext) -> Import | None:
    return Import.objects.select_related("file", "table").filter(pk=context.args["import"]).first()


def with_table(actor: Actor, row: Import) -> Import:
    """Return the import with its rows in the fixed form, made when it is not there yet. Raises BadFile."""
    if row.table is not None:
        return row
    if row.file is None:
        raise JobFailed(_("The file of the import is no longer there."))
    with store.open_content(store.content_key(row.file.sha256)) as content:
        table, total = write_table(actor, content, format_of(row.format))
    row.table, row.total = table, total
    row.save(update_fields=["table", "total"])
    return row


def runner_of(actor: Actor, row: Import) -> Runner:
    """Return what carries the import out, its plan checked against the caller's rights now."""
    obj, plan = object_of(row), stored_plan(row.plan)
    check_plan(actor, obj, plan)
    return Runner(actor, obj, plan, timezone.now())


def object_of(row: Import) -> CompiledObject:
    """Return the object of an import; raises JobFailed when it has been deleted."""
    snapshot = current_snapshot()
    if row.object_id not in snapshot.spec.object_by_id:
        raise JobFailed(_("The object of the import is no longer there."))
    return snapshot.object_by_id(row.object_id)


def subject_of(row: Import) -> Subject:
    spec = current_snapshot().spec.object_by_id.get(row.object_id)
    return Subject(object_name=spec.api_name if spec else "")


def counts_of(row: Import) -> dict[str, Any]:
    """Return what became of the rows, together."""
    names = ("total", "created", "updated", "skipped", "failed")
    return {name: getattr(row, name) for name in names}


def register() -> None:
    """Register the jobs; called once from AppConfig.ready()."""
    register_job(IMPORT, run_import, gettext_lazy("Import records"))
    register_job(CHECK, run_check, gettext_lazy("Check an import"))
    register_job(UNDO, run_undo, gettext_lazy("Undo an import"))
    register_job(TIDY, run_tidy, gettext_lazy("Remove the files of old imports"))
    register_schedule(TIDY, daily_at=time(4, 10))
