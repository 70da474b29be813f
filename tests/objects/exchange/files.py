"""Files to import, made in memory, and imports of them carried out on the spot."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

from crm_platform.kit.context import Actor
from objects.exchange import results, services
from objects.exchange.job import object_of
from objects.exchange.models import Import
from objects.exchange.plan import read_plan
from tests.kit.work import run_queued_jobs

Table = Sequence[Sequence[Any]]


def csv_bytes(rows: Table, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_bytes(rows: Table, formats: dict[str, str] | None = None) -> bytes:
    """Return a workbook; `formats` are number formats by cell, such as `{"B2": "0%"}`."""
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    for cell, number_format in (formats or {}).items():
        book.active[cell].number_format = number_format
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def prepared(actor: Actor, object_name: str, content: bytes | Table, name: str = "rows.csv", **plan: Any) -> Import:
    """Upload a file and set its plan: the guessed columns unless `columns` says otherwise."""
    data = content if isinstance(content, bytes) else csv_bytes(content)
    row = services.new_import(actor, object_name, io.BytesIO(data), name)
    plan.setdefault("columns", row.plan["columns"])
    return services.set_plan(actor, row.pk, read_plan(plan, row.header))


def imported(actor: Actor, object_name: str, content: bytes | Table, name: str = "rows.csv", **plan: Any) -> Import:
    """Import a file, and return the import when it is over."""
    row = prepared(actor, object_name, content, name, **plan)
    services.start(actor, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert row.state == Import.State.DONE, services.running_job(row).error
    return row


def counts(row: Import) -> tuple[int, int, int, int]:
    return row.created, row.updated, row.skipped, row.failed


def result(row: Import, which: str = "failed", language: str = "en") -> list[list[str]]:
    """Return the cells of a result file, with its header."""
    row.refresh_from_db()
    text = "".join(results.result_file(row, object_of(row), which, language))
    return list(csv.reader(io.StringIO(text.removeprefix(results.BOM), newline="")))
