"""Measuring: every operation by every server in turn, several rounds, so that a noisy moment hits all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.pool import Pool

from tests.benchmarks.contenders import Contender
from tests.benchmarks.cpu import spent
from tests.benchmarks.load import Answers, Job, run_many
from tests.benchmarks.operations import Operation

CLIENTS = (1, 8)


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds of so many seconds for each operation, server and number of callers."""

    rounds: int = 3
    seconds: float = 1.5
    warm_up: float = 0.5


@dataclass
class Figure:
    """What one server did for one operation with so many callers at once."""

    answers: Answers = field(default_factory=Answers)
    server_seconds: float = 0.0
    database_seconds: float | None = 0.0

    @property
    def count(self) -> int:
        return max(1, len(self.answers.times))

    @property
    def median_ms(self) -> float:
        return statistics.median(self.answers.times) * 1000 if self.answers.times else 0.0

    @property
    def per_second(self) -> float:
        return len(self.answers.times) / self.answers.elapsed

    @property
    def server_ms(self) -> float:
        return self.server_seconds * 1000 / self.count

    @property
    def database_ms(self) -> float | None:
        return None if self.database_seconds is None else self.database_seconds * 1000 / self.count

    @property
    def cpu_ms(self) -> float | None:
        return None if self.database_ms is None else self.server_ms + self.database_ms


Figures = dict[tuple[str, str, int], Figure]  # by operation, contender, callers


def measure(
    pool: Pool,
    contenders: Mapping[str, Contender],
    operations: Sequence[Operation],
    effort: Effort,
    tell: Callable[[str], None],
) -> Figures:
    """Return a figure for each operation, contender that serves it, and number of callers; raises on a failure."""
    figures: Figures = {}
    for operation in operations:
        tell(operation.label)
        able = [contenders[name] for name in operation.calls]
        for contender in able:
            _load(pool, contender, operation, 8, effort.warm_up)
        for clients in CLIENTS:
            for _round in range(effort.rounds):
                for contender in able:
                    figure = figures.setdefault((operation.key, contender.name, clients), Figure())
                    _add(figure, pool, contender, operation, clients, effort.seconds)
    return figures


def _add(figure: Figure, pool: Pool, contender: Contender, operation: Operation, clients: int, seconds: float) -> None:
    before = spent(contender.group, contender.application)
    figure.answers.add(_load(pool, contender, operation, clients, seconds))
    used = spent(contender.group, contender.application).since(before)
    figure.server_seconds += used.server
    if figure.database_seconds is not None:
        figure.database_seconds = None if used.database is None else figure.database_seconds + used.database


def _load(pool: Pool, contender: Contender, operation: Operation, clients: int, seconds: float) -> Answers:
    headers = dict(operation.headers or contender.headers)
    job = Job(contender.port, headers, operation.calls[contender.name], seconds)
    answers = run_many(pool, job, clients)
    if answers.failure:
        raise RuntimeError(f"{contender.name}: {answers.failure}")
    return answers
