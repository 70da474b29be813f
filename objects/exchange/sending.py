"""Imports as interfaces order them: described first, sent in parts, put together when they start."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.files import services as files
from crm_platform.files import store
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, Forbidden, ValidationFailed
from crm_platform.kit.json import dumps, loads
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from objects.exchange.checking import Report, try_rows
from objects.exchange.guessing import guess
from objects.exchange.job import object_of
from objects.exchange.mass import RIGHTS, Order, check_order, read_filter
from objects.exchange.models import Import, ImportPart
from objects.exchange.plan import DELETE, PENDING, Plan, Target, check_plan, naming_plan, read_plan, stored_plan
from objects.exchange.running import Runner
from objects.exchange.services import allowed_object, locked_draft, take_head
from objects.exchange.sources import Head, read_head
from objects.exchange.tables import HELD_BY, TableRow

WISHES = ("encoding", "delimiter", "sheet")
MAX_PARTS = 1_000
PREVIEW_ROWS = 20


@dataclass(frozen=True)
class Preview:
    """What a file would be read as: its first rows, the guess, what stands against it, what would become of them."""

    head: Head
    columns: tuple[Target | None, ...]
    problems: tuple[FieldError, ...]
    report: Report | None


def preview(actor: Actor, object_name: str, file: IO[bytes], wish: Mapping[str, str]) -> Preview:
    """Return what can be told of a file without keeping it; raises BadFile."""
    obj = allowed_object(actor, object_name)
    head = read_head(file, wish, PREVIEW_ROWS)
    plan = Plan(guess(actor, obj, head.header))
    try:
        check_plan(actor, obj, plan)
    except ValidationFailed as failed:
        return Preview(head, plan.columns, failed.errors, None)
    except Forbidden as refused:
        error = FieldError(None, refused.code, refused.message)
        return Preview(head, plan.columns, (error,), None)
    report = Report()
    rows = [TableRow(number, cells, 0) for number, cells in head.rows]
    report.add(try_rows(Runner(actor, obj, plan, timezone.now()), rows))
    return Preview(head, plan.columns, (), report)


def new_order(actor: Actor, object_name: str, name: str, plan: Mapping[str, Any], wish: Mapping[str, str]) -> Import:
    """Describe work whose file follows; its options are checked now, its columns when the file is there."""
    obj = _deletable(actor, object_name) if plan.get("mode") == DELETE else allowed_object(actor, object_name)
    read_plan({key: value for key, value in plan.items() if key != "columns"}, ())
    return Import.objects.create(
        object_id=obj.spec.id,
        name=name[:255],
        format=dict(wish),
        plan={PENDING: dict(plan)},
        created_by_id=actor.user_id,
        via=actor.via[:10],
    )


def _deletable(actor: Actor, object_name: str) -> CompiledObject:
    AccessPolicy.of(actor).require(object_name, "delete")
    return current_snapshot().object(object_name)


def new_mass_order(actor: Actor, object_name: str, name: str, wanted: Order) -> Import:
    """Describe a change to all records that a filter chooses; raises Forbidden, ValidationFailed.

    The filter may still be in the form of lists, see `mass.read_filter`.
    """
    AccessPolicy.of(actor).require(object_name, RIGHTS[wanted.op])
    obj = current_snapshot().object(object_name)
    order = Order(wanted.op, read_filter(actor, obj, wanted.filter), loads(dumps(dict(wanted.values))))
    check_order(actor, obj, order)
    return Import.objects.create(
        kind=Import.Kind.MASS,
        object_id=obj.spec.id,
        name=name[:255],
        plan=order.to_json(),
        created_by_id=actor.user_id,
        via=actor.via[:10],
    )


def take_part(actor: Actor, import_id: uuid.UUID, number: int, content: IO[bytes], sha256: str = "") -> Import:
    """Keep a part of a file, in place of one that was sent before; raises ValidationFailed for a damaged one."""
    digest, _size = store.digest(content)
    if sha256 and sha256.lower() != digest:
        raise ValidationFailed.single("sha256", "invalid_choice", _("The part did not arrive as it was sent."))
    if not 1 <= number <= MAX_PARTS:
        message = _("Parts are numbered from 1 to %(max)d.")
        raise ValidationFailed.single("part", "out_of_range", message, max=MAX_PARTS)
    with transaction.atomic():
        row = locked_draft(actor, import_id)
        if row.kind != Import.Kind.IMPORT:
            raise ValidationFailed.single("part", "state_conflict", _("This job takes no file."))
        if row.file is not None:
            raise ValidationFailed.single("part", "state_conflict", _("The file is complete already."))
        old = ImportPart.objects.filter(owner=row, number=number).first()
        kept = files.keep_made(actor, content, f"part-{number}", "application/octet-stream", HELD_BY)
        if old is not None:
            files.discard([old.file_id])
        ImportPart.objects.create(owner=row, number=number, file=kept)
    return row


def put_together(actor: Actor, import_id: uuid.UUID) -> Import:
    """Make the file of the parts and the plan of what was ordered, unless that is done; raises ValidationFailed."""
    with transaction.atomic():
        row = locked_draft(actor, import_id)
        if row.kind == Import.Kind.IMPORT and row.file is None:
            _join(actor, row, object_of(row))
    return row


def _join(actor: Actor, row: Import, obj: CompiledObject) -> None:
    parts = list(row.parts.select_related("file").order_by("number"))
    if not parts:
        raise ValidationFailed.single("file", "required", _("Send the file first."))
    if [part.number for part in parts] != list(range(1, len(parts) + 1)):
        raise ValidationFailed.single("file", "required", _("A part of the file is missing."))
    with tempfile.TemporaryFile() as whole:
        for part in parts:
            with part.file.opened() as content:
                for chunk in store.chunks(content):
                    whole.write(chunk)
        head = read_head(whole, {name: row.format.get(name, "") for name in WISHES})
        row.file = files.keep(actor, whole, row.name or "import", held_by=HELD_BY)
    given = row.plan.get(PENDING, {})
    take_head(actor, obj, row, head)
    if given.get("mode") == DELETE:
        plan = naming_plan(head.header, given, stored_plan(row.plan).columns)
    else:
        columns = given.get("columns") or [target and {**target} for target in row.plan["columns"]]
        plan = read_plan({**given, "columns": columns}, head.header)
    check_plan(actor, obj, plan)
    row.plan = plan.to_json()
    row.save()
    files.discard([part.file_id for part in parts])
