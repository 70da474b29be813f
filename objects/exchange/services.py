"""Imports as people and interfaces order them: prepared, tried, started, stopped, gone on with, undone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import IO, Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.files import services as files
from crm_platform.jobs import services as jobs
from crm_platform.jobs.models import Job
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.access.policy import MODIFY_ALL, AccessPolicy
from objects.exchange import exports, mappings, tidying
from objects.exchange.checking import Report, try_rows
from objects.exchange.fields import ID
from objects.exchange.guessing import guess
from objects.exchange.job import CHECK, EXPORT, IMPORT, UNDO, check, job_kind, keep_check, object_of, runner_of
from objects.exchange.models import Import
from objects.exchange.noting import STARTED, note
from objects.exchange.plan import UPDATE, Plan, check_plan, is_import, op_of, stored_plan
from objects.exchange.sources import Head, format_of, read_head, rows_of
from objects.exchange.tables import HELD_BY, TableRow

UNDO_DAYS = 30
AT_ONCE = 100  # rows that a page tries without a job
EXPORTS_AT_ONCE = 5  # of one person


# --- preparing ----------------------------------------------------------------------------------------------
def allowed_object(actor: Actor, object_name: str) -> CompiledObject:
    """Return the object if the caller may import records of it at all; raises NotFound or Forbidden."""
    policy = AccessPolicy.of(actor)
    policy.require(object_name, "import")
    if not (policy.can(object_name, "create") or policy.can(object_name, "edit")):
        raise Forbidden
    return current_snapshot().object(object_name)


def new_import(
    actor: Actor, object_name: str, file: IO[bytes], name: str, wish: Mapping[str, str] | None = None
) -> Import:
    """Keep a file, and prepare its import with what can be guessed. Raises BadFile for what is no table."""
    obj = allowed_object(actor, object_name)
    head = read_head(file, wish)
    with transaction.atomic():
        kept = files.keep(actor, file, name, held_by=HELD_BY)
        row = Import(object_id=obj.spec.id, name=kept.name, file=kept, created_by_id=actor.user_id, via=actor.via[:10])
        take_head(actor, obj, row, head)
        row.save()
    return row


def reread(actor: Actor, import_id: uuid.UUID, wish: Mapping[str, str]) -> Import:
    """Read the file of a draft in another way (encoding, delimiter, sheet), and guess its columns anew."""
    with transaction.atomic():
        row = locked_draft(actor, import_id)
        obj = object_of(row)
        with open_file(row) as content:
            take_head(actor, obj, row, read_head(content, wish))
        row.check_result = None
        row.save()
    return row


def take_head(actor: Actor, obj: CompiledObject, row: Import, head: Head) -> None:
    """Put what was read of a file, and what can be guessed of its columns, into an import."""
    row.format, row.header = head.format.to_json(), head.header
    columns = guess(actor, obj, head.header)
    is_by_id = any(target is not None and target.field == ID for target in columns)
    row.plan = Plan(columns, UPDATE, ID).to_json() if is_by_id else Plan(columns).to_json()


def head_of(row: Import) -> Head:
    """Return the first rows of an import's file."""
    with open_file(row) as content:
        return read_head(content, format_of(row.format).to_json())


def open_file(row: Import) -> Any:
    """Return the upload as an open file; raises NotFound when it has been removed."""
    if row.file is None:
        raise NotFound
    return row.file.opened()


def set_plan(actor: Actor, import_id: uuid.UUID, plan: Plan) -> Import:
    """Keep a plan that can be carried out; raises Forbidden and ValidationFailed."""
    with transaction.atomic():
        row = locked_draft(actor, import_id)
        check_plan(actor, object_of(row), plan)
        row.plan, row.check_result = plan.to_json(), None
        row.save(update_fields=["plan", "check_result"])
    return row


def try_first(actor: Actor, row: Import, count: int = AT_ONCE) -> Report:
    """Return what would become of the first rows, now; nothing stays but the report."""
    runner, report = runner_of(actor, row), Report()
    with open_file(row) as content:
        found: list[TableRow] = []
        for place, (number, cells) in enumerate(rows_of(content, format_of(row.format))):
            if place:
                found.append(TableRow(number, cells, 0))
            if len(found) == count:
                break
    report.add(try_rows(runner, found))
    keep_check(row, report)
    return report


def try_all(actor: Actor, import_id: uuid.UUID, rows: int | None = None) -> Job | None:
    """Try all rows, or the first ones, by a job; of an export the records are only counted."""
    with transaction.atomic():
        row = locked_draft(actor, import_id)
        check(actor, object_of(row), row)
        if row.kind == Import.Kind.EXPORT:
            row.total = exports.Source(actor, object_of(row).name, exports.stored_order(row.plan)).count()
            row.save(update_fields=["total"])
            return None
        args = {"import": str(row.pk), "rows": rows}
        job = jobs.enqueue(CHECK, args, actor=actor, dedupe_key=f"{CHECK}:{row.pk}", label=row.name[:200])
        row.check_job_id, row.check_result = job.pk, None
        row.save(update_fields=["check_job_id", "check_result"])
    return job


# --- running ------------------------------------------------------------------------------------------------
def start(actor: Actor, import_id: uuid.UUID) -> Import:
    """Start what is prepared; the columns of an import are remembered for the next file of the kind."""
    with transaction.atomic():
        row = locked_draft(actor, import_id)
        check(actor, object_of(row), row)
        if row.kind == Import.Kind.EXPORT:
            _refuse_hoard(actor)
        if row.check_job_id and Job.objects.filter(pk=row.check_job_id, state__in=Job.UNFINISHED).exists():
            jobs.abort(actor, row.check_job_id)
        job = jobs.enqueue(
            job_kind(row), {"import": str(row.pk)}, actor=actor, dedupe_key=f"{IMPORT}:{row.pk}", label=row.name[:200]
        )
        row.state, row.job_id, row.started_at = Import.State.RUNNING, job.pk, timezone.now()
        chosen_before = _forget_chosen(row)
        row.save(update_fields=["state", "job_id", "started_at", "table"])
        files.discard(chosen_before)
        _note_start(actor, row)
    return row


def _refuse_hoard(actor: Actor) -> None:
    """Raise StateConflict where the caller has as many exports under way as one person may."""
    under_way = Job.objects.filter(kind=EXPORT, created_by_id=actor.user_id, state__in=Job.UNFINISHED)
    if under_way.count() >= EXPORTS_AT_ONCE:
        raise StateConflict(_("Too many of your exports are under way. Wait for one of them, or stop it."))


def _forget_chosen(row: Import) -> list[uuid.UUID]:
    """Take off the records that a filter chose for a dry run: they are chosen anew. Returns the file to discard."""
    if row.kind != Import.Kind.MASS or row.table_id is None:
        return []
    found, row.table = row.table_id, None
    return [found]


def _note_start(actor: Actor, row: Import) -> None:
    if is_import(row):
        plan = stored_plan(row.plan)
        mappings.remember(actor, object_of(row), row.header, plan)
        note(actor, row, STARTED, **plan.options())
    else:
        values = {"fields": list(row.plan["values"])} if "values" in row.plan else {}
        note(actor, row, STARTED, op=op_of(row), filter=row.plan.get("filter"), **values)


def abort(actor: Actor, import_id: uuid.UUID) -> Import:
    """Stop after the chunk that is being written; what has been imported stays."""
    row = get_import(actor, import_id)
    job = running_job(row)
    if job is None or job.is_finished:
        raise StateConflict(_("The import is not running."))
    jobs.abort(actor, job.pk)
    return row


def resume(actor: Actor, import_id: uuid.UUID) -> Import:
    """Go on with an import, or with undoing one, that was stopped or failed."""
    row = get_import(actor, import_id)
    job = running_job(row)
    if job is None or job.state not in (Job.State.FAILED, Job.State.ABORTED):
        raise StateConflict(_("The import was not stopped."))
    jobs.retry(actor, job.pk)
    return row


def undo(actor: Actor, import_id: uuid.UUID) -> Import:
    """Put what was created into the trash, take what was deleted out of it, give what was changed its values back."""
    with transaction.atomic():
        get_import(actor, import_id)
        row = Import.objects.select_for_update(of=("self",)).get(pk=import_id)
        if not can_undo(row, timezone.now()):
            raise StateConflict(_("The import can't be undone: it is running, undone already, or too long ago."))
        args = {"import": str(row.pk)}
        job = jobs.enqueue(UNDO, args, actor=actor, dedupe_key=f"{UNDO}:{row.pk}", label=row.name[:200])
        row.undo, row.undo_job_id = Import.Undo.RUNNING, job.pk
        row.save(update_fields=["undo", "undo_job_id"])
    return row


def can_undo(row: Import, now: datetime) -> bool:
    """Tell whether an import can still be undone: it has ended, if only by being stopped, within the last days."""
    job = Job.objects.filter(pk=row.job_id).only("state").first() if row.job_id else None
    has_ended = row.state == Import.State.DONE or (
        row.state == Import.State.RUNNING and (job is None or job.is_finished)
    )
    is_recent = row.started_at is not None and row.started_at > now - timedelta(days=UNDO_DAYS)
    return has_ended and is_recent and not row.undo and row.succeeded > row.exported


def remove(actor: Actor, import_id: uuid.UUID) -> None:
    """Forget an import that is not running, with its files; its records stay."""
    row = get_import(actor, import_id)
    job = running_job(row)
    if job is not None and not job.is_finished:
        raise StateConflict(_("The import is running."))
    tidying.remove(row)


# --- reading ------------------------------------------------------------------------------------------------
def visible_imports(actor: Actor) -> QuerySet[Import]:
    """Return the orders that the caller may look at: his own, all but exports for who may change everything."""
    rows = Import.objects.select_related("file", "table", "created_by").order_by("-created_at", "-id")
    own = Q(created_by=actor.user_id)
    return rows.filter(own | ~Q(kind=Import.Kind.EXPORT) if actor.has_function(MODIFY_ALL) else own)


def get_import(actor: Actor, import_id: uuid.UUID) -> Import:
    """Return an import; raises NotFound."""
    row = visible_imports(actor).filter(pk=import_id).first()
    spec = current_snapshot().spec.object_by_id.get(row.object_id) if row else None
    if row is None or spec is None or not AccessPolicy.of(actor).can(spec.api_name, "read"):
        raise NotFound
    return row


def running_job(row: Import) -> Job | None:
    """Return the job that works on an import, or did last: undoing goes before importing, and that before trying."""
    wanted = row.undo_job_id or row.job_id or row.check_job_id
    return Job.objects.filter(pk=wanted).first() if wanted else None


def locked_draft(actor: Actor, import_id: uuid.UUID) -> Import:
    """Return an import that is still being prepared, locked; raises NotFound and StateConflict."""
    get_import(actor, import_id)
    row = Import.objects.select_for_update(of=("self",)).select_related("file", "table").get(pk=import_id)
    if row.state != Import.State.DRAFT:
        raise StateConflict(_("The import has been started already."))
    return row
