"""What a person holds beside records: reports, memberships, shares, delegations, jobs, and what layers above add."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from objects.access.principals import USER, Principal

_PARTS: tuple[tuple[str, str | Promise, str], ...] = (
    (
        "reports",
        _("People who report to this person"),
        "SELECT count(*) FROM identity_user WHERE manager_id = %(user)s AND is_active",
    ),
    (
        "departments",
        _("Other departments"),
        "SELECT count(*) FROM identity_userdepartment WHERE user_id = %(user)s",
    ),
    (
        "groups",
        _("Groups"),
        "SELECT count(*) FROM identity_user_groups m JOIN identity_usergroup g ON g.group_id = m.group_id"
        " WHERE m.user_id = %(user)s",
    ),
    (
        "territories",
        _("Territories"),
        "SELECT count(*) FROM objects_territorymember WHERE user_id = %(user)s",
    ),
    (
        "permission_sets",
        _("Permission sets"),
        "SELECT count(*) FROM identity_user_groups m JOIN identity_permissionset p ON p.group_id = m.group_id"
        " WHERE m.user_id = %(user)s",
    ),
    (
        "teams",
        _("Places on teams"),
        "SELECT count(*) FROM objects_recordshare WHERE principal = %(principal)s AND source = 'team'",
    ),
    (
        "shares",
        _("Records shared with this person"),
        "SELECT count(*) FROM objects_recordshare WHERE principal = %(principal)s AND source = 'manual'"
        " AND (expires_at IS NULL OR expires_at > now())",
    ),
    (
        "sharing_rules",
        _("Sharing and restriction rules that name this person"),
        "SELECT (SELECT count(*) FROM objects_sharingrule WHERE %(principal)s IN (owned_by, shared_with))"
        " + (SELECT count(*) FROM objects_restrictionrule WHERE applies_to = %(principal)s)",
    ),
    (
        "delegations",
        _("Delegations from and to this person"),
        "SELECT count(*) FROM objects_delegation WHERE %(user)s IN (user_id, delegate_id) AND ends_at > now()",
    ),
    (
        "jobs",
        _("Unfinished jobs"),
        "SELECT count(*) FROM jobs_job WHERE created_by_id = %(user)s AND state IN ('queued', 'running')",
    ),
)


@dataclass(frozen=True, slots=True)
class Holding:
    """A kind of thing, and how many of them the person has."""

    key: str
    label: str | Promise
    count: int


more_holdings: list[Callable[[uuid.UUID], Holding]] = []  # filled by the layers above


def holdings(user_id: uuid.UUID) -> tuple[Holding, ...]:
    """Count everything that a person holds beside records: one statement, and one for each kind from above."""
    parameters: dict[str, uuid.UUID | str] = {"user": user_id, "principal": str(Principal(USER, user_id))}
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"({sql})" for _key, _label, sql in _PARTS), parameters)
        counts = cursor.fetchone()
    found = [Holding(key, label, count) for (key, label, _sql), count in zip(_PARTS, counts, strict=True)]
    return (*found, *(count(user_id) for count in more_holdings))
