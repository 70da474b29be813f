"""Jobs on many records as callers describe them, and as they are told how those stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.jobs.models import Job
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from metadata.compiler.current import current_snapshot
from objects.exchange import exports, sending, status
from objects.exchange.checking import Report
from objects.exchange.mass import RIGHTS, read_filter
from objects.exchange.mass import Order as MassOrder
from objects.exchange.models import Import
from objects.exchange.plan import EXPORT, MASS_TRANSFER, OPS, PENDING, op_of, stored_plan
from objects.exchange.tidying import EXPORT_DAYS
from objects.query.query import RecordQuery
from openapi.scopes import require_scope
from openapi.v1.reading import are_strings, is_storable, refuse_unknown

DELETE, DELETE_SCOPE = "delete", "records:delete"
PLAN_MEMBERS = ("columns", "key", "duplicates", "blanks", "pool_id")
COMMON = ("object", "op", "name")


def new_order(actor: Actor, given: Mapping[str, Any]) -> Import:
    """Describe the job that the members of a request name; raises ValidationFailed, Forbidden, NotFound."""
    op = given.get("op")
    if not isinstance(op, str) or op not in (*OPS, *RIGHTS, EXPORT):
        message = _("Choose insert, update, upsert, delete, mass_update, mass_transfer or export.")
        raise ValidationFailed.single("op", "invalid_choice", message)
    if not is_storable(dict(given)):
        raise ValidationFailed.single(None, "invalid_type", _("The text holds a character that can't be stored."))
    if op in OPS:
        return _with_file(actor, given, op)
    return _export(actor, given) if op == EXPORT else _mass(actor, given, op)


def _with_file(actor: Actor, given: Mapping[str, Any], op: str) -> Import:
    refuse_unknown(given, {*COMMON, *PLAN_MEMBERS, *sending.WISHES})
    require_scope_for(actor, op)
    plan = {name: given[name] for name in PLAN_MEMBERS if name in given}
    wish = {name: str(given[name]) for name in sending.WISHES if given.get(name)}
    return sending.new_order(actor, _text(given, "object"), _text(given, "name"), {**plan, "mode": OPS[op]}, wish)


def _mass(actor: Actor, given: Mapping[str, Any], op: str) -> Import:
    what = "owner_id" if op == MASS_TRANSFER else "values"
    refuse_unknown(given, {*COMMON, "filter", what})
    missing = [name for name in ("filter", what) if name not in given]
    if missing:
        raise ValidationFailed([FieldError(name, "required", _("This member is required.")) for name in missing])
    values = {"owner_id": given["owner_id"]} if op == MASS_TRANSFER else given["values"]
    if not isinstance(values, dict):
        raise ValidationFailed.single("values", "invalid_type", _("Send a JSON object."))
    order = MassOrder(op, given["filter"], values)
    return sending.new_mass_order(actor, _text(given, "object"), _text(given, "name"), order)


def _export(actor: Actor, given: Mapping[str, Any]) -> Import:
    refuse_unknown(given, {*COMMON, "filter", "sort", "fields", "format"})
    for name in ("sort", "fields"):
        if not are_strings(given.get(name, [])):
            raise ValidationFailed.single(name, "invalid_type", _("Send an array of texts."))
    name = _text(given, "object")
    obj = RecordQuery(actor, name, action="export").object
    tree = read_filter(actor, obj, given.get("filter"))
    kind = given.get("format", exports.CSV)
    order = exports.Order(tree, tuple(given.get("sort", ())), tuple(given.get("fields", ())), str(kind))
    return exports.new_export(actor, name, _text(given, "name"), order)


def require_scope_for(actor: Actor, op: str) -> None:
    """Raise InsufficientScope where a key may write records but not delete them."""
    if op == DELETE:
        require_scope(actor, DELETE_SCOPE)


def _text(given: Mapping[str, Any], name: str) -> str:
    return str(given.get(name) or "")


def told(row: Import, job: Job | None) -> dict[str, Any]:
    """Return a job in the form of the API."""
    plan = row.plan.get(PENDING) or stored_plan(row.plan).options()
    state = status.state_of(row, job)
    is_uploading = state == status.DRAFT and row.file_id is None and row.parts.exists()
    columns = zip(row.header, stored_plan(row.plan).columns, strict=False) if row.header else ()
    now = timezone.now()
    rate, seconds = status.rows_per_second(job, now), status.seconds_left(job, now)
    return {
        "id": str(row.pk),
        "object": current_snapshot().spec.object_by_id[row.object_id].api_name,
        "op": op_of(row),
        "state": "uploading" if is_uploading else state,
        "name": row.name,
        "columns": {header: target and target.field for header, target in columns},
        "key": plan.get("key") or None,
        "duplicates": plan.get("duplicates") or "skip",
        "blanks": plan.get("blanks") or "ignore",
        "pool_id": plan.get("pool_id"),
        **{name: row.plan.get(name) for name in ("filter", "values", "sort", "fields", "format")},
        "sha256": row.file.sha256 if row.file else None,
        "total": row.total,
        "processed": row.processed,
        "succeeded": row.succeeded,
        "created": row.created,
        "updated": row.updated,
        "deleted": row.deleted,
        "exported": row.exported,
        "skipped": row.skipped,
        "failed": row.failed,
        "problems": row.problems,
        "rate": None if rate is None else round(rate, 1),
        "eta_seconds": None if seconds is None else round(seconds),
        "error": job.error if job is not None and job.error else None,
        "check": Report.of(row.check_result).to_json() if row.check_result else None,
        "revert": {"state": row.undo or None, "counts": row.undo_counts},
        "created_by_id": str(row.created_by_id) if row.created_by_id else None,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "expires_at": _expires_at(row),
    }


def _expires_at(row: Import) -> datetime | None:
    """Return until when the file of an export can be had; None while there is none."""
    is_there = row.kind == Import.Kind.EXPORT and row.file is not None and row.finished_at is not None
    return row.finished_at + timedelta(days=EXPORT_DAYS) if is_there and row.finished_at else None
