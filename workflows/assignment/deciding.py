"""Deciding for many records of one pool: which rule looks at each, and whom it chooses. Writes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crm_platform.kit.context import system_actor
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.query.conditions import Condition
from objects.query.matching import matching
from objects.query.query import MAX_LIMIT, RecordQuery
from workflows.assignment.choosing import Candidate, Choice, choose
from workflows.assignment.models import AssignmentRule
from workflows.pools.drafted import tree_of
from workflows.pools.models import Pool

OWNER = "owner_id"


@dataclass(frozen=True)
class Entry:
    """A record that has come into the pool: by which kind of movement, and who has not taken it on already."""

    id: uuid.UUID
    kind: str
    tried: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True)
class Decision:
    """The rule that looks at a record, and whom it chooses (None: nobody is free); without a rule it just waits."""

    rule: AssignmentRule | None
    choice: Choice | None = None


class Decider:
    """Decides record by record; what is given to somebody counts for the records after it."""

    def __init__(
        self,
        pool: Pool,
        rules: Sequence[AssignmentRule],
        candidates: Mapping[uuid.UUID, Sequence[Candidate]],
        now: datetime,
    ) -> None:
        self.pool, self.rules, self.candidates, self.now = pool, rules, candidates, now
        self._turns = 0
        self.object: CompiledObject = current_snapshot().object(pool.business_object.api_name)

    def decide(self, entries: Sequence[Entry]) -> dict[uuid.UUID, Decision]:
        """Return a decision for each record, in the given order."""
        by_record = self._rules_of(entries)
        values = self._values(by_record)
        owners = self._owners_before(by_record, values)
        found: dict[uuid.UUID, Decision] = {}
        for entry in entries:
            rule = by_record.get(entry.id)
            if rule is None:
                found[entry.id] = Decision(None)
                continue
            choice = None
            if len(entry.tried) < rule.most_tries:
                given = values.get(entry.id, {})
                choice = choose(
                    rule.strategy,
                    self.candidates.get(rule.pk, ()),
                    given,
                    owner_before=owners.get(entry.id),
                    without=entry.tried,
                )
            found[entry.id] = Decision(rule, choice)
            if choice is not None:
                self.take(choice.candidate)
        return found

    def take(self, chosen: Candidate) -> None:
        """Note that somebody is given one more, in every rule in which he takes part; each turn has its moment."""
        self._turns += 1
        chosen.take(self.now + timedelta(microseconds=self._turns))
        for candidates in self.candidates.values():
            for item in candidates:
                if item.user_id == chosen.user_id and item is not chosen:
                    item.load += 1

    def exclude(self, user_id: uuid.UUID) -> None:
        """Leave somebody out from now on: he can't be given any more."""
        for candidates in self.candidates.values():
            for item in candidates:
                if item.user_id == user_id:
                    item.is_free = False

    # --- inner workings -----------------------------------------------------------------------------------------
    def _rules_of(self, entries: Sequence[Entry]) -> dict[uuid.UUID, AssignmentRule]:
        """Return the first rule that looks at each record."""
        left = {entry.id: entry for entry in entries}
        found: dict[uuid.UUID, AssignmentRule] = {}
        for rule in self.rules:
            ids = [entry.id for entry in left.values() if entry.kind in rule.entries]
            tree = tree_of(self.object, rule.condition)
            met = set(ids) if tree is None or not ids else matching(system_actor(), self.object, [(tree, ids)])[0]
            found |= dict.fromkeys(met, rule)
            left = {key: entry for key, entry in left.items() if key not in met}
        return found

    def _values(self, by_record: Mapping[uuid.UUID, AssignmentRule]) -> dict[uuid.UUID, Mapping[str, Any]]:
        """Return what rules compare of the records, in the form of the Open API; by one query."""
        names = {name for rule in set(by_record.values()) for name in self._compared(rule)}
        known = sorted(names & self.object.fields.keys())
        if not known:
            return {}
        rows = RecordQuery(system_actor(), self.object.name).where_ids(by_record).fields("id", *known).page(MAX_LIMIT)
        return {uuid.UUID(str(row["id"])): row for row in rows.dicts()}

    def _compared(self, rule: AssignmentRule) -> set[str]:
        tags = {name for item in self.candidates.get(rule.pk, ()) for name in item.tags}
        return tags | set(rule.sticky_fields)

    def _owners_before(
        self, by_record: Mapping[uuid.UUID, AssignmentRule], values: Mapping[uuid.UUID, Mapping[str, Any]]
    ) -> dict[uuid.UUID, uuid.UUID]:
        """Return who holds the newest other record that is equal in a sticky field; one query per field."""
        found: dict[uuid.UUID, uuid.UUID] = {}
        fields = dict.fromkeys(name for rule in self.rules for name in rule.sticky_fields if name in self.object.fields)
        for name in fields:
            wanted = {
                record: values[record][name]
                for record, rule in by_record.items()
                if name in rule.sticky_fields and record not in found and values.get(record, {}).get(name)
            }
            owners = self._holders(name, list(dict.fromkeys(map(str, wanted.values()))))
            found |= {record: owners[str(value)] for record, value in wanted.items() if str(value) in owners}
        return found

    def _holders(self, name: str, values: Sequence[str]) -> dict[str, uuid.UUID]:
        if not values:
            return {}
        query = RecordQuery(system_actor(), self.object.name).where(Condition(name, "in", list(values)))
        page = query.where(Condition(OWNER, "nempty")).fields(name, OWNER).order("created_at").page(MAX_LIMIT)
        return {str(row[name]): uuid.UUID(str(row[OWNER])) for row in page.dicts()}
