"""Who gets what: the plan of a handover, read from JSON (of a form or the API) and checked as a whole."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.field_types.master_detail import MasterDetailType
from objects.access.models import Level
from objects.records.drafts import OWNER

USER, MANAGER, PARENT, ROUND_ROBIN = "user", "manager", "parent", "round_robin"
HEAD, NOBODY, KEEP, POOL = "department_head", "nobody", "keep", "pool"
RULES = {
    USER: _("One person"),
    MANAGER: _("The leaver's manager"),
    PARENT: _("The owner of the parent record"),
    ROUND_ROBIN: _("In turns among several people"),
    HEAD: _("The head of the department"),
    NOBODY: _("Nobody: without an owner"),
    POOL: _("A pool"),
    KEEP: _("Leave as they are"),
}
STAY, PASS, REMOVE = "keep", "pass", "remove"
MAX_PEOPLE = 50


@dataclass(frozen=True, slots=True)
class Rule:
    """How the new owner of a record is found; `through` is the lookup to the parent, "" for the usual one.

    With `pool` there is none: records wait in that pool.
    """

    to: str = KEEP
    users: tuple[uuid.UUID, ...] = ()
    through: str = ""
    pool: uuid.UUID | None = None

    def to_json(self) -> dict[str, Any]:
        if self.to == USER:
            return {"to": USER, "user": str(self.users[0])}
        if self.to == ROUND_ROBIN:
            return {"to": ROUND_ROBIN, "users": [str(item) for item in self.users]}
        if self.to == POOL:
            return {"to": POOL, "pool": str(self.pool)}
        return {"to": self.to, **({"through": self.through} if self.through else {})}


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole plan: a rule for everything, others for some objects, and what becomes of the leaver's places.

    `heir` takes over the places on teams and the shares that are passed on; `mentions_to` takes the leaver's place in
    the fields (`mentions`, by object) that name people. With `keep` old owners stay on the teams, at that level.
    """

    everything: Rule = Rule()
    objects: Mapping[str, Rule] = field(default_factory=dict)
    only_open_activities: bool = False
    teams: str = STAY
    shares: str = STAY
    heir: uuid.UUID | None = None
    reports_to: uuid.UUID | None = None
    mentions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mentions_to: uuid.UUID | None = None
    keep: int | None = None
    leave_groups: bool = False
    leave_permission_sets: bool = False
    end_delegations: bool = False
    deactivate: bool = False

    def rule(self, object_name: str) -> Rule:
        return self.objects.get(object_name, self.everything)

    @property
    def people(self) -> frozenset[uuid.UUID]:
        """Everybody whom the plan names as a successor or manager."""
        named = [user for rule in (self.everything, *self.objects.values()) for user in rule.users]
        return frozenset([*named, *(user for name in USERS if (user := getattr(self, name)))])

    def to_json(self) -> dict[str, Any]:
        return {
            "everything": self.everything.to_json(),
            "objects": {name: rule.to_json() for name, rule in self.objects.items()},
            "mentions": {name: list(fields) for name, fields in self.mentions.items()},
            "keep": self.keep,
            **{name: getattr(self, name) for name in (*FLAGS, *CHOICES)},
            **{name: str(getattr(self, name)) if getattr(self, name) else None for name in USERS},
        }


FLAGS = ("only_open_activities", "leave_groups", "leave_permission_sets", "end_delegations", "deactivate")
CHOICES = ("teams", "shares")
USERS = ("heir", "reports_to", "mentions_to")
MEMBERS = frozenset({"everything", "objects", "mentions", "keep", *FLAGS, *CHOICES, *USERS})


def read_plan(data: Mapping[str, Any], snapshot: SchemaSnapshot) -> Plan:
    """Return the plan in JSON; raises ValidationFailed with all that is wrong in itself.

    Whether the people are there is checked when it is ordered.
    """
    errors = [FieldError(name, "unknown_field", _("Unknown member.")) for name in sorted(data.keys() - MEMBERS)]
    everything = _rule(data.get("everything", {"to": KEEP}), "everything", None, errors)
    given = data.get("objects", {})
    if not isinstance(given, Mapping):
        errors.append(FieldError("objects", "invalid_type", _("Send a JSON object.")))
        given = {}
    rules = {}
    for name, item in given.items():
        if name not in snapshot.spec.object_map:
            errors.append(FieldError(f"objects.{name}", "unknown_object", _("There is no such object.")))
            continue
        rules[name] = _rule(item, f"objects.{name}", snapshot.object(name), errors)
    mentions = _mentions(data.get("mentions", {}), snapshot, errors)
    plan = Plan(everything, rules, mentions=mentions, keep=data.get("keep"), **_options(data, errors))
    if plan.keep is not None and plan.keep not in (Level.READ, Level.EDIT):
        errors.append(FieldError("keep", "invalid_choice", _("Choose reading or editing.")))
    if plan.mentions and plan.mentions_to is None:
        errors.append(FieldError("mentions_to", "required", _("Choose who takes the person's place.")))
    if plan.heir is None and PASS in (plan.teams, plan.shares):
        errors.append(FieldError("heir", "required", _("Choose who takes these over.")))
    if errors:
        raise ValidationFailed(errors)
    return plan


def _mentions(given: Any, snapshot: SchemaSnapshot, errors: list[FieldError]) -> dict[str, tuple[str, ...]]:
    """Read which fields that name people are rewritten: `{object: [fields]}`."""
    if not isinstance(given, Mapping):
        errors.append(FieldError("mentions", "invalid_type", _("Send a JSON object.")))
        return {}
    found = {}
    for name, fields in given.items():
        known = (
            {item.name for item in people_fields(snapshot.object(name))} if name in snapshot.spec.object_map else set()
        )
        if not isinstance(fields, list) or not fields or not all(isinstance(f, str) and f in known for f in fields):
            errors.append(FieldError(f"mentions.{name}"[:120], "unknown_field", _("There is no such field.")))
        else:
            found[str(name)] = tuple(dict.fromkeys(fields))
    return found


def _options(data: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in FLAGS:
        found[name] = data.get(name, False)
        if not isinstance(found[name], bool):
            errors.append(FieldError(name, "invalid_type", _("Send true or false.")))
    for name in CHOICES:
        found[name] = data.get(name, STAY)
        if found[name] not in (STAY, PASS, REMOVE):
            errors.append(FieldError(name, "invalid_choice", _("Choose one of: keep, pass, remove.")))
    for name in USERS:
        found[name] = _user(data[name], name, errors) if data.get(name) else None
    return found


def _rule(data: Any, place: str, obj: CompiledObject | None, errors: list[FieldError]) -> Rule:
    """Read a rule; `obj` is the object that it is for, None for the rule of everything."""
    to = data.get("to") if isinstance(data, Mapping) else None
    if not isinstance(to, str) or to not in RULES:
        errors.append(FieldError(place, "invalid_choice", _("Choose who gets the records.")))
        return Rule()
    if obj is not None and to == NOBODY and not may_be_ownerless(obj):
        errors.append(FieldError(place, "required", _("Records of this object need an owner.")))
    if to == PARENT and obj is not None and parent_of(obj, str(data.get("through") or "")) is None:
        errors.append(FieldError(place, "invalid_choice", _("Records of this object have no such parent.")))
    if to == POOL:
        return _pool_rule(data, place, obj, errors)
    users: list[uuid.UUID] = []
    if to == USER:
        users = [found] if (found := _user(data.get("user"), place, errors)) else []
    if to == ROUND_ROBIN:
        users = _users(data.get("users"), place, errors)
    return Rule(to, tuple(dict.fromkeys(users)), str(data.get("through") or "") if to == PARENT else "")


def _pool_rule(data: Any, place: str, obj: CompiledObject | None, errors: list[FieldError]) -> Rule:
    pool = parse_uuid(data.get("pool"))
    if obj is None or not obj.spec.has_pools:
        errors.append(FieldError(place, "invalid_choice", _("Records of this object do not wait in pools.")))
    elif pool is None:
        errors.append(FieldError(place, "required", _("Choose a pool.")))
    return Rule(POOL, pool=pool)


def _user(given: Any, place: str, errors: list[FieldError]) -> uuid.UUID | None:
    found = parse_uuid(given)
    if found is None:
        errors.append(FieldError(place, "required", _("Choose a person.")))
    return found


def _users(given: Any, place: str, errors: list[FieldError]) -> list[uuid.UUID]:
    if not isinstance(given, list) or not 0 < len(given) <= MAX_PEOPLE:
        errors.append(FieldError(place, "required", _("Choose between 1 and 50 people.")))
        return []
    return [found for item in given if (found := _user(item, place, errors))]


def may_be_ownerless(obj: CompiledObject) -> bool:
    """Tell whether records of the object may be without an owner."""
    return not obj.fields[OWNER].spec.is_required


def parent_of(obj: CompiledObject, through: str = "") -> CompiledField | None:
    """Return the lookup to the parent: the one that is named, else the master, else the first to other objects."""
    lookups = [item for item in obj if not (item.is_second or item.is_virtual) and targets_of(obj, item)]
    if through:
        return next((item for item in lookups if item.name == through), None)
    masters = [item for item in lookups if isinstance(item.type, MasterDetailType)]
    others = [item for item in lookups if targets_of(obj, item) != (obj.name,)]
    return next(iter([*masters, *others]), None)


def people_fields(obj: CompiledObject) -> list[CompiledField]:
    """Return the fields of an object that name people, other than its owner and who wrote it."""
    return [
        item
        for item in obj
        if not (item.spec.is_system or item.is_virtual or item.is_read_only)
        and (item.type.is_reference or item.type.is_reference_list)
        and "user" in item.definition.targets(item.spec)
    ]


def targets_of(obj: CompiledObject, item: CompiledField) -> tuple[str, ...]:
    """Return the objects whose records a lookup points at; nothing for other fields, and for those to people."""
    if item.spec.is_system or not item.type.is_reference or item.type.is_reference_list:
        return ()
    return tuple(name for name in item.definition.targets(item.spec) if name not in ("user", "department"))


def in_order(plan: Plan, snapshot: SchemaSnapshot, object_ids: Iterable[int]) -> list[int]:
    """Return objects so that parents come before those whose records follow their owners."""

    def depth(object_id: int, seen: frozenset[int] = frozenset()) -> int:
        spec = snapshot.spec.object_by_id.get(object_id)
        if spec is None or object_id in seen or plan.rule(spec.api_name).to != PARENT:
            return 0
        obj = snapshot.object(spec.api_name)
        parent = parent_of(obj, plan.rule(spec.api_name).through)
        names = targets_of(obj, parent) if parent else ()
        above = [snapshot.spec.object_map[name].id for name in names if name in snapshot.spec.object_map]
        return 1 + max((depth(item, seen | {object_id}) for item in above), default=0)

    return sorted(object_ids, key=lambda item: (depth(item), item))
