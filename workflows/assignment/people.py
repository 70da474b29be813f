"""What is known of the people among whom rules choose: who is here, who is absent, what each holds."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Sum

from crm_platform.identity.auth import build_actor, users_for_actor
from crm_platform.jobs.locality import organization_zone
from crm_platform.kit.context import system_actor
from crm_platform.kit.workdays import WorkCalendar, add_work_seconds
from metadata.expressions.surroundings import Surroundings
from objects.access.policy import AccessPolicy
from objects.access.reach import READ
from objects.records.models import Holding
from workflows.assignment.choosing import Candidate
from workflows.assignment.models import Absence, AssignmentMember, AssignmentRule
from workflows.pools.models import Pool


def candidates_of(
    pool: Pool, rules: Iterable[AssignmentRule], now: datetime, *, lock: bool
) -> dict[uuid.UUID, list[Candidate]]:
    """Return the candidates of each rule, by its id; with `lock` nobody else chooses among them meanwhile.

    One person in several rules has one load: what he gets by one of them counts in the others when they are asked.
    """
    rows = AssignmentMember.objects.filter(rule__in=list(rules)).order_by("id")
    members = list(rows.select_for_update(of=("self",)) if lock else rows)
    people = {member.user_id for member in members}
    free, loads = _free(pool, people, now), _loads(pool, people)
    found: dict[uuid.UUID, list[Candidate]] = defaultdict(list)
    for member in members:
        found[member.rule_id].append(
            Candidate(
                user_id=member.user_id,
                member_id=member.pk,
                position=member.position,
                weight=member.weight,
                capacity=member.capacity,
                tags=member.tags,
                assigned=member.assigned,
                last_assigned_at=member.last_assigned_at,
                load=loads.get(member.user_id, 0),
                is_free=member.user_id in free,
            )
        )
    return found


def next_opening(now: datetime) -> datetime:
    """Return `now` within the organisation's working hours, else the moment when the next ones begin.

    A calendar without working days is no calendar: then every hour is one.
    """
    calendar: WorkCalendar = Surroundings(system_actor()).work_calendar()
    return add_work_seconds(calendar, now, 0, organization_zone()) or now


def _free(pool: Pool, people: set[uuid.UUID], now: datetime) -> set[uuid.UUID]:
    """Return who is active, not absent, and may read records of the pool's object at all."""
    absent = set(
        Absence.objects.filter(user__in=people, starts_at__lte=now, ends_at__gt=now).values_list("user_id", flat=True)
    )
    name = str(pool.business_object.api_name)
    users = users_for_actor().filter(pk__in=people - absent, is_active=True)
    return {user.pk for user in users if AccessPolicy.of(build_actor(user, via="job")).can(name, READ)}


def _loads(pool: Pool, people: set[uuid.UUID]) -> dict[uuid.UUID, int]:
    rows = Holding.objects.filter(object_id=pool.business_object_id, user__in=people, pool_id=pool.pk)
    return dict(rows.values_list("user_id").annotate(Sum("held")))
