"""The worker is killed in the middle of an import: nothing is lost, nothing comes twice, the bad rows are told."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from typing import Any

import pytest

from crm_platform.jobs.models import Job, Schedule
from crm_platform.kit.context import system_actor
from crm_platform.tenancy.models import WakeUp
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.services.batch import SchemaChange, apply_changes
from objects.exchange import results, services
from objects.exchange.job import object_of
from objects.exchange.models import Import, ImportChunk
from objects.exchange.plan import read_plan
from objects.history.models import RecordChange
from tests.benchmarks import data
from tests.chaos.harness import FULL, RECOVERY, Stand, stand
from tests.kit.work import eventually
from tests.objects.duplicates.book import OBJECTS, phone_rule

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]

ROWS, KILLS = (100_000, 20) if FULL else (3_000, 2)
START_UP = 60  # seconds in which a worker is up, on a busy machine
HEADER = ["name", "company", "mobile"]


def is_bad(number: int) -> bool:
    return number % 100 in (7, 42, 99)  # 3 %


def content() -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for number in range(ROWS):
        mobile = "no phone" if is_bad(number) else f"+861{3_000_000_000 + number * 3:010d}"
        writer.writerow([f"N{number}", f"C{number}", mobile])
    return text.getvalue().encode()


@pytest.fixture
def site(fresh_organization: Any, settings: Any) -> Iterator[Stand]:
    """An organisation with prospects that must not be there twice, a broker, no worker yet."""
    apply_changes(system_actor(), SchemaChange(objects=OBJECTS), summary="Book")
    phone_rule("block")
    Schedule.objects.all().delete()
    Job.objects.all().delete()
    WakeUp.objects.all().delete()
    with stand() as made:
        options = {"location": str(made.files), "allow_overwrite": True}
        kept = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "files": kept}
        yield made


def started() -> Import:
    with pinned_snapshot():
        actor = data.actor("admin")
        row = services.new_import(actor, "prospect", io.BytesIO(content()), "kill.csv")
        services.set_plan(actor, row.pk, read_plan({"columns": HEADER}, row.header))
        return services.start(actor, row.pk)


def test_a_killed_import_goes_on_and_every_row_counts_once(site: Stand) -> None:
    row = started()

    def done() -> int:
        return Job.objects.values_list("done", flat=True).get(pk=row.job_id)

    def wait_beyond(number: int, seconds: float) -> None:
        eventually(lambda: done() > number, seconds=seconds)

    site.beat()
    reached, worst = 0, 0.0
    for kill in range(KILLS):
        worker, since = site.worker(), time.monotonic()
        wait_beyond(reached, RECOVERY + START_UP)
        worst = max(worst, time.monotonic() - since) if kill else worst
        wait_beyond(ROWS * (kill + 1) // (KILLS + 1) - 1, 600)
        worker.kill9()
        reached = done()
        assert reached < ROWS, "the worker was too quick to be killed"
    killed = time.monotonic()
    site.worker()
    wait_beyond(reached, RECOVERY + START_UP)
    worst = max(worst, time.monotonic() - killed)
    eventually(lambda: Import.objects.get(pk=row.pk).state == Import.State.DONE, seconds=600)
    assert worst <= RECOVERY
    check(Import.objects.get(pk=row.pk))


def check(row: Import) -> None:
    """Every good row is one record with one line of history; the file of failed rows holds exactly the others."""
    bad = {f"N{number}" for number in range(ROWS) if is_bad(number)}
    assert (row.created, row.failed, row.skipped, row.updated) == (ROWS - len(bad), len(bad), 0, 0)
    with pinned_snapshot():
        obj = current_snapshot().object("prospect")
        names = [record.value("name") for record in obj.model._base_manager.all().iterator()]
        assert len(names) == len(set(names)) == row.created and bad.isdisjoint(names)
        text = "".join(results.result_file(row, object_of(row), "failed", "en")).removeprefix(results.BOM)
    lines = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [line[0] for line in lines] == sorted(bad, key=lambda name: int(name[1:]))
    numbers = [item[0] for chunk in ImportChunk.objects.filter(owner=row).order_by("number") for item in chunk.rows]
    assert numbers == list(range(2, ROWS + 2))
    assert RecordChange.objects.filter(object_id=obj.spec.id, action="created").count() == row.created
