"""The callers: processes that send prepared requests over kept connections and note how long each answer took."""

from __future__ import annotations

import http.client
import itertools
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.pool import Pool

COUNTER = b"@COUNTER@"  # in a body: another number in every request


@dataclass(frozen=True)
class Call:
    """One prepared request."""

    method: str
    path: str
    body: bytes | None = None


@dataclass(frozen=True)
class Job:
    """What one caller does for `seconds`: the calls in an order of its own, again and again."""

    port: int
    headers: dict[str, str]
    calls: Sequence[Call]
    seconds: float
    seed: int = 0


@dataclass
class Answers:
    """Times of the answers in seconds, and the first one that was no success."""

    times: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    failure: str = ""

    def add(self, other: Answers) -> None:
        self.times += other.times
        self.elapsed += other.elapsed
        self.failure = self.failure or other.failure


def call(port: int, headers: dict[str, str], request: Call) -> tuple[int, bytes]:
    """Send one request; returns status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        return _send(connection, headers, request, b"0")
    finally:
        connection.close()


def run(job: Job) -> Answers:
    """Do a job in this process."""
    calls = list(job.calls)
    random.Random(job.seed).shuffle(calls)
    answers, connection = Answers(), http.client.HTTPConnection("127.0.0.1", job.port, timeout=30)
    started = time.perf_counter()
    for number, request in enumerate(itertools.cycle(calls)):
        before = time.perf_counter()
        if before - started >= job.seconds:
            break
        status, body = _send(connection, job.headers, request, str(number * 1000 + job.seed).encode())
        answers.times.append(time.perf_counter() - before)
        if status >= 300 and not answers.failure:
            answers.failure = f"{request.method} {request.path}: {status} {body[:300]!r}"
    connection.close()
    answers.elapsed = time.perf_counter() - started
    return answers


def run_many(pool: Pool, job: Job, clients: int) -> Answers:
    """Do a job by several callers at once; `elapsed` is that of the slowest."""
    jobs = [Job(job.port, job.headers, job.calls, job.seconds, seed) for seed in range(clients)]
    merged, slowest = Answers(), 0.0
    for answers in pool.map(run, jobs, chunksize=1):
        slowest = max(slowest, answers.elapsed)
        merged.add(answers)
    merged.elapsed = slowest
    return merged


def _send(
    connection: http.client.HTTPConnection, headers: dict[str, str], request: Call, number: bytes
) -> tuple[int, bytes]:
    body = request.body.replace(COUNTER, number) if request.body else None
    sent = {**headers, "Content-Type": "application/json"} if body else headers
    connection.request(request.method, request.path, body, sent)
    response = connection.getresponse()
    return response.status, response.read()
