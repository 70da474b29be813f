"""What the rules of a pool would do with the newest records of its object: the same code, and nothing is written."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Message
from objects.query.query import RecordQuery
from workflows.assignment.deciding import Decider, Decision, Entry
from workflows.assignment.models import Assignment, AssignmentRule
from workflows.assignment.people import candidates_of
from workflows.pools.models import PoolMovement
from workflows.pools.services.seats import seat

MOST = 100


@dataclass(frozen=True)
class Simulated:
    """A record and what would become of it: `person` is empty where nobody would get it."""

    id: uuid.UUID
    title: str
    rule: str
    person: str
    why: Message


def simulate(actor: Actor, pool_id: uuid.UUID, count: int = MOST) -> list[Simulated]:
    """Return what would become of the newest records that the caller sees, had they come in just now.

    For the pool's administrators; raises NotFound and Forbidden.
    """
    place = seat(actor, pool_id)
    place.require_admin()
    query = RecordQuery(actor, place.object_name)
    name = query.name_fields()
    page = query.fields("id", *name).page(min(count, MOST))
    titles = {uuid.UUID(str(row["id"])): str(row.get(name[0]) or "") if name else "" for row in page.dicts()}
    now, rules = timezone.now(), list(AssignmentRule.objects.filter(pool=place.pool, is_active=True))
    decider = Decider(place.pool, rules, candidates_of(place.pool, rules, now, lock=False), now)
    decisions = decider.decide([Entry(key, PoolMovement.Kind.CREATE) for key in titles])
    people = {item.choice.candidate.user_id for item in decisions.values() if item.choice}
    names = dict(User.objects.filter(pk__in=people).values_list("pk", "name"))
    return [_shown(key, title, decisions[key], names) for key, title in titles.items()]


def _shown(record: uuid.UUID, title: str, decision: Decision, names: dict[uuid.UUID, str]) -> Simulated:
    if decision.rule is None:
        return Simulated(record, title, "", "", _("No rule looks at it"))
    if decision.choice is None:
        return Simulated(record, title, decision.rule.label, "", _("Nobody was free"))
    person = names.get(decision.choice.candidate.user_id, "")
    return Simulated(record, title, decision.rule.label, person, Assignment.Reason(decision.choice.reason).label)
