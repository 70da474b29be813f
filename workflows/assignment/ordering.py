"""Having the rules give out at once what waits in a pool, and telling what became of each record, and why."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import StateConflict, ValidationFailed
from objects.records.unit import run_unit
from workflows.assignment.deciding import Decision
from workflows.assignment.routing import BATCH, Order, decide_and_give, evidence_of
from workflows.pools.outcomes import Outcome, refused
from workflows.pools.returning import unique
from workflows.pools.services.seats import Seat, seat
from workflows.pools.waiting import explain_lost, read_waiting, within_reach


@dataclass(frozen=True)
class Assigned:
    """What became of a record: by which rule who got it, and what the log says about that; or why nobody did."""

    outcome: Outcome
    owner_id: uuid.UUID | None = None
    rule_id: uuid.UUID | None = None
    evidence: Mapping[str, Any] | None = None


def auto_assign(actor: Actor, pool_id: uuid.UUID, ids: Iterable[uuid.UUID] | None = None) -> list[Assigned]:
    """Have the rules of a pool give these records to people, or those that have waited longest, up to a hundred.

    For the pool's administrators, as far as records are in their reach. What nobody was free for a moment ago is
    looked at again only where it is named. Raises NotFound, Forbidden, ValidationFailed for too many.
    """
    place, wanted = seat(actor, pool_id), None if ids is None else unique(ids)
    place.require_admin()
    if wanted is not None and len(wanted) > BATCH:
        raise ValidationFailed.single("ids", "out_of_range", _("At most %(max)d records at once."), max=BATCH)
    order = Order(actor, wanted, lambda found: within_reach(place, found))

    def work() -> list[Assigned]:
        final = decide_and_give(pool_id, timezone.now(), order)
        left = _left(place, [item for item in wanted or () if item not in final])
        decided = {key: _assigned(key, decision) for key, decision in final.items()}
        return [(decided | left)[item] for item in (decided if wanted is None else wanted)]

    return run_unit(work)


def _assigned(record_id: uuid.UUID, decision: Decision) -> Assigned:
    rule, choice = decision.rule, decision.choice
    if rule is None:
        return _kept(record_id, _("No rule looks at it"))
    if choice is None:
        return _kept(record_id, _("Nobody was free"), rule.pk)
    return Assigned(Outcome(record_id), choice.candidate.user_id, rule.pk, evidence_of(decision))


def _left(place: Seat, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Assigned]:
    """Say of records that were not looked at whether they wait, somebody has them, or they are not known."""
    still = read_waiting(place, within_reach(place, ids), lock=False) if ids else {}
    lost = explain_lost(place, [item for item in ids if item not in still])
    kept = {item: _kept(item, _("No rule looks at it")) for item in still}
    return {**{key: Assigned(outcome) for key, outcome in lost.items()}, **kept}


def _kept(record_id: uuid.UUID, message: str, rule_id: uuid.UUID | None = None) -> Assigned:
    return Assigned(refused(record_id, StateConflict(message)), rule_id=rule_id)
