"""The Celery side: settings that must not change unnoticed, and tasks that carry their organisation."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from celery import current_app
from django.conf import settings

from crm_platform.config.celery import app
from crm_platform.events.waking import DRAIN_TASK, ORGANIZATION_HEADER
from crm_platform.jobs import tasks
from crm_platform.jobs.models import Job
from crm_platform.jobs.services import enqueue
from crm_platform.tenancy.context import current_schema


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would have been handed to the broker."""
    messages: list[dict[str, Any]] = []

    def keep(self: Any, args: Any = None, kwargs: Any = None, **options: Any) -> None:
        messages.append({"task": self.name, "args": args, **options})

    monkeypatch.setattr("celery.Task.apply_async", keep)
    return messages


def test_the_broker_carries_json_and_nothing_is_acknowledged_before_it_is_done() -> None:
    conf = app.conf
    assert current_app._get_current_object() is app
    assert (list(conf.accept_content), conf.task_serializer) == (["json"], "json")
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.task_ignore_result
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]
    assert settings.JOB_SLICE_SECONDS < conf.task_soft_time_limit < conf.task_time_limit
    assert 3 * settings.JOB_RENEW_SECONDS < settings.JOB_LEASE_SECONDS


def test_beat_only_ticks() -> None:
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} == {"jobs.wake", "jobs.sweep"}
    assert {"jobs.wake", "jobs.sweep", DRAIN_TASK} <= set(app.tasks)


def test_a_task_carries_the_organisation_it_was_sent_from(db: None, sent: list[dict[str, Any]]) -> None:
    tasks.drain.apply_async()
    assert sent[0]["headers"] == {ORGANIZATION_HEADER: current_schema()}


def test_a_task_is_not_sent_from_nowhere(sent: list[dict[str, Any]]) -> None:
    with pytest.raises(RuntimeError):
        tasks.drain.apply_async()
    assert not sent


@pytest.mark.parametrize("value", [{"name": "Li"}, ["a"], "x" * 65, 1.5])
def test_a_task_takes_ids_and_no_data(db: None, sent: list[dict[str, Any]], value: Any) -> None:
    with pytest.raises(TypeError):
        tasks.drain.apply_async(args=[value])
    tasks.drain.apply_async(args=[uuid.uuid4(), 7, "lead", None])
    assert len(sent) == 1


def test_waking_sends_a_drain_to_every_organisation_with_work(
    quiet: None, kind: Any, organization: Any, sent: list[dict[str, Any]]
) -> None:
    tasks.wake()
    assert organization.schema_name not in {message["headers"][ORGANIZATION_HEADER] for message in sent}
    enqueue(kind(lambda context: None), {})
    tasks.wake()
    woken = [message for message in sent if message["headers"][ORGANIZATION_HEADER] == organization.schema_name]
    assert [message["task"] for message in woken] == [DRAIN_TASK]


def test_draining_by_task_runs_the_jobs(quiet: None, kind: Any) -> None:
    enqueue(kind(lambda context: None), {})
    tasks.drain()
    assert Job.objects.get().state == "succeeded"


def test_a_message_without_an_organisation_is_refused(db: None) -> None:
    task = app.tasks[DRAIN_TASK]
    task.push_request(called_directly=False, headers={})
    try:
        with pytest.raises(RuntimeError, match="without an organisation"):
            task()
    finally:
        task.pop_request()
