"""The circles of everybody at once: what `Circle` reads for one person, read for all in a few statements."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from crm_platform.identity.models import Department, Role, User, UserDepartment, UserGroup
from objects.access import territory_places
from objects.access.circle import Circle, StandIn
from objects.access.models import Delegation, Territory, TerritoryMember


@dataclass(frozen=True)
class Crowd:
    """Departments, lines of managers, roles, groups and stand-ins of the whole organisation."""

    paths: Mapping[uuid.UUID, str]
    others: Mapping[uuid.UUID, list[uuid.UUID]]
    reports: Mapping[uuid.UUID, list[uuid.UUID]]
    roles_under: Mapping[uuid.UUID, list[uuid.UUID]]
    role_above: Mapping[uuid.UUID, uuid.UUID | None]
    holders: Mapping[uuid.UUID, list[uuid.UUID]]
    groups: Mapping[uuid.UUID, list[uuid.UUID]]
    stand_ins: Mapping[uuid.UUID, list[StandIn]]

    @cached_property
    def territory_members(self) -> Mapping[uuid.UUID, list[str]]:
        """The places of everybody's open territories; read only where a rule names a territory."""
        rows = TerritoryMember.objects.filter(territory__is_active=True).order_by("territory__path")
        return _listed(rows.values_list("user_id", "territory__path"))

    @cached_property
    def territories(self) -> list[tuple[uuid.UUID, str]]:
        """The open territories with their places."""
        return list(Territory.objects.filter(is_active=True).values_list("id", "path"))

    @classmethod
    def read(cls) -> Crowd:
        roles = {key: (name, above) for key, name, above in Role.objects.values_list("id", "uuid", "parent__uuid")}
        users = User.objects.order_by("id").values_list("id", "manager_id", "role__uuid")
        people = list(users)
        return cls(
            dict(Department.objects.order_by("path").values_list("id", "path")),
            _listed(UserDepartment.objects.order_by("id").values_list("user_id", "department_id")),
            _listed((manager, key) for key, manager, _role in people if manager),
            _listed((above, name) for name, above in roles.values() if above),
            dict(roles.values()),
            _listed((role, key) for key, _manager, role in people if role),
            _listed(UserGroup.objects.order_by("id").exclude(group__user=None).values_list("group__user", "uuid")),
            _listed(
                (delegate, StandIn(user, starts, ends))
                for delegate, user, starts, ends in Delegation.objects.order_by("id").values_list(
                    "delegate_id", "user_id", "starts_at", "ends_at"
                )
            ),
        )


class MemberCircle(Circle):
    """The circle of somebody in a crowd; reads nothing."""

    def __init__(
        self, crowd: Crowd, user_id: uuid.UUID, role_id: uuid.UUID | None, department_id: uuid.UUID | None
    ) -> None:
        super().__init__(user_id, role_id, department_id)
        self._crowd = crowd

    @cached_property
    def department_ids(self) -> tuple[uuid.UUID, ...]:
        own = [self._department_id] if self._department_id else []
        return tuple(dict.fromkeys([*own, *self._crowd.others.get(self.user_id, ())]))

    @cached_property
    def department_paths(self) -> tuple[str, ...]:
        return tuple(self._crowd.paths[item] for item in self.department_ids)

    @cached_property
    def departments_below(self) -> tuple[uuid.UUID, ...]:
        own = self.department_paths
        return tuple(key for key, path in self._crowd.paths.items() if path.startswith(own)) if own else ()

    @cached_property
    def departments_above(self) -> tuple[uuid.UUID, ...]:
        own, step = self.department_paths, Department.steplen
        paths = {path[:end] for path in own for end in range(step, len(path) + 1, step)}
        return tuple(key for key, path in self._crowd.paths.items() if path in paths)

    @cached_property
    def subordinates(self) -> tuple[uuid.UUID, ...]:
        return _below(self._crowd.reports, self.user_id)

    @cached_property
    def people_of_roles_below(self) -> tuple[uuid.UUID, ...]:
        if not self._role_id:
            return ()
        below = _below(self._crowd.roles_under, self._role_id)
        return tuple(key for role in below for key in self._crowd.holders.get(role, ()))

    @cached_property
    def group_ids(self) -> tuple[uuid.UUID, ...]:
        return tuple(self._crowd.groups.get(self.user_id, ()))

    @cached_property
    def roles_above(self) -> tuple[uuid.UUID, ...]:
        found: list[uuid.UUID] = []
        here = self._role_id
        while here is not None and here not in found and here in self._crowd.role_above:
            found.append(here)
            here = self._crowd.role_above[here]
        return tuple(found)

    @cached_property
    def territory_places(self) -> tuple[str, ...]:
        return tuple(self._crowd.territory_members.get(self.user_id, ()))

    @cached_property
    def territory_principals(self) -> frozenset[str]:
        own = self.territory_places
        return territory_places.reached(own, self._crowd.territories) if own else frozenset()

    @cached_property
    def stand_ins(self) -> tuple[StandIn, ...]:
        return tuple(self._crowd.stand_ins.get(self.user_id, ()))


def _below(under: Mapping[uuid.UUID, list[uuid.UUID]], top: uuid.UUID) -> tuple[uuid.UUID, ...]:
    """Return everything below; a circle is walked once, and then contains its top."""
    found: dict[uuid.UUID, None] = {}
    ahead = list(under.get(top, ()))
    while ahead:
        here = ahead.pop()
        if here not in found:
            found[here] = None
            ahead += under.get(here, ())
    return tuple(found)


def _listed(pairs: Iterable[tuple[uuid.UUID, object]]) -> Mapping[uuid.UUID, list]:  # type: ignore[type-arg]
    found = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return dict(found)
