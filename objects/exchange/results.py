"""The files of an import's results, streamed: what became of which row, in the form in which it can be sent again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from metadata.compiler.compiled import CompiledObject
from objects.exchange.mass import HEADER
from objects.exchange.models import Import, ImportChunk
from objects.exchange.plan import DELETE
from objects.exchange.running import CREATED, DELETED, FAILED, SKIPPED, UPDATED
from objects.exchange.sources import format_of, rows_of
from objects.exchange.tables import TableRow, csv_line, read_table

SUCCESSFUL, BAD, UNPROCESSED = "successful", "failed", "unprocessed"
OUTCOMES: Mapping[str, frozenset[str]] = {
    SUCCESSFUL: frozenset({CREATED, UPDATED, DELETED}),
    BAD: frozenset({FAILED, SKIPPED}),
    UNPROCESSED: frozenset(),
}
BOM = "\ufeff"  # by which Excel knows UTF-8
Outcome = list[Any]  # of a row; see `ImportChunk.rows`


def result_file(row: Import, obj: CompiledObject, which: str, language: str) -> Iterator[str]:
    """Return the rows of a file as text: the original columns, then the row's number and what became of it."""
    header = header_of(row)
    yield BOM + csv_line([*header, *_extra_header(which)])
    wanted = OUTCOMES[which]
    width = len(header)
    for source, outcome in _joined(row):
        if outcome is None:
            if which == UNPROCESSED:
                yield csv_line([*_fitted(source.cells, width), str(source.number)])
        elif outcome[1] in wanted:
            yield csv_line([*_fitted(source.cells, width), str(source.number), *_told(obj, outcome, language)])


def result_rows(row: Import, which: str) -> Iterator[dict[str, Any]]:
    """Return the same rows as objects, for programs."""
    wanted, header = OUTCOMES[which], header_of(row)
    for source, outcome in _joined(row):
        cells = dict(zip(header, source.cells, strict=False))
        if outcome is None:
            if which == UNPROCESSED:
                yield {"row": source.number, "cells": cells}
        elif outcome[1] in wanted:
            yield {"row": source.number, "outcome": outcome[1], "id": outcome[2], "errors": outcome[5], "cells": cells}


def header_of(row: Import) -> list[str]:
    """Return what the columns of the rows are called: as in the file, IDs where a filter has chosen records."""
    return HEADER if row.kind == Import.Kind.MASS else row.header


def _extra_header(which: str) -> list[str]:
    told = {SUCCESSFUL: [_("Result"), _("Record ID")], BAD: [_("Result"), _("Error code"), _("Reason")]}
    names = told.get(which, [])
    return [_("Row in the file"), *names]


def _joined(row: Import) -> Iterator[tuple[TableRow, Outcome | None]]:
    """Return every row of the file with what became of it, None where nothing has yet."""
    outcomes = _outcomes(row)
    following = next(outcomes, None)
    for source in _sources(row):
        if following is not None and following[0] == source.number:
            yield source, following
            following = next(outcomes, None)
        else:
            yield source, None


def _sources(row: Import) -> Iterator[TableRow]:
    """Return the rows below the header: in the fixed form, or as they were sent where no job has read them yet."""
    if row.table is not None:
        yield from read_table(row.table)
    elif row.file is not None:
        with row.file.opened() as content:
            rows = rows_of(content, format_of(row.format))
            yield from (TableRow(number, cells, 0) for number, cells in islice(rows, 1, None))


def _outcomes(row: Import) -> Iterator[Outcome]:
    for chunk in ImportChunk.objects.filter(owner=row).order_by("number").iterator(chunk_size=5):
        yield from chunk.rows


def _fitted(cells: list[str], width: int) -> list[str]:
    return [*cells[:width], *[""] * (width - len(cells))]


def _told(obj: CompiledObject, outcome: Outcome, language: str) -> list[str]:
    _number, result, record_id, _version, _before, errors = outcome
    done = {CREATED: _("Created"), UPDATED: _("Updated"), DELETED: _("In the trash")}
    if result in done:
        return [done[result], record_id or ""]
    label = {SKIPPED: _("Left out"), FAILED: _("Failed")}[result]
    codes = dict.fromkeys(error["code"] for error in errors)
    return [label, " ".join(codes), " ".join(error_text(obj, error, language) for error in errors)]


def error_text(obj: CompiledObject, error: Mapping[str, Any], language: str) -> str:
    """Return what is wrong with a row in one sentence, led by the field's label."""
    compiled = obj.fields.get(error["field"] or "")
    return f"{compiled.spec.label.text(language)}: {error['message']}" if compiled else str(error["message"])


def undo_file(row: Import) -> Iterator[str]:
    """Return what became of each record when the import was undone."""
    yield BOM + csv_line([_("Row in the file"), _("Record ID"), _("Result"), _("Reason")])
    is_deletion = row.plan.get("mode") == DELETE
    labels = {
        "deleted": _("In the trash"),
        "restored": _("Taken out of the trash") if is_deletion else _("Values restored"),
        "unchanged": _("Nothing to restore"),
        "kept": _("Left as it is"),
    }
    for chunk in ImportChunk.objects.filter(owner=row, undone__isnull=False).order_by("number").iterator(chunk_size=5):
        for number, result, record_id, reason in reversed(chunk.undone or []):
            yield csv_line([str(number), record_id, str(labels[result]), reason])


def gathered(lines: Iterator[str], size: int = 64 * 1024) -> Iterator[str]:
    """Return the same text in larger pieces."""
    pieces: list[str] = []
    length = 0
    for line in lines:
        pieces.append(line)
        length += len(line)
        if length >= size:
            yield "".join(pieces)
            pieces, length = [], 0
    if pieces:
        yield "".join(pieces)
