"""What becomes of a leaver's places: teams, shares, reports, groups, territories, permission sets, delegations."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from crm_platform.identity.models import PermissionSet, User, UserGroup
from crm_platform.identity.services import remove_group_members, set_permission_set_members, update_user
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import PlatformError
from crm_platform.kit.sqlnames import quote
from metadata.compiler.current import current_snapshot
from objects.access.models import Delegation, RecordShare
from objects.access.principals import USER, Principal
from objects.access.services.delegations import end_delegation
from objects.access.services.territories import remove_members
from objects.handover.plan import PASS, REMOVE, Plan

_MERGE = """
    UPDATE objects_recordshare h SET level = greatest(h.level, s.level) FROM objects_recordshare s
    WHERE h.principal = %(heir)s AND s.principal = %(leaver)s AND s.source = %(source)s AND h.source = s.source
    AND h.record_id = s.record_id AND h.level < s.level
"""
_HAND_ON = """
    UPDATE objects_recordshare s SET principal = %(heir)s WHERE s.principal = %(leaver)s AND s.source = %(source)s
    AND NOT EXISTS (SELECT FROM objects_recordshare h WHERE h.record_id = s.record_id AND h.source = s.source
    AND h.principal = %(heir)s)
"""
_OWN = """
    DELETE FROM objects_recordshare s USING {} t
    WHERE s.principal = %s AND s.source = 'team' AND s.object_id = %s AND t.id = s.record_id AND t.owner_id = %s
"""


def settle_places(actor: Actor, leaver: User, plan: Plan) -> dict[str, Any]:
    """Carry out what the plan says about the leaver's places, in the caller's transaction.

    Returns counts by kind; `refused` lists, in words, what other rules did not allow.
    """
    refused: list[str] = []
    done = {
        "teams": _shares(leaver.pk, plan, RecordShare.Source.TEAM, plan.teams),
        "shares": _shares(leaver.pk, plan, RecordShare.Source.MANUAL, plan.shares),
        "reports": _reports(actor, leaver, plan, refused),
        "groups": _leave_groups(actor, leaver, refused) if plan.leave_groups else 0,
        "territories": _leave_territories(actor, leaver) if plan.leave_groups else 0,
        "permission_sets": _leave_permission_sets(actor, leaver, refused) if plan.leave_permission_sets else 0,
        "delegations": _end_delegations(actor, leaver) if plan.end_delegations else 0,
    }
    return {**done, "refused": refused}


def _shares(leaver_id: uuid.UUID, plan: Plan, source: str, what: str) -> int:
    leaver = str(Principal(USER, leaver_id))
    rows = RecordShare.objects.filter(principal=leaver, source=source)
    if what == REMOVE:
        return rows.delete()[0]
    if what != PASS or plan.heir is None:
        return 0
    count = rows.count()
    if not count:
        return 0
    heir = str(Principal(USER, plan.heir))
    with connection.cursor() as cursor:
        for sql in (_MERGE, _HAND_ON):
            cursor.execute(sql, {"heir": heir, "leaver": leaver, "source": source})
        rows.delete()  # the heir had a place of his own there
        if source == RecordShare.Source.TEAM:
            for table, object_id in _tables_with_teams(heir):
                cursor.execute(_OWN.format(quote(table)), [heir, object_id, plan.heir])
    return count


def _tables_with_teams(principal: str) -> Iterator[tuple[str, int]]:
    """Yield table and id of the objects on whose teams somebody is: owners need no place there."""
    rows = RecordShare.objects.filter(principal=principal, source=RecordShare.Source.TEAM)
    snapshot = current_snapshot()
    for object_id in rows.order_by("object_id").values_list("object_id", flat=True).distinct():
        if object_id in snapshot.spec.object_by_id:
            yield snapshot.object_by_id(object_id).table, object_id


def _reports(actor: Actor, leaver: User, plan: Plan, refused: list[str]) -> int:
    """Give the leaver's reports the new manager, who himself comes below the leaver's own."""
    if plan.reports_to is None:
        return 0
    manager, count = User.objects.get(pk=plan.reports_to), 0
    reports = list(User.objects.filter(manager=leaver).order_by("id"))
    for person in sorted(reports, key=lambda item: item.pk != manager.pk):  # he first: else there would be a circle
        above = leaver.manager if person.pk == manager.pk else manager
        count += _allowed(
            person.name, refused, lambda person=person, above=above: update_user(actor, person.pk, manager=above)
        )
    return count


def _leave_groups(actor: Actor, leaver: User, refused: list[str]) -> int:
    groups = UserGroup.objects.filter(group__user=leaver).order_by("id")
    return sum(
        _allowed(item.name, refused, lambda item=item: remove_group_members(actor, item.uuid, [leaver.pk]))
        for item in list(groups)
    )


def _leave_territories(actor: Actor, leaver: User) -> int:
    own = list(leaver.territories.order_by("id").values_list("territory_id", flat=True))
    for territory_id in own:
        remove_members(actor, territory_id, [leaver.pk])
    return len(own)


def _leave_permission_sets(actor: Actor, leaver: User, refused: list[str]) -> int:
    count = 0
    for item in list(PermissionSet.objects.select_related("group").filter(group__user=leaver).order_by("id")):
        others = list(item.group.user_set.exclude(pk=leaver.pk).values_list("pk", flat=True))
        count += _allowed(
            item.name, refused, lambda item=item, others=others: set_permission_set_members(actor, item.uuid, others)
        )
    return count


def _end_delegations(actor: Actor, leaver: User) -> int:
    concerned = Delegation.objects.filter(Q(user=leaver) | Q(delegate=leaver), ends_at__gt=timezone.now())
    ids = list(concerned.order_by("id").values_list("pk", flat=True))
    for item in ids:
        end_delegation(actor, item)
    return len(ids)


def _allowed(name: str, refused: list[str], work: Any) -> int:
    """Do one thing that other rules may forbid; 1 when it was done, else its reason is noted."""
    try:
        with transaction.atomic():
            work()
    except PlatformError as error:
        told = getattr(error, "errors", ())
        refused.append(f"{name}: {' '.join(item.text for item in told) or error.message}")
        return 0
    return 1
