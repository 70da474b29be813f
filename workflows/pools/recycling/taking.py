"""Taking back what is due in one pool: batch by batch, each asked again once its records are locked."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crm_platform.identity.models import AccessVersion
from crm_platform.kit.db import advisory_xact_lock
from objects.records.drafts import Movement
from objects.records.ownership import Holder, Move
from objects.records.service import RecordService
from workflows.pools.models import PoolMovement, RecycleRun
from workflows.pools.recycling.finding import DueRecord, Place, due_among, due_places, lock_held
from workflows.pools.recycling.predicate import DuePlan

BATCH, CHUNK = 200, 5_000  # records of a transaction; records that are looked for at once


@dataclass
class Counts:
    """What became of the records that a run has looked at."""

    recycled: int = 0
    refused: int = 0  # by what else has a say in a change of owner
    passed: int = 0  # being written by somebody else, or no longer due when they were locked
    rules: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Counts:
        numbers = {name: int(stored.get(name, 0)) for name in ("recycled", "refused", "passed")}
        return cls(**numbers, rules=Counter(stored.get("rules") or {}))

    def to_json(self) -> dict[str, Any]:
        return {
            "recycled": self.recycled,
            "refused": self.refused,
            "passed": self.passed,
            "rules": dict(self.rules),
        }


class Recycler:
    """One run over one pool. Every batch is a transaction that the caller's `commit_with` takes part in."""

    def __init__(self, run: RecycleRun, plan: DuePlan) -> None:
        self.run, self.plan = run, plan
        self.counts = Counts.of(run.counts)
        self.target = plan.pool.recycles_to_id or plan.pool.pk
        self._ahead: list[Place] = []
        # Rules of access and pools are read once for the run, not for every batch.
        version = AccessVersion.objects.values_list("number", flat=True).first()
        self._actor = replace(plan.actor, access_version=version or 0)

    @property
    def is_full(self) -> bool:
        """Whether the run has taken back as much as it may."""
        return self.counts.recycled >= self.plan.pool.run_cap

    def next_batch(self, after: Place | None) -> list[Place]:
        """Return the next records that look due; the last batch is empty."""
        if not self._ahead:
            self._ahead = due_places(self.plan, after, CHUNK)
        size = min(BATCH, self.plan.pool.run_cap - self.counts.recycled)
        batch, self._ahead = self._ahead[:size], self._ahead[size:]
        return batch

    def take_back(self, batch: Sequence[Place]) -> None:
        """Take back what is due among a batch, inside the caller's transaction.

        The records are locked first and asked about afterwards, by a statement of its own: what others have
        committed until then counts. One recycler at a time works on a pool.
        """
        advisory_xact_lock("pools.recycle", self.plan.pool.pk)
        locked = lock_held(self.plan, [place.id for place in batch])
        due = due_among(self.plan, locked)
        self.counts.passed += len(batch) - len(due)
        by_rule: dict[int, list[DueRecord]] = defaultdict(list)
        for record in due:
            by_rule[record.reasons[0].rule_id].append(record)
        for rule_id, records in by_rule.items():
            self._move(rule_id, records)
        self.run.counts = self.counts.to_json()
        self.run.save(update_fields=["counts"])

    def _move(self, rule_id: int, records: Sequence[DueRecord]) -> None:
        pool = self.plan.pool.pk
        moves = [Move(item.id, Holder(None, self.target), expected=Holder(item.owner_id, pool)) for item in records]
        evidence: dict[uuid.UUID, Any] = {item.id: item.evidence for item in records}
        label = records[0].reasons[0].label
        movement = Movement(
            PoolMovement.Kind.RECYCLE, reason=label, rule_id=rule_id, run_id=self.run.pk, evidence=evidence
        )
        results = RecordService(self._actor).move(self.plan.obj.name, moves, movement)
        moved = sum(not result.errors for result in results)
        self.counts.recycled += moved
        self.counts.refused += len(results) - moved
        self.counts.rules[label] += moved
