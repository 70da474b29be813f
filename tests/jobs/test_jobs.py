"""The life of a job: queued, claimed, run, failed, tried again, aborted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from crm_platform.events.clock import database_now
from crm_platform.jobs import leases
from crm_platform.jobs.context import JobContext, JobFailed
from crm_platform.jobs.drain import arm, drain, drain_schema, due_schemas, settle, sweep
from crm_platform.jobs.leases import LeaseLost, take_back_expired
from crm_platform.jobs.models import Job
from crm_platform.jobs.runner import run_claimed
from crm_platform.jobs.services import abort, enqueue, retry
from crm_platform.kit.errors import NotFound, SchemaLocked, StateConflict, ValidationFailed
from crm_platform.tenancy.models import WakeUp
from tests.jobs.conftest import expire_leases, take
from tests.kit import make
from tests.kit.work import in_threads

Kind = Callable[..., str]


def wakeups() -> list[Any]:
    return list(WakeUp.objects.filter(schema_name=connection.schema_name).order_by("due_at"))


def test_a_job_runs_once_and_keeps_its_result(quiet: None, kind: Kind) -> None:
    runs: list[Any] = []

    def handler(context: JobContext) -> dict[str, Any]:
        runs.append(context.args)
        context.progress(3, 3)
        return {"rows": 3}

    job = enqueue(kind(handler), {"n": 1})
    drain()
    drain()
    job.refresh_from_db()
    assert (job.state, job.result, job.done, job.total) == ("succeeded", {"rows": 3}, 3, 3)
    assert job.finished_at and job.lease_until is None
    assert runs == [{"n": 1}]


def test_an_unknown_kind_is_refused_at_once(db: None) -> None:
    with pytest.raises(LookupError):
        enqueue("no.such.kind", {})


def test_a_dedupe_key_is_taken_while_the_job_is_unfinished(quiet: None, kind: Kind) -> None:
    key = kind(lambda context: None)
    first = enqueue(key, {}, dedupe_key="once")
    assert enqueue(key, {}, dedupe_key="once").pk == first.pk
    drain()
    assert enqueue(key, {}, dedupe_key="once").pk != first.pk


def test_enqueueing_the_same_at_once_makes_one_job(quiet_organization: Any, kind: Kind) -> None:
    key, found = kind(lambda context: None), []
    in_threads(6, lambda _: found.append(enqueue(key, {}, dedupe_key="once").pk))
    assert len(set(found)) == 1
    assert Job.objects.count() == 1


def test_a_job_for_later_waits_and_has_its_wakeup(quiet: None, kind: Kind) -> None:
    later = database_now() + timedelta(hours=1)
    job = enqueue(kind(lambda context: None), {}, run_at=later)
    drain()
    job.refresh_from_db()
    assert job.state == "queued"
    assert later in [row.due_at for row in wakeups()]


def test_a_claim_leaves_a_wakeup_at_the_end_of_its_lease(quiet: None, kind: Kind) -> None:
    job = enqueue(kind(lambda context: None), {})
    take()
    job.refresh_from_db()
    assert [row.due_at for row in wakeups()] == [job.lease_until]


def test_an_expired_lease_is_offered_again_and_the_first_worker_is_fenced_out(quiet: None, kind: Kind) -> None:
    enqueue(kind(lambda context: None), {})
    first = take()
    expire_leases()
    second = take()
    assert (second.job_id, second.attempt) == (first.job_id, first.attempt + 1)
    for write in (
        lambda: leases.renew(first),
        lambda: leases.save_progress(first, 1, None),
        lambda: leases.save_cursor(first, {"n": 1}, 1, None),
        lambda: leases.finish(first, Job.State.SUCCEEDED),
        lambda: leases.put_back(first),
    ):
        with pytest.raises(LeaseLost):
            write()
    leases.finish(second, Job.State.SUCCEEDED, result={"by": 2})
    assert Job.objects.get(pk=first.job_id).result == {"by": 2}


def test_effects_of_a_fenced_out_worker_are_rolled_back(quiet_organization: Any, kind: Kind) -> None:
    def handler(context: JobContext) -> None:
        expire_leases()
        settle()  # another worker takes the job while this one still believes in its lease
        with transaction.atomic():
            make.department("written by a ghost")
            context.save_cursor({"n": 1})

    from crm_platform.identity.models import Department

    enqueue(kind(handler), {})
    run_claimed(take())
    assert not Department.objects.filter(name="written by a ghost").exists()
    assert Job.objects.get().state == "running"


def test_the_lease_is_renewed_while_the_handler_works(quiet_organization: Any, kind: Kind, settings: Any) -> None:
    settings.JOB_LEASE_SECONDS, settings.JOB_RENEW_SECONDS = 2, 0.2
    seen: list[Any] = []

    def handler(context: JobContext) -> None:
        end = time.monotonic() + 10
        while len(set(seen)) < 3 and time.monotonic() < end:
            seen.append(Job.objects.get().lease_until)
            time.sleep(0.1)

    enqueue(kind(handler), {})
    drain()
    assert len(set(seen)) >= 3
    assert Job.objects.get().state == "succeeded"


def test_a_handler_learns_that_its_lease_is_lost(quiet_organization: Any, kind: Kind, settings: Any) -> None:
    settings.JOB_RENEW_SECONDS = 0.1
    ended: list[str] = []

    def handler(context: JobContext) -> None:
        expire_leases()
        settle()
        end = time.monotonic() + 10
        try:
            while time.monotonic() < end:
                context.check_abort()
                time.sleep(0.05)
        except LeaseLost:
            ended.append("fenced")
            raise

    enqueue(kind(handler), {})
    run_claimed(take())
    assert ended == ["fenced"]


def test_a_failure_is_tried_again_after_a_pause(quiet: None, kind: Kind) -> None:
    def handler(context: JobContext) -> None:
        raise RuntimeError("the disk is full")

    job = enqueue(kind(handler), {})
    drain()
    job.refresh_from_db()
    assert (job.state, job.failures, job.error) == ("queued", 1, "RuntimeError: the disk is full")
    assert job.run_at > database_now()
    assert wakeups()[0].due_at <= job.run_at


def test_a_job_that_keeps_failing_ends_as_failed(quiet: None, kind: Kind) -> None:
    tries: list[int] = []

    def handler(context: JobContext) -> None:
        tries.append(context.claim.attempt)
        raise RuntimeError("no")

    job = enqueue(kind(handler), {"payload": "kept"})
    for _ in range(8):
        Job.objects.update(run_at=database_now())
        drain()
    job.refresh_from_db()
    assert (job.state, job.failures, job.args) == ("failed", 5, {"payload": "kept"})
    assert tries == [1, 2, 3, 4, 5]


def test_a_worker_that_dies_every_time_does_not_take_the_job_for_ever(quiet: None, kind: Kind) -> None:
    enqueue(kind(lambda context: None), {})
    for _ in range(5):
        Job.objects.update(run_at=database_now())
        take()
        expire_leases()
        take_back_expired()
    job = Job.objects.get()
    assert (job.state, job.failures) == ("failed", 5)
    assert "意外中断" in job.error  # in the language of the organisation


def test_progress_forgives_earlier_failures(quiet: None, kind: Kind) -> None:
    def handler(context: JobContext) -> None:
        step = (context.cursor or {"step": 0})["step"]
        if step < 9:
            context.save_cursor({"step": step + 1}, done=step + 1, total=10)
            raise RuntimeError("killed between two steps")

    job = enqueue(kind(handler), {})
    for _ in range(10):
        Job.objects.update(run_at=database_now())
        drain()
    job.refresh_from_db()
    assert (job.state, job.attempt, job.cursor) == ("succeeded", 10, {"step": 9})


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (JobFailed("the file is no CSV"), "failed"),
        (ValidationFailed.single("a", "required", "missing"), "failed"),
        (NotFound(), "failed"),
        (SchemaLocked(), "queued"),
    ],
)
def test_only_errors_that_may_pass_are_tried_again(quiet: None, kind: Kind, error: Exception, state: str) -> None:
    def handler(context: JobContext) -> None:
        raise error

    job = enqueue(kind(handler), {})
    drain()
    job.refresh_from_db()
    assert job.state == state
    assert job.error == str(error)


def test_a_long_job_yields_at_a_saved_cursor_without_counting_as_failed(
    quiet_organization: Any, kind: Kind, settings: Any
) -> None:
    settings.JOB_SLICE_SECONDS = 0

    def handler(context: JobContext) -> None:
        for step in range((context.cursor or {"step": 0})["step"] + 1, 4):
            with transaction.atomic():
                context.save_cursor({"step": step}, done=step, total=3)
            context.check_abort()

    job = enqueue(kind(handler), {})
    for _ in range(4):
        drain()
    job.refresh_from_db()
    assert (job.state, job.failures, job.cursor, job.attempt) == ("succeeded", 0, {"step": 3}, 4)


def test_two_workers_share_the_jobs_and_run_each_once(quiet_organization: Any, kind: Kind) -> None:
    runs: list[int] = []
    key = kind(lambda context: runs.append(context.args["n"]))
    for number in range(30):
        enqueue(key, {"n": number})
    in_threads(3, lambda _: drain())
    assert sorted(runs) == list(range(30))
    assert set(Job.objects.values_list("state", "attempt")) == {("succeeded", 1)}


def test_a_waiting_job_is_aborted_at_once(quiet: None, kind: Kind, admin_actor: Any) -> None:
    job = enqueue(kind(lambda context: None), {})
    assert abort(admin_actor, job.pk).state == "aborted"
    drain()
    job.refresh_from_db()
    assert job.state == "aborted"
    with pytest.raises(StateConflict):
        abort(admin_actor, job.pk)


def test_a_running_job_stops_at_its_next_chance(quiet: None, kind: Kind, admin_actor: Any) -> None:
    def handler(context: JobContext) -> None:
        abort(admin_actor, context.job_id)
        context.save_cursor({"n": 1})
        context.check_abort()
        raise AssertionError("it went on")

    job = enqueue(kind(handler), {})
    drain()
    job.refresh_from_db()
    assert (job.state, job.cursor) == ("aborted", {"n": 1})


def test_an_aborted_job_goes_on_from_where_it_stopped(quiet: None, kind: Kind, admin_actor: Any) -> None:
    cursors: list[Any] = []

    def handler(context: JobContext) -> None:
        cursors.append(context.cursor)
        if context.cursor is None:
            context.save_cursor({"n": 1})
            raise JobFailed("stop here")

    job = enqueue(kind(handler), {})
    drain()
    retry(admin_actor, job.pk)
    drain()
    job.refresh_from_db()
    assert (job.state, cursors) == ("succeeded", [None, {"n": 1}])
    with pytest.raises(StateConflict):
        retry(admin_actor, job.pk)


def test_a_job_cannot_be_retried_beside_its_twin(quiet: None, kind: Kind, admin_actor: Any) -> None:
    key = kind(lambda context: None)
    job = enqueue(key, {}, dedupe_key="once")
    abort(admin_actor, job.pk)
    enqueue(key, {}, dedupe_key="once")
    with pytest.raises(StateConflict):
        retry(admin_actor, job.pk)


def test_jobs_of_others_are_unknown_to_ordinary_users(quiet: None, kind: Kind, actor_for: Any) -> None:
    mine, other = actor_for(make.user()), actor_for(make.user())
    job = enqueue(kind(lambda context: None), {}, actor=mine)
    with pytest.raises(NotFound):
        abort(other, job.pk)
    assert abort(mine, job.pk).state == "aborted"


def test_a_job_has_the_rights_that_its_creator_has_when_it_runs(quiet: None, kind: Kind, actor_for: Any) -> None:
    from crm_platform.identity.models import Role

    user, seen = make.user(role="individual"), []
    enqueue(kind(lambda context: seen.append(context.actor)), {}, actor=actor_for(user))
    user.role = Role.objects.get(api_name="everything")
    user.save()
    drain()
    assert (seen[0].user_id, seen[0].via, seen[0].data_scope) == (user.pk, "job", "all")


def test_a_job_of_a_deactivated_user_fails(quiet: None, kind: Kind, actor_for: Any) -> None:
    user = make.user()
    job = enqueue(kind(lambda context: {"name": context.actor.name}), {}, actor=actor_for(user))
    user.is_active = False
    user.save()
    drain()
    job.refresh_from_db()
    assert job.state == "failed"


def test_a_job_that_nobody_created_is_the_systems(quiet: None, kind: Kind) -> None:
    seen: list[bool] = []
    enqueue(kind(lambda context: seen.append(context.actor.is_system)), {})
    drain()
    assert seen == [True]


def test_a_deleted_wakeup_is_found_by_the_sweep(quiet_organization: Any, kind: Kind) -> None:
    enqueue(kind(lambda context: None), {})
    WakeUp.objects.all().delete()
    assert quiet_organization.schema_name not in due_schemas()
    sweep()
    assert quiet_organization.schema_name in due_schemas()


def test_draining_twice_leaves_no_due_wakeup(quiet_organization: Any, kind: Kind) -> None:
    for number in range(3):
        enqueue(kind(lambda context: None), {"n": number})
    drain()
    assert quiet_organization.schema_name not in due_schemas()
    assert arm() is None


def test_an_organisation_that_is_gone_is_forgotten(db: None) -> None:
    WakeUp.objects.create(schema_name="org_gone", due_at=database_now())
    drain_schema("org_gone")
    assert not WakeUp.objects.filter(schema_name="org_gone").exists()


def test_wakeups_of_other_organisations_stay(quiet: None, kind: Kind) -> None:
    WakeUp.objects.create(schema_name="org_other", due_at=database_now())
    enqueue(kind(lambda context: None), {})
    drain()
    assert WakeUp.objects.filter(schema_name="org_other").exists()


def test_settling_waits_for_a_settling_neighbour(quiet_organization: Any, kind: Kind) -> None:
    """Else each could rely on a wake-up that the other is about to delete."""
    enqueue(kind(lambda context: None), {})
    held, waiting = threading.Event(), threading.Event()
    order: list[str] = []

    def work(number: int) -> None:
        if number == 0:
            with transaction.atomic():
                settle()
                held.set()
                waiting.wait(0.3)
                order.append("first")
        else:
            held.wait(5)
            settle()
            order.append("second")

    in_threads(2, work)
    assert order == ["first", "second"]
    assert wakeups(), "the running job has lost its wake-up"
