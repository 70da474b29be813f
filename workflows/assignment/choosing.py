"""Choosing among people: pure functions of what is known of them, so that a simulation decides as the real thing."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.assignment.models import Assignment, AssignmentRule

Strategy, Reason = AssignmentRule.Strategy, Assignment.Reason


@dataclass
class Candidate:
    """Somebody whom a rule may choose; `load` is what he holds of the pool, and grows with what he is given."""

    user_id: uuid.UUID
    member_id: int
    position: int
    weight: int
    capacity: int | None
    tags: Mapping[str, Sequence[str]]
    assigned: int
    last_assigned_at: datetime | None
    load: int = 0
    is_free: bool = True  # active, not absent, and may hold such records

    @property
    def has_room(self) -> bool:
        return self.is_free and (self.capacity is None or self.load < self.capacity)

    def take(self, now: datetime) -> None:
        """Note that he has been given one more."""
        self.load += 1
        self.assigned += 1
        self.last_assigned_at = now


@dataclass(frozen=True)
class Choice:
    """Who gets a record, why, and what was compared."""

    candidate: Candidate
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def choose(
    strategy: str,
    candidates: Sequence[Candidate],
    values: Mapping[str, Any],
    *,
    owner_before: uuid.UUID | None = None,
    without: Collection[uuid.UUID] = (),
) -> Choice | None:
    """Return who gets a record of these values, None when nobody is free.

    `owner_before` holds a record that is equal in a sticky field: it goes to him if he takes part and has room.
    `without` have had it already and did not take it on.
    """
    free = [item for item in candidates if item.has_room and item.user_id not in without]
    sticky = next((item for item in free if item.user_id == owner_before), None)
    if sticky is not None:
        return Choice(sticky, Reason.STICKY, _facts(sticky))
    if strategy == Strategy.BEST_MATCH:
        return _best_match(free, values)
    if not free:
        return None
    if strategy == Strategy.LEAST_LOAD:
        chosen = min(free, key=_by_load(free))
        return Choice(chosen, Reason.LOAD, _facts(chosen))
    if strategy == Strategy.WEIGHTED:
        chosen = min(free, key=lambda item: ((item.assigned + 1) / item.weight, _turn(item)))
        return Choice(chosen, Reason.WEIGHT, {**_facts(chosen), "weight": chosen.weight})
    chosen = min(free, key=_turn)
    return Choice(chosen, Reason.TURN, _facts(chosen))


def _best_match(free: Sequence[Candidate], values: Mapping[str, Any]) -> Choice | None:
    """Return whom most tags speak for; a tag about a field whose value it does not name speaks against."""
    fitting = [(item, matched) for item in free if (matched := _matched(item, values)) is not None]
    if not fitting:
        return None
    load = _by_load([item for item, _matched in fitting])
    chosen, matched = min(fitting, key=lambda pair: (-len(pair[1]), load(pair[0])))
    return Choice(chosen, Reason.MATCH, {**_facts(chosen), "matched": matched})


def _matched(candidate: Candidate, values: Mapping[str, Any]) -> list[str] | None:
    """Return the fields whose value the person's tags name, None where one of his tags rules the record out."""
    found = []
    for name, wanted in candidate.tags.items():
        value = values.get(name)
        given = {str(item) for item in value} if isinstance(value, list | tuple) else {str(value)}
        if value is None or given.isdisjoint(wanted):
            return None
        found.append(name)
    return found


def _by_load(free: Sequence[Candidate]) -> Callable[[Candidate], tuple[Any, ...]]:
    """Return what orders people by load: the part of their capacity where all have one, else the number of records."""
    if all(item.capacity for item in free):
        return lambda item: (item.load / (item.capacity or 1), item.load, _turn(item))
    return lambda item: (item.load, _turn(item))


def _turn(item: Candidate) -> tuple[Any, ...]:
    """Order by who has waited longest; who never had any comes first."""
    last = item.last_assigned_at
    return (last is not None, last.timestamp() if last else 0, item.position, item.member_id)


def _facts(item: Candidate) -> dict[str, Any]:
    return {"load": item.load} if item.capacity is None else {"load": item.load, "capacity": item.capacity}
