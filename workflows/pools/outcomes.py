"""What became of each record that somebody wanted to claim, assign, give back, take back or move."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, PlatformError
from objects.records.drafts import Movement
from objects.records.ownership import Move
from objects.records.service import RecordService
from workflows.pools.errors import AlreadyClaimed

OK = "ok"


@dataclass(frozen=True)
class Outcome:
    """`status` is "ok" or a code of the Open API; then `message` says why for people, `params` in figures."""

    id: uuid.UUID
    status: str = OK
    message: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None

    @property
    def is_ok(self) -> bool:
        return self.status == OK


def refused(record_id: uuid.UUID, error: PlatformError) -> Outcome:
    """Return the outcome of a record that an error stands against."""
    return Outcome(record_id, error.code, str(error.message), error.details)


def carry_out(
    actor: Actor, object_name: str, moves: Sequence[Move], movement: Movement, *, is_race: bool = False
) -> dict[uuid.UUID, Outcome]:
    """Move records as was decided; of a race the slower one learns that it is over."""
    if not moves:
        return {}
    results = RecordService(actor).move(object_name, moves, movement)
    return {
        move.id: Outcome(move.id, version=result.version)
        if not result.errors
        else _failed(move.id, result.errors[0], is_race)
        for move, result in zip(moves, results, strict=True)
    }


def in_order(ids: Iterable[uuid.UUID], *found: Mapping[uuid.UUID, Outcome]) -> list[Outcome]:
    """Return one outcome per record, in the order in which they were asked for."""
    known = {key: item for outcomes in found for key, item in outcomes.items()}
    return [known[item] for item in ids]


def _failed(record_id: uuid.UUID, error: FieldError, is_race: bool) -> Outcome:
    if is_race and error.code == "state_conflict":
        return refused(record_id, AlreadyClaimed())
    return Outcome(record_id, error.code, error.text, error.params)
