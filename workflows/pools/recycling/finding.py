"""Reading what is due: in pages by the time of the last change of owner, with the reasons of each record."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from crm_platform.kit.ids import parse_uuid
from crm_platform.kit.sqlnames import quote
from objects.query.params import SqlText
from workflows.pools.recycling.clocks import RecycleClock
from workflows.pools.recycling.predicate import DuePlan, RuleSql

JOB_SECONDS, PAGE_SECONDS = 120, 15  # for one look over everything that a pool holds


@dataclass(frozen=True, order=True)
class Place:
    """Where a record stands in the order in which records are taken back."""

    since: datetime
    id: uuid.UUID

    def to_json(self) -> list[str]:
        return [self.since.isoformat(), str(self.id)]

    @classmethod
    def of(cls, given: Any) -> Place | None:
        """Read the written form; None for anything else."""
        if not isinstance(given, list | tuple) or len(given) != 2:
            return None
        found = parse_uuid(given[1])
        try:
            since = datetime.fromisoformat(str(given[0]))
        except ValueError:
            return None
        return cls(since, found) if found and since.tzinfo else None


@dataclass(frozen=True)
class Reason:
    """Why one rule takes a record back: nothing good has happened since `base`, for `days` days."""

    rule_id: int
    label: str
    kind: str
    base: datetime | None
    days: int
    cutoff: datetime
    due: datetime | None

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.label,
            "kind": self.kind,
            "base": self.base and self.base.isoformat(),
            "days": self.days,
            "cutoff": self.cutoff.isoformat(),
        }


@dataclass(frozen=True)
class DueRecord:
    """A record that returns, its owner, and the rules of the first group that holds."""

    id: uuid.UUID
    owner_id: uuid.UUID
    since: datetime
    reasons: tuple[Reason, ...]

    @property
    def place(self) -> Place:
        return Place(self.since, self.id)

    @property
    def due(self) -> datetime | None:
        """Since when it has been due: all rules of a group hold from the last one's day on."""
        return max((reason.due for reason in self.reasons if reason.due), default=None)

    @property
    def evidence(self) -> dict[str, Any]:
        """What the log of movements keeps."""
        first, *others = self.reasons
        more = {"rules": [item.to_json() for item in self.reasons]} if others else {}
        return {**first.to_json(), **more}


@contextmanager
def patient(seconds: int) -> Iterator[None]:
    """Let the statements of the block look over a whole table."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{seconds}s"])
        yield


def due_places(plan: DuePlan, after: Place | None, limit: int, seconds: int = JOB_SECONDS) -> list[Place]:
    """Return where the next due records stand, in order."""
    sql, params = places_sql(plan, after, limit)
    with patient(seconds), connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [Place(since, found) for since, found in cursor.fetchall()]


def places_sql(plan: DuePlan, after: Place | None, limit: int) -> tuple[str, list[Any]]:
    """Return the statement that looks for what is due."""
    due = plan.due
    beyond, params = "", list(due.params)
    if after is not None:
        beyond = " AND (t.last_owner_change_at, t.id) > (%s, %s::uuid)"
        params += [after.since, str(after.id)]
    return (
        f"SELECT t.last_owner_change_at, t.id FROM {plan.tables} WHERE {due.text}{beyond}"  # noqa: S608 (physical)
        " ORDER BY t.last_owner_change_at, t.id LIMIT %s",
        [*params, limit],
    )


def count_due(plan: DuePlan, most: int) -> int:
    """Return how many records are due, up to a number."""
    with patient(PAGE_SECONDS), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT FROM {plan.tables} WHERE {plan.due.text} LIMIT %s) s",  # noqa: S608
            [*plan.due.params, most],
        )
        return int(cursor.fetchone()[0])


def lock_held(plan: DuePlan, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Lock those of the records that somebody holds in the pool and that nobody else is writing, until the end."""
    held = plan.held
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id FROM {quote(plan.obj.table)} t WHERE {held.text} AND t.id = ANY(%s::uuid[])"  # noqa: S608
            " ORDER BY t.id FOR NO KEY UPDATE OF t SKIP LOCKED",
            [*held.params, [str(item) for item in ids]],
        )
        return [row[0] for row in cursor.fetchall()]


def due_among(plan: DuePlan, ids: Sequence[uuid.UUID]) -> list[DueRecord]:
    """Return those of some records that are due, with the reasons: what is committed by now counts."""
    if not ids or not plan.groups:
        return []
    asked = asked_columns(plan)
    sql = (
        f"SELECT t.id, t.owner_id, t.last_owner_change_at, {plan.first_group.text}, {asked.text}"  # noqa: S608
        f" FROM {plan.tables} WHERE {plan.due.text} AND t.id = ANY(%s::uuid[])"
        " ORDER BY t.last_owner_change_at, t.id"
    )
    params = [*plan.first_group.params, *asked.params, *plan.due.params, [str(item) for item in ids]]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [_record(plan, row) for row in cursor.fetchall()]


def asked_columns(plan: DuePlan) -> SqlText:
    """Return the columns with base and days of every rule."""
    parts = [part for rule in plan.rules for part in (rule.asks.base, rule.days)]
    return SqlText(", ".join(part.text for part in parts), tuple(value for part in parts for value in part.params))


def reasons_of(plan: DuePlan, owner_id: uuid.UUID, values: Sequence[Any]) -> Mapping[int, Reason]:
    """Return the reason of each rule by its place, from `asked_columns` of a record that somebody holds."""
    clock = plan.clocks.of(owner_id)
    return {
        place: _reason(rule, clock, plan.now, *values[2 * place : 2 * place + 2])
        for place, rule in enumerate(plan.rules)
    }


def _reason(rule: RuleSql, clock: RecycleClock, now: datetime, base: datetime | None, days: int) -> Reason:
    due = None if base is None else clock.due(base, days)
    return Reason(rule.rule.pk, rule.rule.label, rule.rule.kind, base, days, clock.cutoff(now, days), due)


def _record(plan: DuePlan, row: Sequence[Any]) -> DueRecord:
    record_id, owner_id, since, group, *values = row
    reasons = reasons_of(plan, owner_id, values)
    start = sum(len(item) for item in plan.groups[:group])
    chosen = tuple(reasons[start + number] for number in range(len(plan.groups[group])))
    return DueRecord(record_id, owner_id, since, chosen)
