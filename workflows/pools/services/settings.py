"""Making pools and settling who works with them, how much people may hold, and when records return. All is audited."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.audit.services import Subject, record_entry
from crm_platform.identity.models import User
from crm_platform.identity.services import bump_access_version, require_function
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import (
    FieldError,
    NotFound,
    PlatformError,
    StateConflict,
    ValidationFailed,
    VersionConflict,
)
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.models import BusinessObject, LabelTranslation
from objects.access.naming import existing
from objects.access.services.sharing_rules import differences, refuse_unknown
from workflows.pools.models import HoldCap, Pool, PoolMember, PoolQuota, RecycleRule
from workflows.pools.recycling.kinds import Subject as Asked
from workflows.pools.recycling.predicate import clocks_of, organization_zone, rule_sql
from workflows.pools.services.inputs import (
    CHANGEABLE,
    LARGEST,
    HoldCapInput,
    MemberInput,
    PoolInput,
    RecycleRuleInput,
    clean,
    tree_errors,
    whole_errors,
)
from workflows.pools.services.seats import MANAGE, seat

CREATED, CHANGED, DELETED = "pool.created", "pool.changed", "pool.deleted"
MEMBERS, QUOTA, CAPS, RULES = "pool.members_changed", "pool.quota_changed", "pool.caps_changed", "pool.rules_changed"
MAX_POOLS, MAX_MEMBERS, MAX_CAPS, MAX_RULES, MAX_VARIANTS = 100, 500, 200, 50, 20


def pools(actor: Actor, object_name: str | None = None) -> list[Pool]:
    """Return all pools for those who settle them, by object and position."""
    require_function(actor, MANAGE)
    rows = Pool.objects.select_related("business_object").order_by("business_object_id", "position", "api_name")
    return list(rows.filter(business_object__api_name=object_name) if object_name else rows)


def get_pool(actor: Actor, pool_id: uuid.UUID) -> Pool:
    """Return one pool as it is stored; raises NotFound."""
    require_function(actor, MANAGE)
    return _get(pool_id)


@transaction.atomic
def create_pool(actor: Actor, given: PoolInput) -> Pool:
    """Make a pool, by position the last where none is given. Raises Forbidden, ValidationFailed."""
    require_function(actor, MANAGE)
    owner = _object_row(given.object)
    siblings = Pool.objects.select_for_update().filter(business_object=owner)
    if siblings.count() >= MAX_POOLS:
        raise ValidationFailed.single("object", "out_of_range", _("At most %(max)d pools."), max=MAX_POOLS)
    last = siblings.order_by().aggregate(last=Max("position"))["last"]
    row = Pool(business_object=owner, api_name=given.api_name.strip() or _free_name(owner))
    _fill(row, {name: getattr(given, name) for name in CHANGEABLE})
    if not given.position and last is not None:
        row.position = last + 1
    if siblings.filter(api_name=row.api_name).exists():
        raise ValidationFailed.single("api_name", "not_unique", _("There is a pool of this name already."))
    clean(actor, _compiled(row), row)
    row.save(force_insert=True)
    _note(actor, CREATED, row, {"after": said(row)})
    return row


@transaction.atomic
def update_pool(
    actor: Actor, pool_id: uuid.UUID, changes: Mapping[str, Any], expected_version: int | None = None
) -> Pool:
    """Change some of what PoolInput holds, but object and name. Raises VersionConflict, ValidationFailed."""
    require_function(actor, MANAGE)
    refuse_unknown(changes, CHANGEABLE)
    row = _locked(pool_id, expected_version)
    before = said(row)
    _fill(row, changes)
    clean(actor, _compiled(row), row)
    after = said(row)
    if after != before:
        row.version += 1
        row.save()
        renamed = [name for name in ("label", "description") if after[name] != before[name]]
        LabelTranslation.objects.filter(target=row.pk, attribute__in=renamed).delete()
        _note(actor, CHANGED, row, differences(before, after))
    return row


@transaction.atomic
def delete_pool(actor: Actor, pool_id: uuid.UUID, expected_version: int | None = None) -> None:
    """Delete a pool that is switched off and to which no record belongs; raises StateConflict for others."""
    require_function(actor, MANAGE)
    row = _locked(pool_id, expected_version)
    if row.is_active:
        raise StateConflict(_("Switch the pool off first, so that nothing comes in meanwhile."))
    if _compiled(row).model._base_manager.filter(pool_id=row.pk).exists():
        raise StateConflict(_("Records belong to this pool. Move them to another one first."))
    _note(actor, DELETED, row, {"before": said(row)})
    LabelTranslation.objects.filter(target=row.pk).delete()
    row.delete()


@transaction.atomic
def set_members(
    actor: Actor, pool_id: uuid.UUID, members: Sequence[MemberInput], expected_version: int | None = None
) -> list[PoolMember]:
    """Let exactly these work with a pool."""
    require_function(actor, MANAGE)
    row = _locked(pool_id, expected_version)
    _refuse_many(members, MAX_MEMBERS, "members")
    wanted = {str(existing(item.principal, "principal")): item.is_admin is True for item in members}
    before = dict(row.members.order_by("pk").values_list("principal", "is_admin"))
    if wanted != before:
        row.members.all().delete()
        PoolMember.objects.bulk_create(PoolMember(pool=row, principal=key, is_admin=a) for key, a in wanted.items())
        _touch(row)
        _note(actor, MEMBERS, row, {"changes": {"members": [before, wanted]}})
    return list(row.members.order_by("pk"))


@transaction.atomic
def set_quota(
    actor: Actor,
    pool_id: uuid.UUID,
    user_id: uuid.UUID,
    *,
    hold_cap: int | None = None,
    daily_cap: int | None = None,
) -> PoolQuota | None:
    """Let one person hold, or claim in a day, another number than others; without either he is as all others.

    For who settles pools and for the pool's administrators.
    """
    place = seat(actor, pool_id)
    place.require_admin()
    if not User.objects.filter(pk=user_id).exists():
        raise ValidationFailed.single("user_id", "invalid_reference", _("There is no such user."))
    limits = {"hold_cap": hold_cap, "daily_cap": daily_cap}
    errors = [e for key, v in limits.items() if v is not None for e in whole_errors(v, key, 0, LARGEST)]
    if errors:
        raise ValidationFailed(errors)
    rows = PoolQuota.objects.select_for_update().filter(pool=pool_id, user=user_id)
    before = next(iter(rows.values("hold_cap", "daily_cap")), None)
    after = limits if any(value is not None for value in limits.values()) else None
    if before != after:
        rows.delete()
        if after:
            PoolQuota.objects.create(pool_id=pool_id, user_id=user_id, **limits)
        bump_access_version()
        _note(actor, QUOTA, place.pool, {"user": str(user_id), "changes": {"quota": [before, after]}})
    return PoolQuota.objects.filter(pool=pool_id, user=user_id).first()


def hold_caps(actor: Actor, object_name: str) -> list[dict[str, Any]]:
    """Return how many records of an object people may hold over all pools; raises NotFound for one without pools."""
    require_function(actor, MANAGE)
    spec = current_snapshot().spec.object_map.get(object_name)
    if spec is None or not spec.has_pools:
        raise NotFound
    return [_said_cap(row) for row in HoldCap.objects.filter(business_object=spec.id)]


@transaction.atomic
def set_hold_caps(actor: Actor, object_name: str, caps: Sequence[HoldCapInput]) -> list[HoldCap]:
    """Let people hold so many records of an object over all pools; the first that names somebody counts."""
    require_function(actor, MANAGE)
    owner = _object_row(object_name)
    obj = current_snapshot().object(owner.api_name)
    _refuse_many(caps, MAX_CAPS, "caps")
    list(HoldCap.objects.select_for_update().filter(business_object=owner))
    before = [_said_cap(row) for row in owner.hold_caps.all()]
    rows = [
        HoldCap(business_object=owner, principal=given.principal, cap=given.cap, uncounted=given.uncounted or None)
        for given in caps
    ]
    for number, row in enumerate(rows):
        row.position, row.principal = number, str(existing(row.principal, "principal"))
        errors = whole_errors(row.cap, "cap", 0, LARGEST) + tree_errors(actor, obj, row.uncounted, "uncounted")
        if errors:
            raise ValidationFailed(errors)
    if len({row.principal for row in rows}) < len(rows):
        raise ValidationFailed.single("principal", "not_unique", _("Each of them can be named once."))
    after = [_said_cap(row) for row in rows]
    if before != after:
        owner.hold_caps.all().delete()
        HoldCap.objects.bulk_create(rows)
        bump_access_version()
        record_entry(actor, CAPS, Subject(owner.api_name), {"changes": {"hold_caps": [before, after]}})
    return list(owner.hold_caps.all())


@transaction.atomic
def set_recycle_rules(
    actor: Actor, pool_id: uuid.UUID, rules: Sequence[RecycleRuleInput], expected_version: int | None = None
) -> list[RecycleRule]:
    """Let records return by exactly these rules; one that names the id of an old rule takes its place."""
    require_function(actor, MANAGE)
    row = _locked(pool_id, expected_version)
    _refuse_many(rules, MAX_RULES, "rules")
    old = {rule.pk: rule for rule in row.recycle_rules.all()}
    before = [said_rule(rule) for rule in old.values()]
    kept = [_rule(row, number, given, old) for number, given in enumerate(rules)]
    for number, rule in enumerate(kept):
        _check_nth(row, rule, number)
    after = [said_rule(rule) for rule in sorted(kept, key=lambda rule: (rule.group, rule.position))]
    if before != after:
        row.recycle_rules.exclude(pk__in=[rule.pk for rule in kept if rule.pk]).delete()
        for rule in kept:
            rule.save()
        _touch(row)
        _note(actor, RULES, row, {"changes": {"rules": [before, after]}})
    return list(row.recycle_rules.all())


def _check_nth(pool: Pool, rule: RecycleRule, number: int) -> None:
    """Check one of several rules; what is wrong says which one it is of."""
    try:
        check_rule(pool, rule)
    except ValidationFailed as error:
        raise ValidationFailed(
            [replace(item, params={**item.params, "number": number}) for item in error.errors]
        ) from error


def check_rule(pool: Pool, rule: RecycleRule) -> None:
    """Raise ValidationFailed unless the rule can be asked of the pool's records."""
    errors = [*whole_errors(rule.days, "days", 0, 3_650), *whole_errors(rule.group, "group", 0, 100)]
    if not isinstance(rule.label, str) or not 0 < len(rule.label.strip()) <= 80:
        errors.append(FieldError("label", "required", _("Enter a name of at most 80 characters.")))
    if rule.kind not in RecycleRule.Kind.values:
        errors.append(FieldError("kind", "invalid_choice", _("This is not a possible value.")))
    if not _are_variants(rule.variants):
        errors.append(FieldError("variants", "invalid_type", _("Each variant has a condition and a number of days.")))
    if errors:
        raise ValidationFailed(errors)
    snapshot, zone = current_snapshot(), organization_zone()
    asked = Asked(snapshot, _compiled(pool), system_actor("pools.recycle", time_zone=zone.key), timezone.now())
    try:
        rule_sql(asked, clocks_of(pool, asked.now, zone), rule)
    except ValidationFailed:
        raise
    except PlatformError as error:
        raise ValidationFailed.single("settings", error.code, str(error.message).replace("%", "%%")) from error


def said(row: Pool) -> dict[str, Any]:
    """Return what a pool says, as the audit trail and the API hold it."""
    found = {name: getattr(row, name) for name in CHANGEABLE if name != "recycles_to"}
    lists = {name: list(value) for name, value in found.items() if isinstance(value, list | tuple)}
    return {**found, **lists, "recycles_to": str(row.recycles_to_id) if row.recycles_to_id else None}


def said_rule(rule: RecycleRule) -> dict[str, Any]:
    """Return what a rule of return says."""
    names = ("label", "kind", "days", "variants", "settings", "group", "is_active")
    return {"id": rule.pk, **{name: getattr(rule, name) for name in names}}


def _said_cap(row: HoldCap) -> dict[str, Any]:
    return asdict(HoldCapInput(principal=row.principal, cap=row.cap, uncounted=row.uncounted))


def _rule(pool: Pool, number: int, given: RecycleRuleInput, old: Mapping[int, RecycleRule]) -> RecycleRule:
    if given.id is not None and given.id not in old:
        raise ValidationFailed.single("id", "invalid_reference", _("There is no such rule."))
    rule = RecycleRule(pk=given.id, pool=pool, position=number)
    for name in ("label", "kind", "days", "group", "is_active"):
        setattr(rule, name, getattr(given, name))
    rule.variants, rule.settings = [dict(item) for item in given.variants], dict(given.settings)
    return rule


def _are_variants(variants: object) -> bool:
    return (
        isinstance(variants, list)
        and len(variants) <= MAX_VARIANTS
        and all(
            isinstance(item, dict)
            and item.keys() == {"condition", "days"}
            and item["condition"]
            and not whole_errors(item["days"], "days", 0, 3_650)
            for item in variants
        )
    )


def _fill(row: Pool, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if name != "recycles_to":
            setattr(row, name, value)
        elif value is None:
            row.recycles_to = None
        else:
            target = Pool.objects.filter(pk=value, business_object=row.business_object_id).exclude(pk=row.pk).first()
            if target is None:
                raise ValidationFailed.single(name, "invalid_reference", _("There is no such pool."))
            row.recycles_to = target


def _locked(pool_id: uuid.UUID, expected_version: int | None = None) -> Pool:
    row = _get(pool_id, is_locked=True)
    if expected_version is not None and expected_version != row.version:
        raise VersionConflict(current_version=row.version)
    return row


def _get(pool_id: uuid.UUID, *, is_locked: bool = False) -> Pool:
    rows = Pool.objects.select_related("business_object").filter(pk=pool_id)
    row = (rows.select_for_update(of=("self",)) if is_locked else rows).first()
    if row is None:
        raise NotFound
    return row


def _object_row(object_name: object) -> BusinessObject:
    spec = current_snapshot().spec.object_map.get(str(object_name))
    if spec is None or not spec.has_pools:
        raise ValidationFailed.single("object", "invalid_reference", _("This object has no pools."))
    return BusinessObject.objects.get(pk=spec.id)


def _compiled(row: Pool) -> CompiledObject:
    if row.business_object.api_name not in current_snapshot().spec.object_map:
        raise NotFound
    return current_snapshot().object(row.business_object.api_name)


def _free_name(owner: BusinessObject) -> str:
    taken = set(Pool.objects.filter(business_object=owner).values_list("api_name", flat=True))
    return next(name for number in range(1, MAX_POOLS + 2) if (name := f"pool_{number}") not in taken)


def _refuse_many(items: Sequence[object], most: int, field: str) -> None:
    if len(items) > most:
        raise ValidationFailed.single(field, "out_of_range", _("At most %(max)d entries."), max=most)


def _touch(row: Pool) -> None:
    row.version += 1
    row.save(update_fields=["version"])


def _note(actor: Actor, action: str, row: Pool, details: Mapping[str, Any]) -> None:
    told = {"pool": str(row.pk), "label": row.label, **details}
    record_entry(actor, action, Subject(row.business_object.api_name), told)
