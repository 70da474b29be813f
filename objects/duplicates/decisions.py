"""What stays of duplicates that were saved all the same: decisions with their reasons, and sets to look at."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_platform.kit.context import Actor
from crm_platform.kit.ids import uuid7
from metadata.compiler.spec import DuplicateRuleSpec, ObjectSpec
from objects.duplicates.finding import Match
from objects.duplicates.models import DuplicateDecision, DuplicateMember, DuplicateSet

REASON_LENGTH = 500
MEMBERS = 20
Found = tuple[uuid.UUID, DuplicateRuleSpec, str, Sequence[Match]]  # record, rule, action, what matches


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and by whom records of an object were saved beside their duplicates, and why."""

    actor: Actor
    spec: ObjectSpec
    event: str
    reason: str
    now: datetime


def remember(occasion: Occasion, found: Sequence[Found]) -> None:
    """Write decisions for warnings that were passed over, and sets for what was only to be reported."""
    spec = occasion.spec
    decided = [
        DuplicateDecision(
            rule_uuid=rule.uuid,
            rule=rule.api_name,
            event=occasion.event,
            object_id=spec.id,
            record_id=record_id,
            matches=[_told(match) for match in matches[:MEMBERS]],
            reason=occasion.reason[:REASON_LENGTH],
            actor_id=occasion.actor.user_id,
            at=occasion.now,
        )
        for record_id, rule, action, matches in found
        if action == "warn"
    ]
    if decided:
        DuplicateDecision.objects.bulk_create(decided)
    reported = [item for item in found if item[2] in ("report", "route")]
    if reported:
        add_sets(spec, [(record_id, rule, matches) for record_id, rule, _action, matches in reported], occasion.now)


def add_sets(
    spec: ObjectSpec, found: Sequence[tuple[uuid.UUID, DuplicateRuleSpec, Sequence[Match]]], now: datetime
) -> list[DuplicateSet]:
    """Write a set for each record with what it matches, unless an open set of the rule holds them all."""
    known = _open_pairs({record_id for record_id, _rule, _matches in found})
    sets, members = [], []
    for record_id, rule, matches in found:
        others = {match.record_id: match for match in matches[:MEMBERS]}
        if all((record_id, other) in known for other in others):
            continue
        together = [record_id, *others]
        known |= {(one, other) for one in together for other in together}
        made = DuplicateSet(
            id=uuid7(),
            object_id=spec.id,
            rule=rule.api_name,
            rule_uuid=rule.uuid,
            score=max(match.score for match in others.values()),
            size=len(others) + 1,
            created_at=now,
        )
        sets.append(made)
        members.append(DuplicateMember(duplicate_set=made, object_id=spec.id, record_id=record_id, score=100))
        members += [
            DuplicateMember(duplicate_set=made, object_id=match.target.id, record_id=other, score=match.score)
            for other, match in others.items()
        ]
    DuplicateSet.objects.bulk_create(sets)
    DuplicateMember.objects.bulk_create(members)
    return sets


def _open_pairs(record_ids: set[uuid.UUID]) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """Return the pairs of these records with others that stand in an open set together."""
    mine = DuplicateMember.objects.filter(record_id__in=record_ids, duplicate_set__state=DuplicateSet.State.OPEN)
    members = DuplicateMember.objects.filter(duplicate_set_id__in=mine.values("duplicate_set_id"))
    by_set: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for set_id, record_id in members.values_list("duplicate_set_id", "record_id"):
        by_set[set_id].append(record_id)
    return {(one, other) for group in by_set.values() for one in group if one in record_ids for other in group}


def _told(match: Match) -> dict[str, Any]:
    return {"object": match.target.api_name, "id": str(match.record_id), "score": match.score}
