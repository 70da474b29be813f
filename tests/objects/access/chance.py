"""A random organisation, its rules and its records, written to the database and told to the reference at once."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group
from django.utils import timezone

from crm_platform.identity.models import Department, Profile, Role, User, UserDepartment, UserGroup
from crm_platform.identity.services import bump_access_version, grant_function
from crm_platform.kit.context import system_actor
from metadata.inputs import FieldInput, ObjectInput
from metadata.models import BusinessField, BusinessObject
from objects.access.grants import ACTIONS, grant_object
from objects.access.models import (
    Delegation,
    RecordShare,
    RestrictionRule,
    RoleScope,
    SharingRule,
    Territory,
    TerritoryMember,
)
from tests.kit import make
from tests.objects.access.reference import Node, Person, Row, Rule, Rules, Share, StandIn
from tests.objects.world import choices, delete, insert_many, text

T = TypeVar("T")

ZONE = ZoneInfo("Asia/Shanghai")  # of a new organisation
ACTED = ("read", "edit", "delete", "export", "transfer")
FREE = ("firm", "deal", "note")  # objects without a master
SCOPES = ("own", "subordinates", "roles_below", "department", "department_below", "all")
PRINCIPALS = ("user", "role", "role_below", "group", "department", "department_below")
TERRITORIES = ("territory", "territory_below")  # for sharing rules alone

OBJECTS = (
    ObjectInput("firm", "Firm", is_custom=False, fields=[FieldInput("score", "integer", "Score", is_custom=False)]),
    ObjectInput(
        "deal",
        "Deal",
        is_custom=False,
        fields=[
            FieldInput("firm_id", "lookup", "Firm", settings={"target": "firm"}, is_custom=False),
            FieldInput("score", "integer", "Score", is_indexed=True, is_custom=False),
            FieldInput("stage", "stage", "Stage", choices=choices("open", "won", "lost"), is_custom=False),
        ],
    ),
    ObjectInput(
        "deal_line",
        "Line",
        is_custom=False,
        fields=[
            FieldInput("deal_id", "master_detail", "Deal", settings={"target": "deal"}, is_custom=False),
            FieldInput("score", "integer", "Score", is_custom=False),
        ],
    ),
    ObjectInput(
        "line_part",
        "Part",
        is_custom=False,
        fields=[FieldInput("line_id", "master_detail", "Line", settings={"target": "deal_line"}, is_custom=False)],
    ),
    ObjectInput(
        "note",
        "Note",
        is_custom=False,
        fields=[
            text("body__c"),
            FieldInput("firm_id", "lookup", "Firm", settings={"target": "firm"}, is_custom=False),
            FieldInput("deal_id", "lookup", "Deal", settings={"target": "deal"}, is_custom=False),
            FieldInput("score", "integer", "Score", is_custom=False),
        ],
    ),
)
MASTERS = {"deal_line": "deal", "line_part": "deal_line"}
PARENTS = {"deal": ["firm"], "note": ["firm", "deal"]}
SCORED = ("firm", "deal", "deal_line", "note")


def open_to_owners() -> None:
    """Let lookups open their records to the owners of what they point at."""
    for field in BusinessField.objects.filter(
        api_name__in=("firm_id", "deal_id"), business_object__api_name__in=PARENTS
    ):
        field.settings = {**field.settings, "opens_to_owner": True}
        field.save()


class Chance:
    """Makes one organisation by chance; `rules` and `rows` are what the reference goes by."""

    def __init__(self, seed: int, people: int, rows: int) -> None:
        self.dice = random.Random(seed)
        now = timezone.now()
        self.rules = Rules(now, now.astimezone(ZONE).date(), MASTERS)
        self.objects = {row.api_name: row for row in BusinessObject.objects.all()}
        self.departments = self._departments(9)
        self.roles = self._roles(6)
        self.groups = [self._group() for _number in range(3)]
        self.profiles = [self._profile(number) for number in range(5)]
        self.users: dict[uuid.UUID, User] = {}
        for _number in range(people):
            self._person()
        self._tie_people()
        self._territories(5)
        self._role_scopes()
        self.rows = self._records(rows)
        for _number in range(self.dice.randrange(12)):
            self._sharing_rule()
        for _number in range(self.dice.choice([0, 0, 1, 3])):
            self._wall()
        for _number in range(rows // 6):
            self._share()
        self._defaults()
        bump_access_version()

    # --- people -------------------------------------------------------------------------------------------
    def _departments(self, count: int) -> list[Node]:
        found = [Node(make.root_department().pk)]
        for _number in range(count):
            parent = self.dice.choice(found)
            made = make.department(parent=Department.objects.get(pk=parent.id))
            found.append(Node(made.pk, parent))
        return found

    def _roles(self, count: int) -> list[Node]:
        found: list[Node] = []
        for number in range(count):
            parent, scope = self.maybe(found, 0.7), self.dice.choice(SCOPES)
            row = Role.objects.create(
                api_name=f"r{number}",
                name=f"R{number}",
                data_scope=scope,
                parent=Role.objects.get(uuid=parent.id) if parent else None,
            )
            found.append(Node(row.uuid, parent, scope))
        return found

    def _territories(self, count: int) -> None:
        """Make territories with their members; one of them, with those below it or not, is closed by chance."""
        found = self.rules.territories
        for number in range(count):
            parent, values = self.maybe(found, 0.8), {"name": f"T{number}"}
            above = Territory.objects.get(pk=parent.id) if parent else None
            made = Territory.objects.add_child(above, values) if above else Territory.objects.add_root(values)
            found.append(Node(made.pk, parent, closed=self.dice.random() < 0.3))
            Territory.objects.filter(pk=made.pk).update(is_active=not found[-1].closed)
        for person in self.rules.people:
            person.territories = self.dice.sample(found, self.dice.choice([0, 0, 1, 1, 2]))
            for node in person.territories:
                TerritoryMember.objects.create(user_id=person.id, territory_id=node.id)

    def _group(self) -> UserGroup:
        name = f"g{self.dice.random()}"
        return UserGroup.objects.create(api_name=name[:40], name=name, group=Group.objects.create(name=name))

    def _profile(self, number: int) -> tuple[Profile, dict[str, frozenset[str]], frozenset[str]]:
        """Make a profile: the first may do everything with every object, the others less, or more than others."""
        group = Group.objects.create(name=f"profile {number}")
        profile = Profile.objects.create(api_name=f"p{number}", name=f"P{number}", group=group)
        functions = {3: frozenset({"view_all_data"}), 4: frozenset({"modify_all_data"})}.get(number, frozenset())
        for name in functions:
            grant_function(system_actor(), profile.api_name, f"identity.{name}")
        rights: dict[str, frozenset[str]] = {}
        for name, row in self.objects.items():
            actions = set(ACTIONS)
            if number:
                actions -= {action for action in ACTED if self.dice.random() < 0.1}
                actions |= {action for action in ("view_all", "modify_all") if self.dice.random() < 0.1}
            grant_object(system_actor(), profile, row, actions)
            rights[name] = frozenset(actions)
        return profile, rights, functions

    def _person(self) -> None:
        department, role = self.maybe(self.departments, 0.9), self.maybe(self.roles, 0.95)
        profile, rights, functions = self.profiles[self.dice.choice([0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4])]
        user = User(
            username=f"chance{len(self.users)}",
            name="Chance",
            department_id=department and department.id,
            role=Role.objects.get(uuid=role.id) if role else None,
            profile=profile,
        )
        user.set_unusable_password()
        user.save()
        self.users[user.pk] = user
        self.rules.people.append(Person(user.pk, department, role, rights=rights, functions=functions))

    def _tie_people(self) -> None:
        """Give people managers (in circles, too), groups, further departments, and others to stand in for."""
        people = self.rules.people
        for person in people:
            person.manager = self.maybe([other for other in people if other is not person], 0.6)
            if person.manager:
                User.objects.filter(pk=person.id).update(manager=person.manager.id)
            for group in self.groups:
                if self.dice.random() < 0.3:
                    person.groups.add(group.uuid)
                    self.users[person.id].groups.add(group.group)
            for node in self.dice.sample(self.departments, self.dice.choice([0, 0, 0, 1, 2])):
                UserDepartment.objects.create(user_id=person.id, department_id=node.id)
                person.others.append(node)
        for _number in range(len(people) // 3):
            self._stand_in(*self.dice.sample(people, 2))

    def _stand_in(self, absent: Person, present: Person) -> None:
        starts, ends = self.dice.choice([(-2, -1), (-1, 1), (-1, 1), (1, 2)])
        item = StandIn(absent, present, self.hours(starts), self.hours(ends))
        self.rules.stand_ins.append(item)
        Delegation.objects.create(user_id=absent.id, delegate_id=present.id, starts_at=item.starts, ends_at=item.ends)

    def _role_scopes(self) -> None:
        for role in self.roles:
            for name in self.objects:
                for action in ACTED:
                    if self.dice.random() < 0.12:
                        self._role_scope(role, name, action)

    def _role_scope(self, role: Node, name: str, action: str) -> None:
        scope = self.dice.choice([*SCOPES, "none", "chosen", "chosen"])
        chosen = tuple(self.dice.sample(self.departments, 2)) if scope == "chosen" else ()
        role.scopes[name, action] = scope, chosen
        RoleScope.objects.create(
            role=Role.objects.get(uuid=role.id),
            business_object=self.objects[name],
            action=action,
            data_scope=scope,
            departments=[node.id for node in chosen],
        )

    # --- records ------------------------------------------------------------------------------------------
    def _records(self, count: int) -> list[Row]:
        firms = self._rows("firm", count // 6)
        deals = self._rows("deal", count // 3, firm_id=firms)
        lines = self._rows("deal_line", count // 6, deal_id=deals)
        parts = self._rows("line_part", count // 12, line_id=lines)
        notes = self._rows("note", count // 4, firm_id=firms, deal_id=deals)
        rows = [*firms, *deals, *lines, *parts, *notes]
        for row in self.dice.sample([*firms, *deals, *notes], count // 15):
            delete(row.object, row.id)
            row.deleted = True
        return rows

    def _rows(self, name: str, count: int, **targets: list[Row]) -> list[Row]:
        """Insert records whose department is mostly the owner's, sometimes an old one, sometimes none."""
        made, columns = [], []
        for number in range(count):
            owner = self.maybe(self.rules.people, 0.9)
            home = owner.department if owner else None
            department = self.dice.choice([home, home, home, self.dice.choice(self.departments), None])
            row = Row(name, uuid.uuid4(), owner, department)
            tied = {field: self.dice.choice(rows) for field, rows in targets.items()}
            if name in MASTERS:
                (row.master,) = tied.values()
            else:
                tied = {field: target for field, target in tied.items() if self.dice.random() < 0.8}
                row.opened_by = list(tied.values())
            row.values = self._values(name)
            made.append(row)
            columns.append(
                {
                    "id": row.id,
                    "name": f"{name} {number}",
                    "owner_id": owner and owner.id,
                    "owner_department_id": department and department.id,
                    **{field: target.id for field, target in tied.items()},
                    **row.values,
                }
            )
        insert_many(name, columns)
        return made

    def _values(self, name: str) -> dict[str, object]:
        found: dict[str, object] = {}
        if name in SCORED:
            found["score"] = self.dice.choice([None, *range(10)])
        if name == "deal":
            found["stage"] = self.dice.choice([None, "open", "won", "lost"])
        return found

    # --- rules --------------------------------------------------------------------------------------------
    def _sharing_rule(self) -> None:
        name = self.dice.choice([*FREE, "deal", "deal", "deal_line"])
        starts, ends = self.dice.choice([(None, None), (None, None), (0, 0), (-3, None), (None, -1), (1, None)])
        rule = Rule(
            name,
            self.principal(territories=True),
            level=self.dice.choice([1, 2, 3]),
            starts=None if starts is None else self.rules.today + timedelta(days=starts),
            ends=None if ends is None else self.rules.today + timedelta(days=ends),
            active=self.dice.random() < 0.9,
        )
        condition = None
        if self.dice.random() < 0.6:
            kind, target = self.principal(but_everyone=True, territories=True)
            assert target is not None
            rule.owned_by = kind, target
        else:
            condition, rule.meets = self.condition(name)
        self.rules.sharing.append(rule)
        SharingRule.objects.create(
            business_object=self.objects[name],
            label="x",
            kind="owner" if rule.owned_by else "criteria",
            owned_by=written(rule.owned_by) if rule.owned_by else "",
            condition=condition,
            shared_with=written(rule.to),
            level=rule.level,
            starts_on=rule.starts,
            ends_on=rule.ends,
            is_active=rule.active,
        )

    def _wall(self) -> None:
        name = self.dice.choice([*SCORED])
        condition, meets = self.condition(name)
        rule = Rule(name, self.principal(), meets=meets, active=self.dice.random() < 0.9)
        self.rules.walls.append(rule)
        RestrictionRule.objects.create(
            business_object=self.objects[name],
            label="x",
            applies_to=written(rule.to),
            condition=condition,
            is_active=rule.active,
        )

    def _share(self) -> None:
        row, to = self.dice.choice(self.rows), self.principal()
        share = Share(
            row, to, self.dice.choice([1, 2, 3]), self.dice.choice([None, None, self.hours(-1), self.hours(1)])
        )
        self.rules.shares.append(share)
        source = self.dice.choice(["manual", "team"])
        _made, is_new = RecordShare.objects.get_or_create(
            record_id=row.id,
            principal=written(to),
            source=source,
            defaults={
                "object_id": self.objects[row.object].pk,
                "level": share.level,
                "expires_at": share.expires,
            },
        )
        if not is_new:
            self.rules.shares.remove(share)

    def _defaults(self) -> None:
        for name, row in self.objects.items():
            sharing = self.dice.choice(["private"] * 8 + ["read", "edit", "full"])
            self.rules.defaults[name] = sharing
            BusinessObject.objects.filter(pk=row.pk).update(sharing=sharing)

    def condition(self, name: str) -> tuple[Any, Callable[[Row, Person], bool]]:
        """Return a condition as rules keep it, and the same as a function of a record and the caller."""
        kind = self.dice.randrange(7 if name == "deal" else 6)
        number = self.dice.randrange(10)
        if kind == 0:
            return {"field": "owner_id", "op": "is_me"}, lambda row, me: row.owner is me
        if kind == 1:
            return {"field": "owner_id", "op": "empty"}, lambda row, me: row.owner is None
        if kind == 2:
            return {"field": "gone__c", "op": "eq", "value": 1}, lambda row, me: False
        if kind == 3:
            return {"not": _at_least(number)}, partial(_scores, lambda score: score < number)
        if kind == 4:
            both = {"or": [_at_least(number), {"field": "owner_id", "op": "is_me"}]}
            return both, lambda row, me: row.owner is me or _scores(lambda score: score >= number, row, me)
        if kind == 5:
            return _at_least(number), partial(_scores, lambda score: score >= number)
        stages = self.dice.sample(["open", "won", "lost"], 2)
        return {"field": "stage", "op": "in", "value": stages}, lambda row, me: row.values["stage"] in stages

    def principal(self, *, but_everyone: bool = False, territories: bool = False) -> tuple[str, uuid.UUID | None]:
        """Return whom something is shared with, or whose records are."""
        if not but_everyone and self.dice.random() < 0.05:
            return "everyone", None
        if territories and self.dice.random() < 0.4:
            return self.dice.choice(TERRITORIES), self.dice.choice(self.rules.territories).id
        kind = self.dice.choice(PRINCIPALS)
        if kind == "user":
            return kind, self.dice.choice(self.rules.people).id
        if kind == "group":
            return kind, self.dice.choice(self.groups).uuid
        return kind, self.dice.choice(self.roles if kind.startswith("role") else self.departments).id

    def hours(self, count: int) -> Any:
        return self.rules.now + timedelta(hours=count)

    def maybe(self, items: Sequence[T], chance: float) -> T | None:
        return self.dice.choice(items) if items and self.dice.random() < chance else None


def written(principal: tuple[str, uuid.UUID | None]) -> str:
    """Return a principal as the platform's tables keep it."""
    kind, target = principal
    return kind if target is None else f"{kind}:{target}"


def _at_least(number: int) -> dict[str, object]:
    return {"field": "score", "op": "gte", "value": number}


def _scores(test: Callable[[int], bool], row: Row, me: Person) -> bool:
    """Tell whether a record has a score that passes; of one without nothing is known."""
    score = row.values["score"]
    return isinstance(score, int) and test(score)
