"""`Circle`: the people and departments around a caller, from which his reach is worked out."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property, lru_cache
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from crm_platform.identity.models import Department, Role, User, UserDepartment, UserGroup
from crm_platform.kit.context import Actor
from crm_platform.tenancy.context import current_schema
from objects.access import principals, territory_places
from objects.access.models import Delegation

_SUBORDINATES = """
    WITH RECURSIVE line AS (
        SELECT id FROM identity_user WHERE manager_id = %s
        UNION SELECT u.id FROM identity_user u JOIN line ON u.manager_id = line.id
    ) SELECT id FROM line
"""
_ROLES_BELOW = """
    WITH RECURSIVE below AS (
        SELECT id FROM identity_role WHERE parent_id = (SELECT id FROM identity_role WHERE uuid = %s)
        UNION SELECT r.id FROM identity_role r JOIN below ON r.parent_id = below.id
    ) SELECT u.id FROM identity_user u JOIN below ON u.role_id = below.id
"""


class StandIn(NamedTuple):
    """Somebody for whom the caller stands in, and when."""

    user_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime


class Circle:
    """What is around one person; each part is read when it is asked for first, and kept.

    Kept per access version in each process: every change of users, roles, groups, departments and territories makes a
    new one.
    """

    def __init__(self, user_id: uuid.UUID, role_id: uuid.UUID | None, department_id: uuid.UUID | None) -> None:
        self.user_id, self._role_id, self._department_id = user_id, role_id, department_id

    @cached_property
    def department_ids(self) -> tuple[uuid.UUID, ...]:
        """The person's own department, then the others to which he belongs."""
        others = UserDepartment.objects.filter(user=self.user_id).order_by("id").values_list("department_id", flat=True)
        own = [self._department_id] if self._department_id else []
        return tuple(dict.fromkeys([*own, *others]))

    @cached_property
    def department_paths(self) -> tuple[str, ...]:
        found = dict(Department.objects.filter(pk__in=self.department_ids).values_list("id", "path"))
        return tuple(found[item] for item in self.department_ids if item in found)

    @cached_property
    def departments_below(self) -> tuple[uuid.UUID, ...]:
        """The person's departments and all below them."""
        return departments_within(self.department_paths)

    @cached_property
    def departments_above(self) -> tuple[uuid.UUID, ...]:
        """The person's departments and all above them."""
        step = Department.steplen
        paths = {path[:end] for path in self.department_paths for end in range(step, len(path) + 1, step)}
        return tuple(Department.objects.filter(path__in=paths).order_by("path").values_list("id", flat=True))

    @cached_property
    def subordinates(self) -> tuple[uuid.UUID, ...]:
        """Everybody whose line of managers leads to the person."""
        return _ids(_SUBORDINATES, self.user_id)

    @cached_property
    def people_of_roles_below(self) -> tuple[uuid.UUID, ...]:
        return _ids(_ROLES_BELOW, self._role_id) if self._role_id else ()

    @cached_property
    def group_ids(self) -> tuple[uuid.UUID, ...]:
        return tuple(UserGroup.objects.filter(group__user=self.user_id).order_by("id").values_list("uuid", flat=True))

    @cached_property
    def roles_above(self) -> tuple[uuid.UUID, ...]:
        """The person's role and all above it."""
        found: list[uuid.UUID] = []
        parents = {item: (key, parent) for key, item, parent in Role.objects.values_list("id", "uuid", "parent_id")}
        names = {key: item for item, (key, _parent) in parents.items()}
        here = self._role_id
        while here is not None and here not in found and here in parents:
            found.append(here)
            here = names.get(parents[here][1])  # type: ignore[arg-type]
        return tuple(found)

    @cached_property
    def stand_ins(self) -> tuple[StandIn, ...]:
        rows = Delegation.objects.filter(delegate=self.user_id).order_by("id")
        return tuple(StandIn(*row) for row in rows.values_list("user_id", "starts_at", "ends_at"))

    @cached_property
    def territory_places(self) -> tuple[str, ...]:
        """The places of the open territories of which the person is a member."""
        return territory_places.own_places(self.user_id)

    @cached_property
    def territory_principals(self) -> frozenset[str]:
        """The territories under which sharing rules can mean the person. Nothing else is shared with territories."""
        own = self.territory_places
        return territory_places.reached(own, territory_places.around(own)) if own else frozenset()

    @cached_property
    def principals(self) -> tuple[str, ...]:
        """Everything else under which something can be shared with the person, in written form."""
        roles = [self._role_id] if self._role_id else []
        return (
            principals.EVERYONE,
            *principals.written(principals.USER, [self.user_id]),
            *principals.written(principals.ROLE, roles),
            *principals.written(principals.ROLE_BELOW, self.roles_above),
            *principals.written(principals.GROUP, self.group_ids),
            *principals.written(principals.DEPARTMENT, self.department_ids),
            *principals.written(principals.DEPARTMENT_BELOW, self.departments_above),
        )

    def stands_in_for(self, now: datetime) -> tuple[uuid.UUID, ...]:
        """Return for whom the person stands in at a moment."""
        return tuple(item.user_id for item in self.stand_ins if item.starts_at <= now < item.ends_at)


CIRCLE = "access.circle"  # in the memo of an actor whose circle was read together with those of others


def circle_of(actor: Actor) -> Circle:
    """Return the caller's circle; the caller must be a user."""
    assert actor.user_id is not None, "the platform itself has no circle"
    known: Circle | None = actor.memo.get(CIRCLE)
    if known is not None:
        return known
    if not actor.access_version:
        return Circle(actor.user_id, actor.role_id, actor.department_id)
    return _kept(current_schema(), actor.access_version, actor.user_id, actor.role_id, actor.department_id)


@lru_cache(maxsize=2048)
def _kept(
    schema: str,
    access_version: int,
    user_id: uuid.UUID,
    role_id: uuid.UUID | None,
    department_id: uuid.UUID | None,
) -> Circle:
    return Circle(user_id, role_id, department_id)


def departments_within(paths: Iterable[str]) -> tuple[uuid.UUID, ...]:
    """Return the departments at and below these places of the tree."""
    within = Q()
    for path in paths:
        within |= Q(path__startswith=path)
    return tuple(Department.objects.filter(within).order_by("path").values_list("id", flat=True)) if within else ()


def people_of(principal: principals.Principal) -> tuple[uuid.UUID, ...]:
    """Return the users whom a principal means as owners of records; departments are told by the record itself."""
    if principal.id is None:
        return ()
    users = User.objects.order_by("id").values_list("id", flat=True)
    if principal.kind == principals.USER:
        return tuple(users.filter(pk=principal.id))
    if principal.kind == principals.GROUP:
        return tuple(users.filter(groups__user_group__uuid=principal.id))
    if principal.kind == principals.ROLE:
        return tuple(users.filter(role__uuid=principal.id))
    if principal.kind == principals.ROLE_BELOW:
        return (*users.filter(role__uuid=principal.id), *_ids(_ROLES_BELOW, principal.id))
    return territory_places.owners(principal) if principal.kind in principals.TERRITORIES else ()


def _ids(sql: str, *params: uuid.UUID) -> tuple[uuid.UUID, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return tuple(row[0] for row in cursor.fetchall())
