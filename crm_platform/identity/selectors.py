"""All reads of users, departments, roles, profiles and the organisation's settings."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from crm_platform.identity.models import Department, OrganizationSettings, Profile, Role, User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound

USER_STATES = ("active", "inactive", "all")


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """A department as the tree shows it; `level` is 0 for the root."""

    department: Department
    level: int
    members: int

    @property
    def steps(self) -> range:
        """One item per level, for templates that indent."""
        return range(self.level)


def organization_settings() -> OrganizationSettings:
    """Return the organisation's settings."""
    return OrganizationSettings.objects.get()


def department_tree(actor: Actor) -> list[DepartmentRow]:
    """Return all departments in the order of the tree, each with the number of its active members."""
    members = Count("members", filter=Q(members__is_active=True))
    return [
        DepartmentRow(department, department.depth - 1, department.member_count)
        for department in Department.objects.annotate(member_count=members)
    ]


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
    """Return users by name, those that the text names in name, user name, e-mail or phone."""
    found = User.objects.select_related("department", "role", "profile", "manager").order_by("name", "id")
    if state != "all":
        found = found.filter(is_active=state == "active")
    for word in text.split():
        found = found.filter(
            Q(name__icontains=word) | Q(username__icontains=word) | Q(email__icontains=word) | Q(phone__icontains=word)
        )
    return found


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
