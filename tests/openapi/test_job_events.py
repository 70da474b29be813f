"""Server-sent events of a job: progress and end, signs of life, bounded in time and number, no connection kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections, connection

from openapi import streams
from openapi.keys import create_key, revoke_key
from openapi.streams import SECONDS, SILENCE, TICK, Stream
from tests.kit import make
from tests.kit.clients import OrganizationAPIClient
from tests.kit.database import ACME_HOST
from tests.kit.work import run_queued_jobs
from tests.openapi.test_imports import ROWS, send

EVENTS = {"HTTP_ACCEPT": "text/event-stream"}


@pytest.fixture
def job(caller: Any, ticket: str) -> str:
    return send(caller, ROWS, columns={"Name": "name", "amount__c": "amount__c"})


def told(chunk: bytes) -> tuple[str, Mapping[str, Any]]:
    name, data, _end = chunk.decode().split("\n", 2)
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def leave(answer: Any) -> None:
    """Close an answer as a server does, past what would end the test's transaction."""
    request_finished.disconnect(close_old_connections)
    try:
        answer.close()
    finally:
        request_finished.connect(close_old_connections)


def test_a_job_is_watched_to_its_end(caller: Any, job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "TICK", 0.001)
    assert caller.post(f"{job}/start").json()["rate"] is None
    answer = caller.get(f"{job}/events", **EVENTS)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/event-stream")
    assert answer["Cache-Control"] == "private, no-store" and answer["X-Accel-Buffering"] == "no"
    chunks: Iterator[bytes] = iter(answer.streaming_content)
    assert next(chunks) == b"retry: 2000\n\n"
    name, state = told(next(chunks))
    assert (name, state["state"], state["processed"], state["eta_seconds"]) == ("progress", "queued", 0, None)
    run_queued_jobs()
    name, state = told(next(chunks))
    assert (name, state["state"], state["total"]) == ("end", "completed_with_errors", 3)
    assert (state["succeeded"], state["failed"], state["problems"]) == (2, 1, {"invalid_type amount__c": 1})
    assert state["rate"] > 0 and state["rate"] == caller.get(job).json()["rate"]
    assert list(chunks) == []
    again = list(caller.get(f"{job}/events", HTTP_ACCEPT="*/*").streaming_content)
    assert [told(chunk)[0] for chunk in again[1:]] == ["end"], "nothing is under way any more"


def test_streams_are_few_and_somebody_elses_jobs_unknown(
    caller: Any, job: str, admin_actor: Any, settings: Any
) -> None:
    caller.post(f"{job}/start")
    watching = caller.get(f"{job}/events", **EVENTS)
    refused = caller.get(f"{job}/events", **EVENTS)
    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (429, "rate_limited", "2")
    stranger, second = OrganizationAPIClient(ACME_HOST), OrganizationAPIClient(ACME_HOST)
    stranger.credentials(
        HTTP_AUTHORIZATION=f"Bearer {create_key(admin_actor, 'k', ['records:read'], user=make.user())[1]}"
    )
    second.credentials(HTTP_AUTHORIZATION=f"Bearer {create_key(admin_actor, 'k', ['records:read'])[1]}")
    assert stranger.get(f"{job}/events", **EVENTS).status_code == 404
    settings.API_STREAMS = 1
    assert second.get(f"{job}/events", **EVENTS).status_code == 429, "this process serves no more"
    settings.API_STREAMS = 2
    also = second.get(f"{job}/events", **EVENTS)
    assert also.status_code == 200
    leave(watching)
    leave(also)
    free = caller.get(f"{job}/events", **EVENTS)
    assert free.status_code == 200
    leave(free)
    assert caller.get(f"{job}/events", HTTP_ACCEPT="text/html").status_code == 406


def test_who_may_not_know_it_any_more_is_told_no_more(
    caller: Any, job: str, admin_actor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "TICK", 0.001)
    caller.post(f"{job}/start")
    row, secret = create_key(admin_actor, "k", ["records:read"])
    watcher = OrganizationAPIClient(ACME_HOST)
    watcher.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    chunks: Iterator[bytes] = iter(watcher.get(f"{job}/events", **EVENTS).streaming_content)
    assert next(chunks).startswith(b"retry") and told(next(chunks))[1]["state"] == "queued"
    revoke_key(admin_actor, row.pk)
    assert list(chunks) == []
    assert watcher.get(f"{job}/events", **EVENTS).status_code == 401


class Clock:
    """A clock that sleeping moves on, and what was held meanwhile."""

    def __init__(self) -> None:
        self.now, self.held, self.left = 0.0, [], 0  # type: ignore[var-annotated]

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.held.append(connection.connection)

    def leave(self) -> None:
        self.left += 1


def test_a_stream_is_bounded_and_holds_no_connection_while_it_sleeps(
    django_db_setup: None, django_db_blocker: Any
) -> None:
    clock = Clock()

    def read() -> tuple[Mapping[str, Any], bool]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return {"state": "running"}, False

    with django_db_blocker.unblock():
        chunks = list(Stream(read, clock.leave, clock, clock.sleep))
    assert chunks[0].startswith(b"retry") and told(chunks[1])[0] == "progress"
    assert chunks[2:] == [b": still there\n\n"] * int(SECONDS // SILENCE)
    assert clock.now == SECONDS and set(clock.held) == {None} and len(clock.held) == SECONDS / TICK
    assert clock.left == 1
