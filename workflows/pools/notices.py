"""What pools tell people: the kinds of notices, and whom they reach."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User
from crm_platform.notifications.services import notify, register_kind
from objects.access.circles import Crowd, MemberCircle
from workflows.pools.models import Pool

RECYCLED, REMINDER, EXTENSION = "pools.recycled", "pools.reminder", "pools.extension"
NAMED = 5  # records that a notice names


def register() -> None:
    """Make the kinds known; called once, when Django starts."""
    register_kind(RECYCLED, _("Records have returned to their pool"))
    register_kind(REMINDER, _("Records are about to return to their pool"))
    register_kind(EXTENSION, _("More time for records of a pool"))


def tell(
    user_ids: Collection[uuid.UUID],
    kind: str,
    *,
    title: str,
    body: str = "",
    url: str = "",
    data: Mapping[str, Any],
    dedupe_key: str,
) -> None:
    """Tell people of something, in the caller's transaction; the same `dedupe_key` reaches nobody twice."""
    if user_ids:
        notify(user_ids, kind, title=title, body=body, url=url, data=data, dedupe_key=dedupe_key)


def admins_of(pool: Pool) -> list[uuid.UUID]:
    """Return the active users who are administrators of a pool by its list of members."""
    wanted = set(pool.members.filter(is_admin=True).values_list("principal", flat=True))
    if not wanted:
        return []
    crowd = Crowd.read()
    people = User.objects.filter(is_active=True).order_by("pk").values_list("pk", "role__uuid", "department_id")
    return [person for person, *place in people if wanted.intersection(MemberCircle(crowd, person, *place).principals)]


def record_url(object_name: str, record_id: uuid.UUID) -> str:
    """Return the path of a record's page."""
    return reverse("record", args=[object_name, record_id])


def list_url(object_name: str) -> str:
    """Return the path of the list of an object's records."""
    return reverse("record-list", args=[object_name])


def named(names: Collection[str]) -> str:
    """Return the first of some names as one text."""
    shown = list(names)[:NAMED]
    return "、".join(shown) + ("…" if len(names) > NAMED else "")
