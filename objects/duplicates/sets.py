"""Sets of duplicates for people: which of them somebody may see, what is in them, and closing them."""

from __future__ import annotations

import itertools
import uuid
from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, StateConflict
from crm_platform.kit.frozen import FrozenDict
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import DuplicateRuleSpec, Labels, MatchingRuleSpec
from objects.access.policy import AccessPolicy
from objects.duplicates.finding import Ask, Match
from objects.duplicates.models import DuplicateMember, DuplicateSet, NotDuplicate
from objects.duplicates.plan import Matching
from objects.duplicates.results import Card, cards
from objects.query.query import RecordQuery

SCANNED = 1_000  # open sets looked at for those that the caller may see


def open_sets(actor: Actor) -> list[DuplicateSet]:
    """Return the open sets of which the caller may see two living records at least, the surest first."""
    policy = AccessPolicy.of(actor)
    objects = [spec.id for spec in policy.readable_objects()]
    rows = DuplicateSet.objects.filter(state=DuplicateSet.State.OPEN, object_id__in=objects)
    found = list(rows.order_by("-score", "-id").prefetch_related("members")[:SCANNED])
    visible = _visible(actor, [member for item in found for member in item.members.all()])
    return [item for item in found if sum(member.record_id in visible for member in item.members.all()) > 1]


def visible_set(actor: Actor, set_id: uuid.UUID) -> DuplicateSet:
    """Return a set of which the caller may see two records at least; raises NotFound."""
    found = DuplicateSet.objects.prefetch_related("members").filter(pk=set_id).first()
    if found is None or current_snapshot().spec.object_by_id.get(found.object_id) is None:
        raise NotFound
    if len(_visible(actor, list(found.members.all()))) < (2 if found.state == DuplicateSet.State.OPEN else 1):
        raise NotFound
    return found


def cards_of(actor: Actor, found: DuplicateSet) -> list[Card]:
    """Return the records of a set as the caller may know them, the first one first."""
    snapshot = current_snapshot()
    members = [item for item in found.members.all() if item.object_id in snapshot.spec.object_by_id]
    visible, owner = _visible(actor, members), snapshot.spec.object_by_id[found.object_id]
    rule = next((item for item in owner.duplicate_rules if item.uuid == found.rule_uuid), None)
    shown = rule or DuplicateRuleSpec(found.rule_uuid, found.rule, Labels(), (), FrozenDict())
    matches = []
    for member in sorted(members, key=lambda item: -item.score):
        target = snapshot.spec.object_by_id[member.object_id]
        matching = Matching(MatchingRuleSpec(found.rule_uuid, found.rule, Labels(), target.api_name, ()), target, ())
        ask = Ask(found.rule, matching, shown)
        matches.append(Match(ask, target, member.record_id, member.score, member.record_id in visible))
    return cards(actor, snapshot, matches)


def dismiss(actor: Actor, found: DuplicateSet) -> None:
    """Close a set whose records are different, and remember it of each pair; raises StateConflict when closed."""
    with transaction.atomic():
        row = DuplicateSet.objects.select_for_update().get(pk=found.pk)
        if row.state != DuplicateSet.State.OPEN:
            raise StateConflict
        now = timezone.now()
        ids = sorted(row.members.values_list("record_id", flat=True))
        pairs = [
            NotDuplicate(first_id=first, second_id=second, actor_id=actor.user_id, at=now)
            for first, second in itertools.combinations(ids, 2)
        ]
        NotDuplicate.objects.bulk_create(pairs, ignore_conflicts=True)
        row.state, row.closed_at, row.closed_by_id = DuplicateSet.State.DISMISSED, now, actor.user_id
        row.save(update_fields=["state", "closed_at", "closed_by_id"])


def _visible(actor: Actor, members: Sequence[DuplicateMember]) -> set[uuid.UUID]:
    """Return those of the members that are alive and that the caller may see."""
    policy, snapshot = AccessPolicy.of(actor), current_snapshot()
    by_object: dict[int, set[uuid.UUID]] = defaultdict(set)
    for member in members:
        by_object[member.object_id].add(member.record_id)
    found: set[uuid.UUID] = set()
    for object_id, ids in by_object.items():
        spec = snapshot.spec.object_by_id.get(object_id)
        if spec is not None and policy.can(spec.api_name, "read"):
            found |= RecordQuery(actor, spec.api_name).visible_ids(ids)
    return found
