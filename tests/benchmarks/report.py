"""What the run prints: one table, each server beside the others, and the targets with what was reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.benchmarks.contenders import BARE, PRODUCT, TWIN
from tests.benchmarks.measure import CLIENTS, Figure, Figures
from tests.benchmarks.operations import Operation

NAMES = {PRODUCT: "product", TWIN: "Django + DRF twin", BARE: "bare SQL"}
HEAD = (
    "| operation | server | p50 ms, 1 client | p50 ms, 8 | req/s, 1 | req/s, 8 | CPU ms server + database |"
    " × twin req/s | twin's CPU × | × bare p50 |"
)
BUSY = max(CLIENTS)


@dataclass(frozen=True)
class Target:
    """One line of PERFORMANCE.md §4: what was measured, what is wanted, and whether more is better."""

    label: str
    value: float | None
    limit: float
    more_is_better: bool = False
    unit: str = ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        return "ok" if (self.value >= self.limit if self.more_is_better else self.value <= self.limit) else "MISSED"

    def __str__(self) -> str:
        sign = "≥" if self.more_is_better else "≤"
        shown = "–" if self.value is None else f"{self.value:,.1f}{self.unit}"
        return f"| {self.label} | {sign} {self.limit:,g}{self.unit} | {shown} | {self.verdict} |"


def table(figures: Figures, operations: Sequence[Operation]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield HEAD
    yield "|" + "---|" * (HEAD.count("|") - 1)
    for operation in operations:
        for name in operation.calls:
            yield _line(figures, operation, name)


def targets(figures: Figures, growth: dict[str, float]) -> list[Target]:
    """Return the targets that this run can tell about; beside what they are judged says docs/adr/0011."""

    def one(operation: str, name: str = PRODUCT) -> Figure:
        return figures[operation, name, 1]

    def busy(operation: str, name: str = PRODUCT) -> Figure:
        return figures[operation, name, BUSY]

    found = [
        Target("list: time × bare SQL", one("list").median_ms / one("list", BARE).median_ms, 2.5),
        Target("list: CPU", busy("list").cpu_ms, 8, unit=" ms"),
        Target("get: CPU", busy("get").cpu_ms, 4, unit=" ms"),
        Target("filter + sort + count: CPU", busy("filter").cpu_ms, 12, unit=" ms"),
    ]
    for key in ("create", "patch"):
        found.append(Target(f"{key}: time × twin", one(key).median_ms / one(key, TWIN).median_ms, 2))
        found.append(Target(f"{key}: CPU", busy(key).cpu_ms, 15, unit=" ms"))
    found += [
        Target("bulk-create: records/s", busy("bulk").per_second * 200, 1500, True),
        Target("HTML list: time × API's counted list", one("html").median_ms / one("filter").median_ms, 2.5),
        *(Target(f"growth of {name}, p50 × small", value, 1.3) for name, value in growth.items()),
    ]
    return found


def target_lines(found: Sequence[Target]) -> Iterator[str]:
    yield "| target | wanted | measured | |"
    yield "|---|---|---|---|"
    yield from map(str, found)


def _line(figures: Figures, operation: Operation, name: str) -> str:
    one, busy = figures[operation.key, name, 1], figures[operation.key, name, BUSY]

    def beside(other: str, ratio: Callable[[Figure, Figure], float], clients: int) -> str:
        figure = figures.get((operation.key, other, clients))
        return (
            "" if figure is None or name != PRODUCT else f"{ratio(figures[operation.key, name, clients], figure):.2f}"
        )

    database = "–" if busy.database_ms is None else f"{busy.database_ms:.1f}"
    cells = [
        operation.label if name == PRODUCT else "",
        NAMES[name],
        f"{one.median_ms:.1f}",
        f"{busy.median_ms:.1f}",
        f"{one.per_second:,.0f}",
        f"{busy.per_second:,.0f}",
        f"{busy.server_ms:.1f} + {database}",
        beside(TWIN, lambda ours, theirs: ours.per_second / theirs.per_second, BUSY),
        beside(TWIN, lambda ours, theirs: (theirs.cpu_ms or 0) / (ours.cpu_ms or 1), BUSY),
        beside(BARE, lambda ours, theirs: ours.median_ms / theirs.median_ms, 1),
    ]
    return f"| {' | '.join(cells)} |"
