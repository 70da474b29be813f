"""What an import costs beside COPY of the same file: with validation, exact duplicate rules and history on.

COPY fills a bare table of text; the import reads, checks, compares, writes, and remembers every row. The organisation
is dropped afterwards.
"""

from __future__ import annotations

import csv
import io
import time
from dataclasses import dataclass

from django.db import connection

from crm_platform.jobs.drain import settle
from crm_platform.jobs.runner import run_claimed
from crm_platform.kit.context import Actor, system_actor
from metadata import services as metadata_services
from metadata.rule_inputs import ValidationRuleInput
from metadata.services.batch import SchemaChange, apply_changes
from objects.exchange import services
from objects.exchange.models import Import
from objects.exchange.plan import read_plan
from tests.benchmarks.report import Target
from tests.objects.duplicates.book import OBJECTS, phone_rule

HEADER = ("name", "company", "mobile", "email", "website")
WANTED = 3_000  # rows in a second


@dataclass(frozen=True)
class Speed:
    """Rows in a second, of an import and of COPY."""

    imported: float
    copied: float


def build() -> None:
    """Make the object with its rules."""
    apply_changes(system_actor(), SchemaChange(objects=OBJECTS), summary="Imports")
    phone_rule("block")
    given = ValidationRuleInput(
        "named__c", "Named", "LEN(name) < 2", "A name has two letters.", events=("create", "edit", "import")
    )
    metadata_services.create_validation_rule(system_actor(), "prospect", given)


def content(rows: int, first: int = 0) -> bytes:
    """Return a file of prospects that are all different."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for number in range(first, first + rows):
        mobile = f"1{3_000_000_000 + number * 7:010d}"
        writer.writerow([f"线索 {number}", f"公司 {number % 5000}", mobile, f"p{number}@example.com", ""])
    return text.getvalue().encode()


def measure(actor: Actor, rows: int) -> Speed:
    """Return how fast a file of so many rows is imported and copied."""
    data = content(rows)
    row = services.new_import(actor, "prospect", io.BytesIO(data), "bench.csv")
    services.set_plan(actor, row.pk, read_plan({"columns": dict(zip(HEADER, HEADER, strict=True))}, row.header))
    row = services.start(actor, row.pk)
    took = _run(row)
    row.refresh_from_db()
    assert (row.state, row.created) == (Import.State.DONE, rows), (
        row.state,
        row.failed,
        row.skipped,
        row.problems,
        services.running_job(row).error,
    )
    return Speed(rows / took, rows / _copy(data))


def _run(row: Import) -> float:
    """Return the seconds that the import's job takes; what else is queued is run before it."""
    while True:
        claim, _due_in = settle()
        assert claim is not None, "the import's job is not there"
        started = time.perf_counter()
        run_claimed(claim, seconds=3_600)
        if claim.job_id == row.job_id:
            return time.perf_counter() - started


def _copy(data: bytes) -> float:
    """Return the seconds of COPY into a table that has nothing but the columns."""
    columns = ", ".join(f"{name} text" for name in HEADER)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bench_copy ({columns})")
        started = time.perf_counter()
        cursor.copy_expert("COPY bench_copy FROM STDIN (FORMAT csv, HEADER)", io.BytesIO(data))
        took = time.perf_counter() - started
        cursor.execute("DROP TABLE bench_copy")
    return took


def targets(speed: Speed) -> list[Target]:
    return [
        Target("import with rules and history", speed.imported, WANTED, more_is_better=True, unit=" rows/s"),
        Target("COPY of the same file × import", speed.copied / speed.imported, 1_000),
    ]
