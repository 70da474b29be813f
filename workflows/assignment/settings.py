"""Settling by which rules what waits in a pool is given out, among whom, and who is absent. All is audited."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.audit.services import Subject, record_entry
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.services import require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, Forbidden, NotFound, ValidationFailed, VersionConflict
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.choices import active_choices
from workflows.assignment.models import ENTRIES, Absence, AssignmentMember, AssignmentRule
from workflows.assignment.routing import request_routing
from workflows.pools.models import Pool
from workflows.pools.services.inputs import tree_errors
from workflows.pools.services.seats import MANAGE, seat
from workflows.pools.services.settings import get_pool

CREATED, CHANGED, DELETED = "assignment.rule_created", "assignment.rule_changed", "assignment.rule_deleted"
MAX_RULES, MAX_MEMBERS = 50, 200
LARGEST_WEIGHT, LARGEST_CAPACITY, LONGEST_ACCEPT, MOST_TRIES = 100, 1_000_000, 100_000, 20
LONGEST_LABEL, LARGEST_POSITION = 80, 1_000
STICKY = frozenset({"text", "phone", "email", "lookup", "url"})  # types of fields by which records go together


@dataclass(frozen=True)
class MemberInput:
    """Somebody among whom a rule chooses; `tags` holds values of fields that he is good at."""

    user_id: uuid.UUID
    weight: int = 1
    capacity: int | None = None
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class RuleInput:
    """A rule as somebody settles it; `members` are all of them, in their order."""

    label: str
    entries: Sequence[str] = ("create", "import")
    condition: Mapping[str, Any] | None = None
    strategy: str = AssignmentRule.Strategy.ROUND_ROBIN
    sticky_fields: Sequence[str] = ()
    only_in_hours: bool = False
    accept_minutes: int = 0
    most_tries: int = 3
    position: int = 0
    is_active: bool = True
    members: Sequence[MemberInput] = ()


PLAIN = tuple(name for name in RuleInput.__dataclass_fields__ if name != "members")


def rules_of(actor: Actor, pool_id: uuid.UUID) -> list[AssignmentRule]:
    """Return the rules of a pool, in order, for those who settle them; raises NotFound, Forbidden."""
    pool = get_pool(actor, pool_id)
    return list(AssignmentRule.objects.filter(pool=pool).prefetch_related("members__user"))


def get_rule(actor: Actor, pool_id: uuid.UUID, rule_id: uuid.UUID) -> AssignmentRule:
    """Return one rule of a pool; raises NotFound."""
    found = next((rule for rule in rules_of(actor, pool_id) if rule.pk == rule_id), None)
    if found is None:
        raise NotFound
    return found


@transaction.atomic
def save_rule(
    actor: Actor,
    pool_id: uuid.UUID,
    given: RuleInput,
    rule_id: uuid.UUID | None = None,
    expected_version: int | None = None,
) -> AssignmentRule:
    """Make a rule, or change one as a whole. Raises NotFound, VersionConflict, ValidationFailed."""
    pool = get_pool(actor, pool_id)
    _check(actor, pool, given)
    if rule_id is None:
        if AssignmentRule.objects.select_for_update().filter(pool=pool).count() >= MAX_RULES:
            raise ValidationFailed.single(None, "out_of_range", _("At most %(max)d rules."), max=MAX_RULES)
        row, before = AssignmentRule(pool=pool), None
    else:
        row = _locked(pool, rule_id, expected_version)
        before = said(row)
        row.version += 1
    for name in PLAIN:
        setattr(row, name, getattr(given, name))
    row.entries, row.sticky_fields = list(given.entries), list(given.sticky_fields)
    row.save()
    _save_members(row, given.members)
    note = {"after": said(row)} if before is None else {"before": before, "after": said(row)}
    _note(actor, CREATED if before is None else CHANGED, row, note)
    if row.is_active:
        request_routing(pool.pk)
    return row


@transaction.atomic
def update_rule(
    actor: Actor,
    pool_id: uuid.UUID,
    rule_id: uuid.UUID,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> AssignmentRule:
    """Change some of what RuleInput holds. Raises NotFound, VersionConflict, ValidationFailed."""
    row = _locked(get_pool(actor, pool_id), rule_id, expected_version)
    return save_rule(actor, pool_id, replace(settled(row), **changes), rule_id)


@transaction.atomic
def delete_rule(actor: Actor, pool_id: uuid.UUID, rule_id: uuid.UUID, expected_version: int | None = None) -> None:
    """Delete a rule; what it has given out stays as it is. Raises NotFound, VersionConflict."""
    row = _locked(get_pool(actor, pool_id), rule_id, expected_version)
    _note(actor, DELETED, row, {"before": said(row)})
    row.delete()


def route_now(actor: Actor, pool_id: uuid.UUID) -> None:
    """Have the rules look at what waits in a pool; for its administrators."""
    seat(actor, pool_id).require_admin()
    request_routing(pool_id)


def said(row: AssignmentRule) -> dict[str, Any]:
    """Return a rule as the audit trail and the Open API tell it."""
    members = [
        {"user_id": str(item.user_id), "weight": item.weight, "capacity": item.capacity, "tags": item.tags}
        for item in members_of(row)
    ]
    return {**{name: getattr(row, name) for name in PLAIN}, "members": members}


def settled(row: AssignmentRule) -> RuleInput:
    """Return a rule as it was settled, to be changed."""
    plain: dict[str, Any] = {name: getattr(row, name) for name in PLAIN}
    return RuleInput(**plain, members=members_of(row))


def members_of(row: AssignmentRule) -> list[MemberInput]:
    """Return who takes part in a rule, in order."""
    rows = row.members.order_by("position", "id")
    return [MemberInput(item.user_id, item.weight, item.capacity, item.tags) for item in rows]


# --- absences ---------------------------------------------------------------------------------------------------
def absences(actor: Actor) -> list[Absence]:
    """Return the absences that the caller may settle, the latest first: everybody's, or his own."""
    rows = Absence.objects.select_related("user").order_by("-starts_at")
    if not _settles_all(actor):
        rows = rows.filter(user=actor.user_id)
    return list(rows[:200])


@transaction.atomic
def add_absence(actor: Actor, user_id: uuid.UUID, starts_at: datetime, ends_at: datetime, note: str = "") -> Absence:
    """Note a time in which somebody is given nothing; one's own, or anybody's by who manages users or pools."""
    if user_id != actor.user_id and not _settles_all(actor):
        raise Forbidden
    if not User.objects.filter(pk=user_id).exists():
        raise ValidationFailed.single("user_id", "invalid_reference", _("There is no such user."))
    if ends_at <= starts_at:
        raise ValidationFailed.single("ends_at", "out_of_range", _("It ends before it begins."))
    return Absence.objects.create(user_id=user_id, starts_at=starts_at, ends_at=ends_at, note=note[:200])


@transaction.atomic
def remove_absence(actor: Actor, absence_id: int) -> None:
    """Take an absence away; raises NotFound for one that the caller may not settle."""
    rows = Absence.objects.filter(pk=absence_id)
    if not _settles_all(actor):
        rows = rows.filter(user=actor.user_id)
    if not rows.delete()[0]:
        raise NotFound


def _settles_all(actor: Actor) -> bool:
    return actor.has_function(MANAGE_USERS) or actor.has_function(MANAGE)


# --- checking ---------------------------------------------------------------------------------------------------
def _check(actor: Actor, pool: Pool, given: RuleInput) -> None:
    require_function(actor, MANAGE)
    obj = current_snapshot().object(pool.business_object.api_name)
    errors = [*_plain_errors(given), *_field_errors(obj, given), *_member_errors(obj, given.members)]
    errors += tree_errors(actor, obj, given.condition, "condition")
    if errors:
        raise ValidationFailed(errors)


def _plain_errors(given: RuleInput) -> list[FieldError]:
    errors = []
    if not given.label.strip():
        errors.append(FieldError("label", "required", _("Enter a name.")))
    if len(given.label) > LONGEST_LABEL:
        errors.append(FieldError("label", "too_long", _("At most %(max)d characters."), {"max": LONGEST_LABEL}))
    if not given.entries or not set(given.entries) <= set(ENTRIES):
        errors.append(FieldError("entries", "invalid_choice", _("Choose how records come in.")))
    if given.strategy not in AssignmentRule.Strategy.values:
        errors.append(FieldError("strategy", "invalid_choice", _("Choose how people are chosen.")))
    limits = (
        ("accept_minutes", 0, LONGEST_ACCEPT),
        ("most_tries", 1, MOST_TRIES),
        ("position", -LARGEST_POSITION, LARGEST_POSITION),
    )
    for name, least, most in limits:
        if not least <= getattr(given, name) <= most:
            errors.append(_out_of_range(name, least, most))
    return errors


def _field_errors(obj: CompiledObject, given: RuleInput) -> list[FieldError]:
    known = {item.name for item in obj if item.spec.type in STICKY}
    if set(given.sticky_fields) <= known:
        return []
    return [FieldError("sticky_fields", "invalid_choice", _("Choose fields of text, phone, e-mail or lookups."))]


def _member_errors(obj: CompiledObject, members: Sequence[MemberInput]) -> list[FieldError]:
    errors: list[FieldError] = []
    ids = [item.user_id for item in members]
    known = set(User.objects.filter(pk__in=ids, is_active=True).values_list("pk", flat=True))
    if len(set(ids)) < len(ids) or len(ids) > MAX_MEMBERS:
        errors.append(FieldError("members", "out_of_range", _("Everybody takes part once, and at most 200 people.")))
    for number, item in enumerate(members):
        place = f"members.{number}"
        if item.user_id not in known:
            errors.append(FieldError(f"{place}.user_id", "invalid_reference", _("There is no such user.")))
        if not 1 <= item.weight <= LARGEST_WEIGHT:
            errors.append(_out_of_range(f"{place}.weight", 1, LARGEST_WEIGHT))
        if item.capacity is not None and not 0 <= item.capacity <= LARGEST_CAPACITY:
            errors.append(_out_of_range(f"{place}.capacity", 0, LARGEST_CAPACITY))
        if not _are_tags(obj, item.tags):
            errors.append(FieldError(f"{place}.tags", "invalid_choice", _("Choose among the choices of the object.")))
    return errors


def _are_tags(obj: CompiledObject, tags: Mapping[str, Sequence[str]]) -> bool:
    return all(set(values) <= tag_values(obj, name) and values for name, values in tags.items())


def tag_values(obj: CompiledObject, name: str) -> set[str]:
    """Return the values of a field that may be tags of people: the choices of a picklist."""
    spec = obj.spec.field_map.get(name)
    return {item.value for item in active_choices(spec)} if spec is not None and spec.choice_set is not None else set()


def _out_of_range(name: str, least: int, most: int) -> FieldError:
    message = _("Enter a number between %(min)s and %(max)s.")
    return FieldError(name, "out_of_range", message, {"min": least, "max": most})


def _locked(pool: Pool, rule_id: uuid.UUID, expected_version: int | None) -> AssignmentRule:
    row = AssignmentRule.objects.select_for_update().filter(pool=pool, pk=rule_id).first()
    if row is None:
        raise NotFound
    if expected_version is not None and row.version != expected_version:
        raise VersionConflict(current_version=row.version)
    return row


def _save_members(row: AssignmentRule, members: Sequence[MemberInput]) -> None:
    """Write the members; who stays keeps his turn and his count."""
    present = {item.user_id: item for item in row.members.select_for_update()}
    row.members.exclude(user__in=[item.user_id for item in members]).delete()
    for position, item in enumerate(members):
        member = present.get(item.user_id) or AssignmentMember(rule=row, user_id=item.user_id)
        member.position, member.weight, member.capacity = position, item.weight, item.capacity
        member.tags = {name: list(values) for name, values in item.tags.items()}
        member.save()


def _note(actor: Actor, action: str, row: AssignmentRule, details: dict[str, Any]) -> None:
    record_entry(actor, action, Subject("assignment_rule", row.pk, row.label), details)
