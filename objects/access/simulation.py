"""What another role, profile or department, other permission sets, groups or territories would change: not saved.

The change is made inside of a savepoint, read through the user's own policy, and taken back. Both readings have an
access version of their own, so that nothing of them is kept for anybody. Records that move to another department
together with their owner are not counted: they are his before and after.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from crm_platform.identity.auth import build_actor, users_for_actor
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department, PermissionSet, Profile, Role, User, UserGroup
from crm_platform.identity.services import require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.access.field_grants import FieldLevel
from objects.access.grants import ACTIONS
from objects.access.models import Territory, TerritoryMember
from objects.access.policy import AccessPolicy
from objects.access.reach import EDIT, READ
from objects.query.params import FALSE, SqlText

CAP = 10_000  # more records are not counted
SINGLE: dict[str, tuple[type[Model], str]] = {
    "role": (Role, "uuid"),
    "profile": (Profile, "uuid"),
    "department": (Department, "pk"),
}
GROUPED: dict[str, type[Model]] = {"permission_sets": PermissionSet, "groups": UserGroup}
SEVERAL: dict[str, tuple[type[Model], str]] = {
    **{name: (model, "uuid") for name, model in GROUPED.items()},
    "territories": (Territory, "pk"),
}
CHANGEABLE = (*SINGLE, *SEVERAL)


@dataclass(frozen=True)
class Number:
    """A count of records; beyond CAP it is not exact."""

    value: int
    is_exact: bool = True


@dataclass(frozen=True)
class Difference:
    """How many records somebody would reach that he does not reach now, and the other way round."""

    gained: Number = Number(0)
    lost: Number = Number(0)

    def __bool__(self) -> bool:
        return bool(self.gained.value or self.lost.value)


@dataclass(frozen=True)
class FieldChange:
    name: str
    label: str
    before: FieldLevel
    after: FieldLevel


@dataclass(frozen=True)
class ObjectChange:
    """What would change for one object."""

    name: str
    label: str
    read: Difference
    edit: Difference
    actions_gained: tuple[str, ...]
    actions_lost: tuple[str, ...]
    fields: tuple[FieldChange, ...]

    def __bool__(self) -> bool:
        return bool(self.read or self.edit or self.actions_gained or self.actions_lost or self.fields)


@dataclass(frozen=True)
class Simulation:
    """What would change for a user; objects for which nothing would are left out."""

    user_id: uuid.UUID
    user_name: str
    functions_gained: tuple[str, ...]
    functions_lost: tuple[str, ...]
    objects: tuple[ObjectChange, ...]


@dataclass(frozen=True)
class Reading:
    """What a user may do with one object at one moment; `records` holds a predicate on `t` for each action."""

    actions: frozenset[str]
    records: Mapping[str, SqlText]
    fields: Mapping[str, FieldLevel]


def simulate_role_change(actor: Actor, user_id: uuid.UUID, changes: Mapping[str, Any]) -> Simulation:
    """Tell what would change for a user. `changes` names what would be set: CHANGEABLE, by id or None, or lists of ids.

    Raises Forbidden, NotFound, ValidationFailed.
    """
    require_function(actor, MANAGE_USERS)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such user."))
    wanted = _checked(changes)
    before, functions_before = _readings(user)
    with transaction.atomic():
        _apply(user, wanted)
        after, functions_after = _readings(user)
        transaction.set_rollback(True)
    return Simulation(
        user.pk,
        user.name,
        tuple(sorted(functions_after - functions_before)),
        tuple(sorted(functions_before - functions_after)),
        tuple(item for item in _compared(before, after, actor.language) if item),
    )


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return rows, or lists of rows, in place of ids; raises ValidationFailed."""
    errors = [FieldError(name[:120], "unknown_field", _("Unknown member.")) for name in set(changes) - set(CHANGEABLE)]
    found: dict[str, Any] = {}
    for name, value in changes.items():
        if name in SINGLE:
            model, key = SINGLE[name]
            found[name] = model._default_manager.filter(**{key: value}).first() if value else None
            is_missing = value is not None and found[name] is None
        elif name in SEVERAL:
            ids, (model, key) = set(value), SEVERAL[name]
            found[name] = list(model._default_manager.filter(**{f"{key}__in": ids}))
            is_missing = len(found[name]) != len(ids)
        else:
            continue
        if is_missing:
            errors.append(FieldError(name, "invalid_reference", _("There is no such entry.")))
    if errors:
        raise ValidationFailed(errors)
    return found


def _apply(user: User, wanted: Mapping[str, Any]) -> None:
    singles = {name: wanted[name] for name in SINGLE if name in wanted}
    if singles:
        User.objects.filter(pk=user.pk).update(**singles)
    for name, model in GROUPED.items():
        if name in wanted:
            own = model._default_manager.values("group")
            user.groups.through._default_manager.filter(user=user, group__in=own).delete()
            user.groups.add(*(row.group for row in wanted[name]))
    if "territories" in wanted:
        TerritoryMember.objects.filter(user=user).delete()
        TerritoryMember.objects.bulk_create(TerritoryMember(user=user, territory=row) for row in wanted["territories"])


def _readings(user: User) -> tuple[dict[str, Reading], frozenset[str]]:
    """Return what the user may do as he is in the database now; values of predicates are worked out at once."""
    found = build_actor(users_for_actor().get(pk=user.pk), via="console")
    alone = replace(found, access_version=-1 - secrets.randbits(62), memo={})
    policy, known = AccessPolicy.of(alone), current_snapshot().objects()
    readings = {spec.api_name: _reading(policy, current_snapshot().object(spec.api_name)) for spec in known}
    return readings, alone.functions


def _reading(policy: AccessPolicy, obj: CompiledObject) -> Reading:
    actions = frozenset(action for action in ACTIONS if policy.can(obj.name, action))
    records = {action: policy.scope(obj, action).sql("t") if action in actions else FALSE for action in (READ, EDIT)}
    fields = {field.name: policy.field_level(obj, field.name) for field in obj if not field.spec.is_system}
    return Reading(actions, records, fields if READ in actions else {})


def _compared(before: Mapping[str, Reading], after: Mapping[str, Reading], language: str) -> Iterator[ObjectChange]:
    for name, then in after.items():
        obj, now = current_snapshot().object(name), before[name]
        fields = (
            FieldChange(field, obj.field(field).spec.label.text(language), now.fields[field], level)
            for field, level in then.fields.items()
            if field in now.fields and now.fields[field] != level
        )
        yield ObjectChange(
            name,
            obj.spec.label.text(language),
            _difference(obj, now.records[READ], then.records[READ]),
            _difference(obj, now.records[EDIT], then.records[EDIT]),
            _ordered(then.actions - now.actions),
            _ordered(now.actions - then.actions),
            tuple(fields),
        )


def _ordered(actions: Collection[str]) -> tuple[str, ...]:
    return tuple(action for action in ACTIONS if action in actions)


def _difference(obj: CompiledObject, before: SqlText, after: SqlText) -> Difference:
    if before == after:
        return Difference()
    return Difference(gained=_count(obj, after, before), lost=_count(obj, before, after))


def _count(obj: CompiledObject, within: SqlText, without: SqlText) -> Number:
    """Return how many records meet one predicate and not the other."""
    if within == FALSE:
        return Number(0)
    sql = (
        f"SELECT count(*) FROM (SELECT 1 FROM {quote(obj.table)} t WHERE t.deleted_at IS NULL"  # noqa: S608 (physical names)
        f" AND ({within.text}) AND ({without.text}) IS NOT TRUE LIMIT %s) found"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*within.params, *without.params, CAP + 1])
        (count,) = cursor.fetchone()
    return Number(min(count, CAP), count <= CAP)
