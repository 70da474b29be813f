"""Recycling among people who claim and follow up, and under the death of its workers: once each, nothing lost."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm_platform.events.clock import database_now
from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import Profile, User
from crm_platform.jobs.models import Job, Schedule
from crm_platform.kit.context import system_actor
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.models import BusinessObject
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.activities.services import FollowUpInput, log_follow_up
from objects.demo.volume import seed_records
from objects.history.models import RecordChange
from objects.records.models import Holding
from tests.chaos.harness import FULL, RECOVERY, Stand, stand
from tests.kit import make
from tests.kit.work import eventually, in_threads
from workflows.pools.models import Pool, PoolMember, PoolMovement, RecycleRule, RecycleRun
from workflows.pools.recycling.predicate import due_plan
from workflows.pools.recycling.running import begin, order
from workflows.pools.recycling.taking import Recycler
from workflows.pools.services.claiming import claim

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]

SECONDS, LEADS = (60, 400) if FULL else (5, 80)
CLAIMERS, WRITERS, RECYCLERS = (16, 8, 2) if FULL else (3, 3, 2)
ROWS, KILLS = (20_000, 20) if FULL else (1_500, 1)
START_UP = 60
Kind = PoolMovement.Kind
Touch = tuple[uuid.UUID, datetime]  # a held lead, and when its row was locked for the follow-up


@pytest.fixture
def pool(fresh_organization: Any) -> Pool:
    """A pool of leads that return as soon as nothing has happened since the run began."""
    apply(system_actor(), load_package(CRM_PACKAGE))
    lead = BusinessObject.objects.get(api_name="lead")
    made = Pool.objects.create(business_object=lead, api_name="sea", label="公海", recycles=True, batch_size=1_000)
    PoolMember.objects.create(pool=made, principal="everyone")
    RecycleRule.objects.create(pool=made, label="未跟进", kind="no_follow_up", days=0)
    return made


def fill(pool: Pool, count: int) -> None:
    """Make leads that the administrator holds and that are due."""
    owner = User.objects.get(username="admin")
    with pinned_snapshot():
        seed_records(system_actor("seed"), "lead", count, timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table()} SET pool_id = %s, owner_id = %s, last_followup_at = NULL,"
                " last_owner_change_at = now() - interval '1 day'",
                [pool.pk, owner.pk],
            )


def table() -> str:
    return current_snapshot().object("lead").table


# --- overlapping ----------------------------------------------------------------------------------------------
def test_nothing_returns_that_was_touched_after_the_cutoff(pool: Pool) -> None:
    fill(pool, LEADS)
    department = make.department("Sales")
    everything = Profile.objects.get(api_name="administrator")
    people = [make.user(role="everything", department=department, profile=everything) for _number in range(CLAIMERS)]
    touched: list[Touch] = []
    runs: list[RecycleRun] = []
    with pinned_snapshot():
        ids = list(current_snapshot().object("lead").model._base_manager.values_list("pk", flat=True))
    end = time.monotonic() + SECONDS

    def work(number: int) -> None:
        dice = random.Random(number)
        while time.monotonic() < end:
            with pinned_snapshot():
                if number < RECYCLERS:
                    runs.append(one_run(pool))
                elif number < RECYCLERS + CLAIMERS:
                    actor = build_actor(User.objects.get(pk=people[number - RECYCLERS].pk), via="api")
                    claim(actor, pool.pk, dice.sample(ids, 5))
                else:
                    follow_up(dice.choice(ids), touched)

    in_threads(RECYCLERS + CLAIMERS + WRITERS, work, seconds=SECONDS + 120)
    moved = list(PoolMovement.objects.filter(kind=Kind.RECYCLE))
    cutoffs = dict(RecycleRun.objects.values_list("pk", "cutoff"))
    by_lead: dict[uuid.UUID, list[datetime]] = defaultdict(list)
    for lead, at in touched:
        by_lead[lead].append(at)
    print(f"{len(moved)} returned in {len(runs)} runs, {len(touched)} follow-ups", end=" ")
    assert moved and touched and PoolMovement.objects.filter(kind=Kind.CLAIM).exists()
    for row in moved:
        assert row.run_id is not None
        since = cutoffs[row.run_id]
        assert datetime.fromisoformat(row.evidence["base"]) < since
        assert not [at for at in by_lead[row.record_id] if since <= at < row.at], "it was touched after the cutoff"
    assert sum(run.counts["recycled"] for run in runs if run.counts) == len(moved)
    assert Counter(run.counts.get("refused", 0) for run in runs).keys() <= {0}
    check_all_was_told(ids)


def one_run(pool: Pool) -> RecycleRun:
    """Take back what is due now, as the job does."""
    run = begin(pool, database_now())
    recycler, place = Recycler(run, due_plan(pool, run.cutoff)), None
    while batch := recycler.next_batch(place):
        place = batch[-1]
        with transaction.atomic():
            recycler.take_back(batch)
    return run


def follow_up(lead: uuid.UUID, touched: list[Touch]) -> None:
    """Write down a follow-up of a lead that somebody holds, and remember when its row was ours."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT owner_id FROM {table()} WHERE id = %s FOR NO KEY UPDATE", [lead])
            owner = cursor.fetchone()[0]
        at = timezone.now()
        if owner is not None:
            caller = build_actor(User.objects.get(pk=owner), via="api")
            log_follow_up(caller, "lead", lead, FollowUpInput(content="打过电话"))
    if owner is not None:
        touched.append((lead, at))


def check_all_was_told(ids: list[uuid.UUID]) -> None:
    """Fail unless movements lead from where each lead was to where it is, and history has every version once."""
    movements: dict[uuid.UUID, list[PoolMovement]] = defaultdict(list)
    for row in PoolMovement.objects.order_by("id"):
        movements[row.record_id].append(row)
    with pinned_snapshot():
        leads = {record.pk: record for record in current_snapshot().object("lead").model._base_manager.all()}
    for lead in ids:
        for before, after in pairwise(movements[lead]):
            assert (before.to_owner_id, before.to_pool_id) == (after.from_owner_id, after.from_pool_id)
        if movements[lead]:
            assert movements[lead][-1].to_owner_id == leads[lead].owner_id
        versions = RecordChange.objects.filter(record_id=lead).values_list("version", flat=True)
        assert set(versions) >= set(range(2, leads[lead].version + 1))
    held = Counter(record.owner_id for record in leads.values() if record.owner_id)
    lead_object = BusinessObject.objects.get(api_name="lead").pk
    rows = Holding.objects.filter(object_id=lead_object, held__gt=0)
    assert Counter({row.user_id: row.held for row in rows}) == held


# --- kill -9 --------------------------------------------------------------------------------------------------
@contextmanager
def slow_updates() -> Iterator[None]:
    """Make every batch take a moment, so that a kill hits in the middle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$"
        )
        cursor.execute(f"CREATE TRIGGER dawdle BEFORE UPDATE ON {table()} EXECUTE FUNCTION dawdle()")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION dawdle CASCADE")


@pytest.fixture
def site(pool: Pool) -> Iterator[Stand]:
    fill(pool, ROWS)
    Schedule.objects.all().delete()
    Job.objects.all().delete()
    with slow_updates(), stand() as made:
        yield made


def test_a_run_survives_the_death_of_its_workers(site: Stand, pool: Pool) -> None:
    with pinned_snapshot():
        job = order(pool, database_now())
    site.beat()
    worker = site.worker(2)

    def done() -> int:
        return Job.objects.get(pk=job.pk).done

    eventually(lambda: done() > 0, seconds=START_UP)
    slowest = 0.0
    for _number in range(KILLS):
        worker.kill9()
        killed, reached = time.monotonic(), done()
        if Job.objects.get(pk=job.pk).state == "succeeded":
            break
        worker = site.worker(2)
        eventually(lambda reached=reached: done() > reached, seconds=RECOVERY + START_UP)  # type: ignore[misc]
        slowest = max(slowest, time.monotonic() - killed)
    eventually(lambda: Job.objects.get(pk=job.pk).state == "succeeded", seconds=600)
    print(f"{ROWS} leads: went on at most {slowest:.1f} s after kill -9", end=" ")
    assert slowest <= RECOVERY
    assert RecycleRun.objects.get().counts["recycled"] == ROWS, "leads were taken back twice, or not at all"
    moved = PoolMovement.objects.filter(kind=Kind.RECYCLE)
    assert moved.count() == moved.values("record_id").distinct().count() == ROWS
    assert not Holding.objects.filter(held__gt=0).exists()
    with pinned_snapshot():
        assert not current_snapshot().object("lead").model._base_manager.exclude(owner_id=None).exists()
