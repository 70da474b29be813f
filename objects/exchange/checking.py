"""The dry run of an import: rows go the whole way, and nothing of it stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from objects.exchange.running import FAILED, SKIPPED, Entry, Runner
from objects.exchange.seen import Seen
from objects.exchange.tables import TableRow

SHOWN_PROBLEMS = 100
OUTCOMES = ("created", "updated", "deleted", "skipped", "failed")


@dataclass
class Report:
    """What would become of rows: counts, how often which problem is there, and the first rows that have one."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> Report:
        """Return a report as it was kept, a new one for None."""
        given = stored or {}
        return cls(Counter(given.get("counts", {})), Counter(given.get("problems", {})), given.get("rows", []))

    def add(self, entries: Iterable[Entry]) -> None:
        """Count more rows."""
        for entry in entries:
            self.counts[entry.outcome] += 1
            if entry.outcome not in (FAILED, SKIPPED):
                continue
            told = entry.told()[5]
            self.problems.update(problem_keys(told))
            if len(self.rows) < SHOWN_PROBLEMS:
                self.rows.append({"row": entry.number, "outcome": entry.outcome, "errors": told})

    @property
    def total(self) -> int:
        return sum(self.counts[name] for name in OUTCOMES)

    def to_json(self) -> dict[str, Any]:
        counts = {name: self.counts[name] for name in OUTCOMES}
        return {"counts": counts, "problems": dict(self.problems.most_common(50)), "rows": self.rows}


def problem_keys(errors: Iterable[dict[str, Any]]) -> set[str]:
    """Return the kinds of problems of one row: a code, and the field that it is about."""
    return {f"{error['code']} {error['field'] or ''}".strip() for error in errors}


def try_rows(runner: Runner, rows: Sequence[TableRow], seen: Seen | None = None) -> list[Entry]:
    """Return what would become of rows, after those that were `seen`; no record is written."""
    earlier = seen.before(rows) if seen is not None else []
    with transaction.atomic():
        for turn in earlier:
            runner.carry_out(turn)
        entries = runner.carry_out(rows)
        transaction.set_rollback(True)
    runner.finder.start_anew()  # what it found may be gone
    if seen is not None:
        seen.add(rows, entries)
    return entries
