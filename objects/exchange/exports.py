"""Exports of any size, by jobs: written part by part, put together, kept some days for who ordered them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import IO, Any

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from crm_platform.files import services as files
from crm_platform.files import store
from crm_platform.files.models import StoredFile
from crm_platform.jobs.services import JobContext, JobFailed
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from crm_platform.kit.json import dumps
from crm_platform.notifications.services import notify
from metadata.compiler.current import current_snapshot
from objects.display.cells import Column, columns
from objects.display.desk import RecordDesk, plural_label
from objects.exchange import exporting
from objects.exchange.exporting import CSV, XLSX
from objects.exchange.models import Import, ImportPart
from objects.exchange.plan import EXPORT
from objects.exchange.tables import HELD_BY
from objects.query.conditions import from_json, to_json
from objects.query.query import RecordQuery
from objects.records.unit import run_unit

NDJSON = "ndjson"
MEDIA_TYPES = {**exporting.MEDIA_TYPES, NDJSON: "application/x-ndjson"}
SHEET_ROWS = 1_048_575  # that Excel has below a header
PART_PAGES = 20  # of a query, the largest
READY = "exports.ready"  # kind of notification
TITLE = gettext_noop("Your export of %(objects)s is ready: %(count)s records")


@dataclass(frozen=True, slots=True)
class Order:
    """Which records, in which order, which of their fields, and in which kind of file."""

    filter: Any
    sort: tuple[str, ...]
    fields: tuple[str, ...]
    format: str

    def to_json(self) -> dict[str, Any]:
        plain = {"filter": self.filter, "sort": list(self.sort), "fields": list(self.fields), "format": self.format}
        return {"op": EXPORT, **plain}


def stored_order(stored: Mapping[str, Any]) -> Order:
    """Return an order as it was kept."""
    return Order(stored["filter"], tuple(stored["sort"]), tuple(stored["fields"]), stored["format"])


def order_of(query: RecordQuery, shown: Sequence[Column], kind: str) -> Order:
    """Return the order that exports what a list shows; its query must not be one for records by their IDs."""
    assert query.wish.ids is None, "records that were found by words are few"
    sort = tuple(f"-{key.path}" if key.descending else key.path for key in query.wish.order)
    return Order(to_json(query.wish.tree), sort, tuple(column.path for column in shown), kind)


def new_export(actor: Actor, object_name: str, name: str, order: Order) -> Import:
    """Describe an export; raises NotFound, Forbidden, ValidationFailed."""
    source = Source(actor, object_name, order)
    source.check()
    source.count()
    return Import.objects.create(
        kind=Import.Kind.EXPORT,
        object_id=source.desk.obj.spec.id,
        name=name[:255],
        plan=replace(order, fields=source.paths).to_json(),
        created_by_id=actor.user_id,
        via=actor.via[:10],
    )


def export_file(actor: Actor, row: Import) -> StoredFile:
    """Return the file of an export that is ready; raises NotFound, Forbidden where it may not be taken any more."""
    spec = current_snapshot().spec.object_by_id[row.object_id]
    RecordQuery(actor, spec.api_name, action="export")
    if row.file is None:
        raise NotFound
    return row.file


class Source:
    """The records of one order as one caller may take them with him now."""

    def __init__(self, actor: Actor, object_name: str, order: Order) -> None:
        self.actor, self.order = actor, order
        self.desk = RecordDesk(actor, object_name, "export")
        query = RecordQuery(actor, object_name, action="export").where(from_json(order.filter))
        self.query = query.order(*order.sort) if order.sort else query
        visible = self.desk.policy.visible_fields(self.desk.obj)
        self.paths = order.fields or tuple(field.name for field in visible)
        self.columns = columns(self.desk, self.paths)

    def check(self) -> None:
        """Raise ValidationFailed for fields and an order that do not exist for the caller, and for unknown formats."""
        known = {column.path for column in self.columns}
        for path in self.paths:
            if path not in known:
                message = _("Unknown field: %(path)s") % {"path": path[:80]}
                raise ValidationFailed.single("fields", "unknown_field", message)
        if self.order.format not in MEDIA_TYPES:
            raise ValidationFailed.single("format", "invalid_choice", _("Choose csv, xlsx or ndjson."))
        self.query.fields(*self.paths).page(1)  # the filter and the order are read here

    def count(self) -> int:
        """Return how many records there are; raises ValidationFailed for more than the format holds."""
        count = self.query.count("exact").value
        if self.order.format == XLSX and count > SHEET_ROWS:
            message = _("A workbook holds at most %(max)d records; there are %(count)d. Choose a text file.")
            raise ValidationFailed.single("format", "payload_too_large", message % {"max": SHEET_ROWS, "count": count})
        return count

    def pages(self, cursor: str | None) -> Iterator[tuple[list[bytes], str | None]]:
        """Yield the lines of the records from a place on, page by page, with the place after them, None at the end."""
        if self.order.format == NDJSON:
            for page in self.query.fields("id", *self.paths).pages(cursor):
                yield [dumps(row) + b"\n" for row in page.dicts()], page.next_cursor
            return
        line = exporting.csv_cells if self.order.format == CSV else exporting.kept_cells
        for rows, place in exporting.cell_pages(self.desk, self.query, self.columns, cursor):
            yield [line(cells) for cells in rows], place


# --- the job ------------------------------------------------------------------------------------------------
def run_export(context: JobContext) -> dict[str, Any]:
    """Handle `exchange.export`: each part is kept together with the place after it, so that none is written twice."""
    row = Import.objects.filter(pk=context.args["import"], state=Import.State.RUNNING).first()
    spec = current_snapshot().spec.object_by_id.get(row.object_id) if row else None
    if row is None:
        return {}
    if spec is None:
        raise JobFailed(_("The object of the export is no longer there."))
    source = Source(context.actor, spec.api_name, stored_order(row.plan))
    source.check()  # anew in every turn: parts must not differ in their columns
    place = context.cursor or {"after": None, "part": 0, "done": 0, "total": source.count(), "is_over": False}
    while not place["is_over"]:
        place = run_unit(partial(_write_part, context, row, source, place))
        context.check_abort()
    with tempfile.TemporaryFile() as whole:
        _put_together(whole, source, row)
        with transaction.atomic():
            done = _finish(context, row, source, whole)
            context.save_cursor(place, done=done.exported, total=done.exported)
    return {"exported": done.exported}


def _write_part(context: JobContext, row: Import, source: Source, place: dict[str, Any]) -> dict[str, Any]:
    """Keep the next records as a part, in the caller's transaction; returns the place after them."""
    count, after = 0, None
    with tempfile.TemporaryFile() as made:
        for lines, after in islice(source.pages(place["after"]), PART_PAGES):  # noqa: B007 (the last one counts)
            made.writelines(lines)
            count += len(lines)
        part = files.keep_made(context.actor, made, f"part-{place['part']}", "application/octet-stream", HELD_BY)
    ImportPart.objects.create(owner=row, number=place["part"], file=part)
    Import.objects.filter(pk=row.pk).update(exported=F("exported") + count, total=place["total"])
    so_far = {"part": place["part"] + 1, "done": place["done"] + count}
    reached = {**place, **so_far, "after": after, "is_over": after is None}
    context.save_cursor(reached, done=reached["done"], total=place["total"])
    return reached


def _finish(context: JobContext, row: Import, source: Source, whole: IO[bytes]) -> Import:
    """Keep the file, note who has the records now, and tell him; in the caller's transaction."""
    done = Import.objects.select_for_update(of=("self",)).get(pk=row.pk)
    name = f"{source.desk.plural} {timezone.localtime(timezone=context.actor.zone).date()}.{source.order.format}"
    media_type = MEDIA_TYPES[source.order.format]
    done.file = files.keep_made(context.actor, whole, name, media_type, HELD_BY)
    done.state, done.finished_at, done.total = Import.State.DONE, timezone.now(), done.exported
    done.save(update_fields=["file", "state", "finished_at", "total"])
    files.discard(ImportPart.objects.filter(owner=row).values_list("file_id", flat=True))
    exporting.note(context.actor, source.desk.name, done.exported, source.paths, source.order.format)
    objects = dict(plural_label(source.desk.obj.spec))
    if row.created_by_id is not None:
        told = {"objects": objects, "count": done.exported}
        notify([row.created_by_id], READY, title=TITLE, data=told, url=reverse("exports"), dedupe_key=str(row.pk))
    return done


def _put_together(whole: IO[bytes], source: Source, row: Import) -> None:
    parts = partial(_parts, row)
    if source.order.format != XLSX:
        if source.order.format == CSV:
            whole.write(exporting.csv_header(source.columns))
        for content in parts():
            for chunk in store.chunks(content):
                whole.write(chunk)
    else:
        if row_count(row) > SHEET_ROWS:
            raise JobFailed(_("There are more records by now than a workbook holds."))
        exporting.write_workbook(whole, source.columns, _kept_rows(parts))
    whole.seek(0)


def row_count(row: Import) -> int:
    """Return how many records have been written so far."""
    return Import.objects.values_list("exported", flat=True).get(pk=row.pk)


def _parts(row: Import) -> Iterator[Any]:
    for part in ImportPart.objects.filter(owner=row).select_related("file").order_by("number"):
        with part.file.opened() as content:
            yield content


def _kept_rows(parts: Callable[[], Iterator[Any]]) -> Iterator[list[Any]]:
    for content in parts():
        for line in content.file:
            yield exporting.cells_kept(line)
