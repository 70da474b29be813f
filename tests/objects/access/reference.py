"""Who reaches which record, in plain Python: written from the rules as people state them, slow on purpose.

Nothing here is taken from `objects.access`, so that two accounts of the same rules can be held against each other.
Times and days are plain values, conditions are Python functions, trees are walked node by node.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

NEEDED = {"read": 1, "export": 1, "edit": 2, "delete": 3, "transfer": 3}  # the level that an action needs
DEFAULTS = {"private": 0, "read": 1, "edit": 2, "full": 3}


@dataclass(eq=False)
class Node:
    """A department, a role or a territory: something in a tree."""

    id: uuid.UUID
    parent: Node | None = None
    scope: str = "own"  # of a role
    scopes: dict[tuple[str, str], tuple[str, tuple[Node, ...]]] = field(default_factory=dict)  # of a role, by object
    closed: bool = False  # of a territory

    def upwards(self) -> Iterator[Node]:
        """Yield the node and all above it."""
        here: Node | None = self
        while here is not None:
            yield here
            here = here.parent


@dataclass(eq=False)
class Person:
    id: uuid.UUID
    department: Node | None
    role: Node | None
    others: list[Node] = field(default_factory=list)  # further departments
    manager: Person | None = None
    groups: set[uuid.UUID] = field(default_factory=set)
    territories: list[Node] = field(default_factory=list)
    rights: dict[str, frozenset[str]] = field(default_factory=dict)  # by object
    functions: frozenset[str] = frozenset()

    def departments(self) -> list[Node]:
        return [*([self.department] if self.department else []), *self.others]


@dataclass(eq=False)
class Row:
    object: str
    id: uuid.UUID
    owner: Person | None
    department: Node | None
    values: dict[str, object] = field(default_factory=dict)
    master: Row | None = None
    opened_by: list[Row] = field(default_factory=list)  # records whose owners see this one
    deleted: bool = False


@dataclass(eq=False)
class Rule:
    """A sharing rule, with `owned_by` or `meets`, or a restriction rule, with `meets` alone."""

    object: str
    to: tuple[str, uuid.UUID | None]
    owned_by: tuple[str, uuid.UUID] | None = None
    meets: Callable[[Row, Person], bool] | None = None
    level: int = 1
    starts: date | None = None
    ends: date | None = None
    active: bool = True


@dataclass(eq=False)
class Share:
    row: Row
    to: tuple[str, uuid.UUID | None]
    level: int
    expires: datetime | None = None


@dataclass(eq=False)
class StandIn:
    absent: Person
    present: Person
    starts: datetime
    ends: datetime


@dataclass(eq=False)
class Rules:
    """All that decides, beside people and records."""

    now: datetime
    today: date
    masters: dict[str, str]
    people: list[Person] = field(default_factory=list)
    defaults: dict[str, str] = field(default_factory=dict)
    sharing: list[Rule] = field(default_factory=list)
    walls: list[Rule] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    stand_ins: list[StandIn] = field(default_factory=list)
    territories: list[Node] = field(default_factory=list)

    def may(self, person: Person, name: str, action: str) -> bool:
        """Tell what the profile allows with an object, whichever the record."""
        if "modify_all_data" in person.functions or ("view_all_data" in person.functions and action == "read"):
            return True
        rights = person.rights.get(name, frozenset())
        return "read" in rights and action in rights

    def reaches(self, person: Person, row: Row, action: str) -> bool:
        """Tell whether the person may do the action to the record: nobody acts on what he may not see."""
        return (
            self.may(person, row.object, action)
            and self._within(person, row, action)
            and (action == "read" or self._within(person, row, "read"))
        )

    def _within(self, person: Person, row: Row, action: str) -> bool:
        if "modify_all_data" in person.functions:
            return True
        for wall in self.walls:
            if wall.object == row.object and wall.active and self._addressed(person, wall.to):
                assert wall.meets is not None
                if not wall.meets(row, person):
                    return False
        return self._by_profile(person, row.object, action) or self._by_record(person, row, action)

    def _by_profile(self, person: Person, name: str, action: str) -> bool:
        rights = person.rights.get(name, frozenset())
        if "modify_all" in rights:
            return True
        return action == "read" and ("view_all" in rights or "view_all_data" in person.functions)

    def _by_record(self, person: Person, row: Row, action: str) -> bool:
        if row.object in self.masters:
            master = row.master
            return (
                master is not None
                and self.may(person, master.object, "read")
                and self._within(person, master, action)
                and self._within(person, master, "read")
            )
        return (
            DEFAULTS[self.defaults.get(row.object, "private")] >= NEEDED[action]
            or self._by_role(person, row, action)
            or self._by_rule(person, row, action)
            or self._by_share(person, row, action)
            or (action == "read" and self._by_parent(person, row))
        )

    def _by_role(self, person: Person, row: Row, action: str) -> bool:
        scope, chosen = ("own", ()) if person.role is None else (person.role.scope, ())
        if person.role is not None and (row.object, action) in person.role.scopes:
            scope, chosen = person.role.scopes[row.object, action]
        if scope == "all":
            return True
        if scope == "none" or row.owner is None:
            return False
        if any(row.owner is who for who in self.selves(person)):
            return True
        if scope == "subordinates":
            return any(boss is person for boss in self._bosses(row.owner))
        if scope == "roles_below":
            return row.owner.role is not None and person.role in list(row.owner.role.upwards())[1:]
        if row.department is None:
            return False
        if scope == "department":
            return row.department in person.departments()
        above = list(row.department.upwards())
        if scope == "department_below":
            return any(mine in above for mine in person.departments())
        return scope == "chosen" and any(item in above for item in chosen)

    def _by_rule(self, person: Person, row: Row, action: str) -> bool:
        return any(
            rule.object == row.object
            and rule.active
            and rule.level >= NEEDED[action]
            and (rule.starts is None or rule.starts <= self.today)
            and (rule.ends is None or self.today <= rule.ends)
            and self._addressed(person, rule.to)
            and (
                self._owned_by(row, rule.owned_by)
                if rule.owned_by
                else rule.meets is not None and rule.meets(row, person)
            )
            for rule in self.sharing
        )

    def _is_meant(self, rule: Rule, row: Row, person: Person) -> bool:
        if rule.owned_by:
            return self._owned_by(row, rule.owned_by)
        return rule.meets is not None and rule.meets(row, person)

    def _by_share(self, person: Person, row: Row, action: str) -> bool:
        return any(
            share.row is row
            and share.level >= NEEDED[action]
            and (share.expires is None or share.expires > self.now)
            and self._addressed(person, share.to)
            for share in self.shares
        )

    def _by_parent(self, person: Person, row: Row) -> bool:
        return any(
            not parent.deleted and self.may(person, parent.object, "read") and parent.owner in self.selves(person)
            for parent in row.opened_by
        )

    def selves(self, person: Person) -> list[Person]:
        """Return the person and those for whom he stands in now."""
        absent = [
            item.absent for item in self.stand_ins if item.present is person and item.starts <= self.now < item.ends
        ]
        return [person, *absent]

    def _addressed(self, person: Person, to: tuple[str, uuid.UUID | None]) -> bool:
        """Tell whether something that is meant for a principal is meant for the person."""
        kind, target = to
        if kind == "everyone":
            return True
        if kind == "user":
            return any(who.id == target for who in self.selves(person))
        if kind == "group":
            return target in person.groups
        if kind in ("role", "role_below"):
            return self._has_role(person, kind, target)
        if kind.startswith("territory"):
            return self._works_for(person, kind, target)
        departments = person.departments()
        if kind == "department":
            return any(item.id == target for item in departments)
        return any(above.id == target for item in departments for above in item.upwards())

    def _owned_by(self, row: Row, whose: tuple[str, uuid.UUID]) -> bool:
        """Tell whether a record belongs to a principal; departments are told by the record, not by its owner."""
        kind, target = whose
        if row.owner is None:
            return False
        if kind == "user":
            return row.owner.id == target
        if kind == "group":
            return target in row.owner.groups
        if kind in ("role", "role_below"):
            return self._has_role(row.owner, kind, target)
        if kind.startswith("territory"):
            return self._is_in(row.owner, kind, target)
        if row.department is None:
            return False
        reached = [row.department] if kind == "department" else list(row.department.upwards())
        return any(item.id == target for item in reached)

    def _has_role(self, person: Person, kind: str, target: uuid.UUID | None) -> bool:
        if person.role is None:
            return False
        reached = [person.role] if kind == "role" else list(person.role.upwards())
        return any(item.id == target for item in reached)

    def _works_for(self, person: Person, kind: str, target: uuid.UUID | None) -> bool:
        """Tell whether what is for a territory (and those below) is for the person: a member of it, or of one above."""
        meant = next(node for node in self.territories if node.id == target)
        if meant.closed:
            return False
        own = [node for node in person.territories if not node.closed]
        if any(node in meant.upwards() for node in own):
            return True
        return kind == "territory_below" and any(meant in node.upwards() for node in own)

    def _is_in(self, person: Person, kind: str, target: uuid.UUID | None) -> bool:
        """Tell whether somebody is a member of a territory (or of one below it): his records are then of it."""
        meant = next(node for node in self.territories if node.id == target)
        own = [node for node in person.territories if not node.closed]
        if meant.closed:
            return False
        return meant in own or (kind == "territory_below" and any(meant in node.upwards() for node in own))

    def _bosses(self, person: Person) -> list[Person]:
        """Return the line of managers above somebody; a circle of managers is walked once."""
        found: list[Person] = []
        here = person.manager
        while here is not None and here not in found:
            found.append(here)
            here = here.manager
        return found
