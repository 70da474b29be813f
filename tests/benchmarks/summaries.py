"""What roll-ups cost over many children: the summary as a whole, and one child's change.

One firm has all lines but a hundred, another one those. The organisation is dropped afterwards.
"""

from __future__ import annotations

import itertools
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from django.db import connection
from django.utils import timezone

from crm_platform.kit.context import Actor
from crm_platform.kit.sqlnames import quote
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.expressions import blank_environment
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from objects.demo.volume import seed_records
from objects.records import rollup_sql
from objects.records.rollup_plans import Rollup, rollups_over
from objects.records.service import RecordService
from tests.benchmarks.report import Target

FIRM, LINE = "bench_payer__c", "bench_line__c"
FEW = 100  # lines of the small firm
FILTER = "ISPICKVAL(state__c, 'open') && amount__c > 1"
SUM, LEAST = "total__c", "least__c"
ROUNDS = 15  # of whole summaries


def build(actor: Actor, count: int) -> dict[str, uuid.UUID]:
    """Make both firms, `count` lines and the sum over the open ones; returns the firms as "large" and "small"."""
    services.create_object(actor, ObjectInput(FIRM, "Payer"))
    choices = [ChoiceInput("open", "O"), ChoiceInput("done", "D")]
    fields = [
        FieldInput("payer__c", "lookup", "Payer", settings={"target": FIRM}),
        FieldInput("amount__c", "decimal", "Amount"),
        FieldInput("state__c", "picklist", "State", choices=choices),
    ]
    services.create_object(actor, ObjectInput(LINE, "Line", fields=fields))
    firms = {name: RecordService(actor).create(FIRM, {"name": name}).id for name in ("large", "small")}
    seed_records(actor, LINE, count, timezone.now())
    _hand_out(firms)
    add_rollup(actor, SUM, "sum", filter=FILTER)
    rollup_sql.recompute(rollup_named(SUM), blank_environment(actor, timezone.now()))
    return firms


def add_rollup(actor: Actor, name: str, operation: str, **settings: Any) -> None:
    """Add a roll-up over the lines' amounts to the firms."""
    given = {"object": LINE, "lookup": "payer__c", "operation": operation, "field": "amount__c", "returns": "decimal"}
    services.add_field(actor, FIRM, FieldInput(name, "rollup", name, settings={**given, **settings}))


def rollup_named(name: str) -> Rollup:
    snapshot = current_snapshot()
    return next(item for item in rollups_over(snapshot, snapshot.object(LINE)) if item.field.name == name)


def whole(actor: Actor) -> tuple[float, float]:
    """Return the median seconds of a whole summary that writes, and of its bare GROUP BY, measured in turn."""
    rollup, env = rollup_named(SUM), blank_environment(actor, timezone.now())
    grouped = _grouped(rollup)
    times: tuple[list[float], list[float]] = ([], [])
    for _round in range(ROUNDS):
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {quote(rollup.parent.table)} SET {quote(rollup.field.main.column)} = NULL")
            with statements() as seen:
                times[0].append(_timed(lambda: rollup_sql.recompute(rollup, env)))
            assert len(seen) == 1, seen
            times[1].append(_timed(lambda: (cursor.execute(grouped), cursor.fetchall())))
    return statistics.median(times[0]), statistics.median(times[1])


def one_change(actor: Actor, firms: dict[str, uuid.UUID], count: int) -> dict[str, float]:
    """Return the median seconds of changing the amount of one line of each firm, measured in turn."""
    lines = {name: _line_of(firm) for name, firm in firms.items()}
    times: dict[str, list[float]] = {name: [] for name in firms}
    for number, (name, line) in itertools.product(range(count + 1), lines.items()):
        service, changes = RecordService(replace(actor, memo={})), {"amount__c": 500 + number % 90, "state__c": "open"}
        times[name].append(_timed(partial(service.update, LINE, line, changes)))
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def explained(work: Callable[[], object]) -> list[str]:
    """Return how the server carries out what `work` sends of roll-ups: EXPLAIN (ANALYZE, BUFFERS), rolled back."""
    table = quote(current_snapshot().object(FIRM).table)
    found = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if f"UPDATE {table}" in sql or f"FROM {table}" in sql:
            with connection.connection.cursor() as cursor:
                cursor.execute("SAVEPOINT explained")
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
                found.append("\n".join(row[0] for row in cursor.fetchall()))
                cursor.execute("ROLLBACK TO SAVEPOINT explained")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        work()
    return found


def targets(whole: tuple[float, float], changes: dict[str, float]) -> list[Target]:
    """Return what is promised, with what was measured."""
    return [
        Target("whole roll-up: time × bare GROUP BY", whole[0] / whole[1], 1.5),
        Target("one line of many, p50 × one of a hundred", changes["large"] / changes["small"], 1.3),
    ]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Yield a list that gathers the statements of the block."""
    seen: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


def _hand_out(firms: dict[str, uuid.UUID]) -> None:
    line = current_snapshot().object(LINE)
    table, lookup = quote(line.table), quote(line.field("payer__c").main.column)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {lookup} = %s", [firms["large"]])
        some = f"SELECT id FROM {table} ORDER BY id LIMIT {FEW}"
        cursor.execute(f"UPDATE {table} SET {lookup} = %s WHERE id IN ({some})", [firms["small"]])
        cursor.execute(f"VACUUM ANALYZE {table}")


def _grouped(rollup: Rollup) -> str:
    """Return the summary as one would write it by hand."""
    lookup, amount, state = (
        quote(rollup.child.field(f"{name}__c").main.column) for name in ("payer", "amount", "state")
    )
    return (
        f"SELECT {lookup}, sum({amount}) FROM {quote(rollup.child.table)}"
        f" WHERE deleted_at IS NULL AND {state} = 'open' AND {amount} > 1 GROUP BY 1"
    )


def _line_of(firm: uuid.UUID) -> uuid.UUID:
    line = current_snapshot().object(LINE)
    found = line.model._base_manager.filter(**{line.field("payer__c").main.attr: firm}).order_by("-pk")
    return found.values_list("pk", flat=True)[0]


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
