"""All reads of users, departments, roles, profiles and the organisation's settings."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from crm_platform.identity.models import (
    Department,
    OrganizationSettings,
    PermissionSet,
    Profile,
    Role,
    User,
    UserDepartment,
    UserGroup,
)
from crm_platform.identity.people import searched, visible_people
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound

USER_STATES = ("active", "inactive", "all")


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """A department as the tree shows it; `level` is 0 for the root."""

    department: Department
    level: int
    members: int  # active users whose own department it is
    visitors: int  # active users who belong to it besides their own
    within: int  # active users whose own department is it or one below it
    parent_id: uuid.UUID | None
    has_children: bool

    @property
    def steps(self) -> range:
        """One item per level, for templates that indent."""
        return range(self.level)


def organization_settings() -> OrganizationSettings:
    """Return the organisation's settings."""
    return OrganizationSettings.objects.get()


def department_tree(actor: Actor) -> list[DepartmentRow]:
    """Return all departments in the order of the tree, each with the numbers of its active members."""
    rows = list(Department.objects.order_by("path"))
    own = _counts(User.objects.filter(is_active=True))
    others = _counts(UserDepartment.objects.filter(user__is_active=True))
    by_path = {row.path: row.pk for row in rows}
    within: dict[str, int] = defaultdict(int)
    for row in rows:
        for end in range(Department.steplen, len(row.path) + 1, Department.steplen):
            within[row.path[:end]] += own.get(row.pk, 0)
    parents = {row.path[: -Department.steplen] for row in rows}
    return [
        DepartmentRow(
            row,
            row.depth - 1,
            own.get(row.pk, 0),
            others.get(row.pk, 0),
            within[row.path],
            by_path.get(row.path[: -Department.steplen]),
            row.path in parents,
        )
        for row in rows
    ]


def _counts(members: QuerySet[Any]) -> dict[uuid.UUID, int]:
    """Return the number of rows by their department."""
    return dict(members.order_by().values_list("department").annotate(Count("pk")))


def get_department(actor: Actor, department_id: uuid.UUID) -> Department:
    """Return a department; raises NotFound."""
    found: Department | None = Department.objects.filter(pk=department_id).first()
    if found is None:
        raise NotFound
    return found


def parent_of(department: Department) -> Department | None:
    """Return the department above, None for the root."""
    path = department.path[: -Department.steplen]
    found: Department | None = Department.objects.filter(path=path).first() if path else None
    return found


def users(actor: Actor, *, text: str = "", state: str = "active") -> QuerySet[User]:
    """Return the users whom the caller finds, by name: those that the text names by what he may know of them."""
    found = User.objects.select_related("department", "role", "profile", "manager").order_by("name", "id")
    if state != "all":
        found = found.filter(is_active=state == "active")
    return found.filter(visible_people(actor), searched(actor, text))


def get_user(actor: Actor, user_id: uuid.UUID) -> User:
    """Return a user with department, role, profile and manager; raises NotFound."""
    found = User.objects.select_related("department", "role", "profile", "manager").filter(pk=user_id).first()
    if found is None:
        raise NotFound
    return found


def roles(actor: Actor) -> QuerySet[Role]:
    """Return all roles in the order in which they were made."""
    return Role.objects.order_by("id")


def profiles(actor: Actor) -> QuerySet[Profile]:
    """Return all profiles in the order in which they were made."""
    return Profile.objects.order_by("id")


def groups(actor: Actor) -> QuerySet[UserGroup]:
    """Return all groups by name, each with its `member_count`."""
    return UserGroup.objects.annotate(member_count=Count("group__user")).order_by("name", "id")


def get_group(actor: Actor, group_id: uuid.UUID) -> UserGroup:
    """Return a group; raises NotFound."""
    found = UserGroup.objects.filter(uuid=group_id).first()
    if found is None:
        raise NotFound
    return found


def members_of(actor: Actor, group: UserGroup) -> QuerySet[User]:
    """Return the members of a group by name."""
    return User.objects.filter(groups=group.group_id).select_related("department").order_by("name", "id")


@dataclass(frozen=True, slots=True)
class Standing:
    """What a user is, besides what his own row says."""

    permission_sets: list[PermissionSet]
    groups: list[UserGroup]
    departments: list[UserDepartment]
    reports: list[User]
    is_invited: bool  # and has not come yet


def standing_of(actor: Actor, user: User, now: datetime) -> Standing:
    """Return a user's permission sets, groups, other departments and reports."""
    return Standing(
        list(PermissionSet.objects.filter(group__user=user).order_by("name", "id")),
        list(UserGroup.objects.filter(group__user=user).order_by("name", "id")),
        list(user.other_departments.select_related("department").order_by("department__path")),
        list(user.reports.filter(is_active=True).order_by("name", "id")),
        user.invitations.filter(used_at=None, expires_at__gt=now).exists(),
    )
