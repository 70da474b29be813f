"""Recycling in volume: one run takes a tenth of all leads back. How fast, and does it stay as small as it began?

Everything is as in production: history, outbox, movements with their evidence, counted holdings, notices.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from crm_platform.events.clock import database_now
from crm_platform.identity.models import User
from crm_platform.jobs.drain import settle
from crm_platform.jobs.models import Job
from crm_platform.jobs.runner import run_claimed
from crm_platform.kit.context import system_actor
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.models import BusinessObject
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.demo.volume import seed_records
from tests.benchmarks import data, report
from tests.kit import make
from tests.objects.duplicates.working import run_jobs
from workflows.pools.models import Pool, PoolMovement, RecycleRule
from workflows.pools.recycling.finding import due_places, places_sql
from workflows.pools.recycling.predicate import due_plan
from workflows.pools.recycling.running import order
from workflows.pools.recycling.taking import CHUNK

DAYS = 30
OWNERS = 40
PART = 10  # one lead of so many is due
SLICE = 10_000  # seconds that the job may have in one go


@dataclass(frozen=True)
class Figures:
    """What a run has taken back, in which time, and by how much the process has grown between its quarters."""

    taken: int
    seconds: float
    look_seconds: float  # for the first look over everything that is held
    grown_kib: int

    @property
    def per_second(self) -> float:
        return self.taken / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.taken} leads returned in {self.seconds:.1f} s ({self.per_second:.0f}/s);"
            f" first look {self.look_seconds:.2f} s; memory grew by {self.grown_kib} KiB after the first quarter"
        )


def measure(rows: int, tell: Callable[[str], None] = print) -> Figures:
    """Take a tenth of `rows` leads back in one run, in an organisation that is dropped afterwards."""
    with make.organization():
        return measure_here(rows, tell)


def measure_here(rows: int, tell: Callable[[str], None]) -> Figures:
    """Do that in the present organisation, which has nothing yet."""
    with pinned_snapshot():
        apply(system_actor("bench"), load_package(CRM_PACKAGE))
        run_jobs()  # what the package has ordered is not what is measured
        people()
        seed_records(system_actor("seed"), "lead", rows, timezone.now())
        pool = furnish()
        tell(explain(pool))
        found = take_back(pool)
        tell(f"  {found}")
        return found


def targets(found: Figures) -> list[report.Target]:
    """Return what a run may cost, whatever it takes back."""
    return [
        report.Target("recycling: seconds per 1,000 leads", 1_000 / found.per_second, 5, unit=" s"),
        report.Target("recycling: growth of memory in a run", found.grown_kib / 1024, 32, unit=" MiB"),
    ]


def people() -> None:
    """Make those who hold the leads."""
    for _number in range(OWNERS):
        make.user(password=None)


def furnish() -> Pool:
    """Make the pool with its rules, and the leads that it holds: every one has an owner, one of ten is due."""
    lead = BusinessObject.objects.get(api_name="lead")
    pool = Pool.objects.create(
        business_object=lead, api_name=f"bench{int(time.time())}", label="Bench", recycles=True, run_cap=10_000_000
    )
    for label, kind, settings in (
        ("no follow-up", "no_follow_up", {}),
        ("not converted", "not_converted", {"field": "status", "values": ["converted"]}),
    ):
        RecycleRule.objects.create(pool=pool, label=label, kind=kind, days=DAYS, settings=settings)
    now = database_now()
    owners = list(User.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True))
    status = current_snapshot().object("lead").field("status").main.column
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            f"WITH n AS (SELECT id, row_number() OVER (ORDER BY id) AS number FROM {data.lead_table()})"
            f" UPDATE {data.lead_table()} t SET pool_id = %s, last_followup_at = NULL, {status} = 'new',"
            " owner_id = (%s::uuid[])[1 + n.number %% %s], last_owner_change_at = %s::timestamptz"
            " - CASE WHEN n.number %% %s = 0 THEN interval '60 days' ELSE interval '5 days' END"
            " - n.number * interval '1 second' / 100 FROM n WHERE n.id = t.id AND t.deleted_at IS NULL",
            [pool.pk, owners, len(owners), now, PART],
        )
        cursor.execute(f"ANALYZE {data.lead_table()}")
        cursor.execute("RESET statement_timeout")
    return pool


def explain(pool: Pool) -> str:
    """Return how the server looks for what is due: EXPLAIN (ANALYZE, BUFFERS)."""
    sql, params = places_sql(due_plan(pool, database_now()), None, CHUNK)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
        return "\n".join(row[0] for row in cursor.fetchall())


def take_back(pool: Pool) -> Figures:
    """Run the job of one turn in this process, in quarters, and watch its memory."""
    plan = due_plan(pool, database_now())
    started = time.monotonic()
    due_places(plan, None, CHUNK)
    looked = time.monotonic() - started
    job = order(pool, database_now())
    sizes = [_size()]
    started = time.monotonic()
    while not Job.objects.get(pk=job.pk).is_finished:
        claim, _due_in = settle()
        if claim is None:
            time.sleep(0.1)
            continue
        run_claimed(claim, 5.0 if claim.job_id == job.pk else SLICE)
        sizes.append(_size())
    seconds = time.monotonic() - started
    finished = Job.objects.get(pk=job.pk)
    assert finished.state == Job.State.SUCCEEDED, finished.error
    taken = PoolMovement.objects.filter(to_pool_id=pool.pk, kind=PoolMovement.Kind.RECYCLE).count()
    assert taken == finished.result["recycled"], "a lead was taken back twice, or without a movement"
    return Figures(taken, seconds, looked, sizes[-1] - sizes[max(1, len(sizes) // 4)])


def _size() -> int:
    """Return the most memory that this process has had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
