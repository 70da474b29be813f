"""Workers are killed, paused and cut off from their broker: no work is lost, no effect comes twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.events.waking import HintSender
from crm_platform.jobs.kinds import JobKind, job_kinds
from crm_platform.jobs.models import Job, Schedule
from crm_platform.jobs.services import enqueue
from crm_platform.tenancy.models import WakeUp
from tests.chaos import kinds
from tests.chaos.harness import FULL, LEASE, RECOVERY, Stand, stand
from tests.kit.work import eventually, registered

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]

at_length = pytest.mark.skipif(not FULL, reason="starts many workers: CHAOS=full")
START_UP = 60  # seconds in which a worker is up, on a busy machine


@pytest.fixture
def site(fresh_organization: Any) -> Iterator[Stand]:
    """An organisation with nothing to do, a broker, no worker yet."""
    Schedule.objects.all().delete()
    Job.objects.all().delete()
    WakeUp.objects.all().delete()
    kinds.make_effects_table()
    names = ("chaos.steps", "chaos.die", "chaos.nap")
    with registered(job_kinds, *(JobKind(name, kinds.nap, name) for name in names)), stand() as made:
        yield made


def state_of(job: Job) -> str:
    return Job.objects.values_list("state", flat=True).get(pk=job.pk)


def done_of(job: Job) -> int:
    return Job.objects.values_list("done", flat=True).get(pk=job.pk)


def all_done() -> bool:
    return not Job.objects.filter(state__in=Job.UNFINISHED).exists()


def assert_each_step_once(jobs: list[Job]) -> None:
    found = kinds.effects()
    assert all(times == 1 for _, _, times in found), "an effect came twice"
    assert len(found) == sum(job.args["steps"] for job in jobs), "an effect is missing"


def test_a_killed_workers_job_goes_on_where_it_was(site: Stand) -> None:
    job = enqueue("chaos.steps", {"steps": 400 if FULL else 150})
    site.beat()
    first = site.worker()
    eventually(lambda: done_of(job) > 20, seconds=START_UP)
    first.kill9()
    killed, reached = time.monotonic(), done_of(job)
    site.worker()
    eventually(lambda: done_of(job) > reached, seconds=RECOVERY + START_UP)
    recovery = time.monotonic() - killed
    eventually(lambda: state_of(job) == "succeeded", seconds=60)
    assert recovery <= RECOVERY
    assert_each_step_once([job])
    assert Job.objects.get(pk=job.pk).attempt == 2


@at_length
def test_a_paused_worker_is_fenced_out_when_it_wakes(site: Stand) -> None:
    """To the lease a hang looks like death; the one that wakes up must not write what the other has written."""
    job = enqueue("chaos.steps", {"steps": 150})
    site.beat()
    first = site.worker()
    eventually(lambda: done_of(job) > 20, seconds=START_UP)
    first.pause()
    site.worker()
    reached = done_of(job)
    eventually(lambda: done_of(job) > reached + 5, seconds=RECOVERY + START_UP)
    first.resume()
    eventually(lambda: state_of(job) == "succeeded", seconds=60)
    time.sleep(2)  # let the first one do what harm it can
    assert_each_step_once([job])


def test_flushing_the_broker_loses_no_work(site: Stand) -> None:
    jobs = [enqueue("chaos.steps", {"steps": 2, "pause": 0}) for _ in range(1000 if FULL else 60)]
    site.beat()
    site.worker(2)
    eventually(lambda: Job.objects.filter(state="succeeded").count() > 5, seconds=START_UP)
    for _ in range(5):
        site.broker.flush()
        time.sleep(0.2)
    jobs += [enqueue("chaos.steps", {"steps": 2, "pause": 0}) for _ in range(10)]
    site.broker.flush()
    eventually(all_done, seconds=60)
    assert_each_step_once(jobs)


@at_length
def test_work_goes_on_without_broker_and_with_it_again(site: Stand) -> None:
    site.beat()
    site.worker()
    first = enqueue("chaos.steps", {"steps": 2})
    eventually(lambda: state_of(first) == "succeeded", seconds=START_UP)
    site.broker.kill9()
    second = enqueue("chaos.steps", {"steps": 2})
    eventually(lambda: state_of(second) == "succeeded", seconds=30)
    site.restart_broker()
    third = enqueue("chaos.steps", {"steps": 2})
    eventually(lambda: state_of(third) == "succeeded", seconds=60)
    assert_each_step_once([first, second, third])


def test_work_goes_on_without_beat(site: Stand) -> None:
    site.worker()
    job = enqueue("chaos.steps", {"steps": 2})
    eventually(lambda: state_of(job) == "succeeded", seconds=START_UP)


@at_length
def test_a_job_that_kills_its_worker_is_given_up_and_the_others_are_done(site: Stand) -> None:
    poison = enqueue("chaos.die", {})
    Job.objects.filter(pk=poison.pk).update(failures=3)  # the fourth and fifth time are enough to see
    good = [enqueue("chaos.steps", {"steps": 2, "pause": 0}) for _ in range(1000 if FULL else 20)]
    site.beat()
    site.worker(2)
    eventually(all_done, seconds=START_UP + 4 * (LEASE + 30))
    assert_each_step_once(good)
    assert {state_of(job) for job in good} == {"succeeded"}
    poison.refresh_from_db()
    assert (poison.state, poison.failures) == ("failed", 5)


@at_length
def test_a_worker_that_is_asked_to_end_hands_its_long_job_over(site: Stand) -> None:
    job = enqueue("chaos.steps", {"steps": 400})
    site.beat()
    first = site.worker()
    eventually(lambda: done_of(job) > 20, seconds=START_UP)
    first.ask_to_end(15)
    handed_over = Job.objects.get(pk=job.pk)
    assert (handed_over.state, handed_over.failures) == ("queued", 0)
    Job.objects.filter(pk=job.pk).update(args={"steps": handed_over.done + 3})
    site.worker()
    eventually(lambda: state_of(job) == "succeeded", seconds=START_UP)


@at_length
def test_killing_workers_again_and_again_loses_and_doubles_nothing(site: Stand) -> None:
    rounds, count = (12, 200) if FULL else (2, 12)
    jobs = [enqueue("chaos.steps", {"steps": 40, "pause": 0.01}) for _ in range(count)]
    site.beat()
    for _ in range(rounds):
        group = site.worker(2)
        before = sum(Job.objects.values_list("done", flat=True))
        eventually(lambda before=before: sum(Job.objects.values_list("done", flat=True)) > before + 30, seconds=120)
        group.kill9()
    site.worker(2)
    eventually(all_done, seconds=60 + LEASE * 3 + count)
    assert_each_step_once(jobs)
    assert set(Job.objects.values_list("state", flat=True)) == {"succeeded"}


def test_hints_do_not_wait_for_a_broker_that_is_away(site: Stand) -> None:
    site.broker.kill9()
    sender = HintSender(rest=30)
    sender._broker = lambda: _connection_to(site)  # type: ignore[method-assign]
    started = time.monotonic()
    for number in range(1000):
        sender.send(f"org_{number}")
    assert time.monotonic() - started < 0.5
    eventually(sender.is_open, seconds=10)
    assert sender.sent == 0


def test_hints_come_together_for_a_moment(site: Stand) -> None:
    sender = HintSender(pause=0.2)
    sender._broker = lambda: _connection_to(site)  # type: ignore[method-assign]
    for _ in range(100):
        sender.send("org_one")
        sender.send("org_two")
    eventually(lambda: site.broker.client.llen("celery") >= 2)
    time.sleep(0.5)
    assert 2 <= site.broker.client.llen("celery") <= 4


def _connection_to(site: Stand) -> Any:
    from celery import current_app

    options = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "max_retries": 0}
    return current_app.connection_for_write(
        f"redis+socket://{site.broker.socket}?virtual_host=0", transport_options=options
    )


def test_workers_report_that_they_live(site: Stand) -> None:
    from crm_platform.jobs.selectors import workers

    started = timezone.now()
    group = site.worker()
    alive = eventually(
        lambda: [worker for worker in workers() if worker.is_alive and worker.started_at >= started], seconds=START_UP
    )
    assert len(alive) == 1
    group.kill9()
