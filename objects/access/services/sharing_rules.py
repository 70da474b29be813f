"""Sharing rules 共享规则: made, changed, switched on and off, deleted by those who manage users."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.audit.services import Subject, record_entry
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from metadata.models import BusinessObject
from objects.access.models import Level, SharingRule
from objects.access.naming import existing
from objects.access.principals import EVERYONE
from objects.access.services import rule_conditions as common
from objects.access.services.object_defaults import is_controlled_by_master

CREATED, CHANGED, DELETED = "sharing_rule.created", "sharing_rule.changed", "sharing_rule.deleted"


@dataclass(frozen=True, kw_only=True)
class SharingRuleInput:
    """All that an administrator says about a sharing rule; a rule is by owner or by condition, as its kind says."""

    object: str
    label: str
    kind: str
    shared_with: str
    owned_by: str = ""
    condition: Any = None
    level: int = Level.READ
    starts_on: date | None = None
    ends_on: date | None = None
    is_active: bool = True
    position: int = 0


CHANGEABLE = tuple(item.name for item in fields(SharingRuleInput) if item.name != "object")


def sharing_rules(actor: Actor, object_name: str | None = None) -> list[SharingRule]:
    """Return the sharing rules of one object or all, those that are switched off included."""
    common.begin(actor)
    rows = SharingRule.objects.select_related("business_object").order_by("business_object__api_name", "position", "id")
    return list(rows.filter(business_object__api_name=object_name) if object_name else rows)


def get_sharing_rule(actor: Actor, rule_id: uuid.UUID) -> SharingRule:
    """Return one rule; raises NotFound."""
    common.begin(actor)
    return _get(rule_id)


@transaction.atomic
def create_sharing_rule(actor: Actor, given: SharingRuleInput) -> SharingRule:
    """Make a rule. Raises Forbidden, and ValidationFailed for what is wrong with it."""
    common.begin(actor)
    row = SharingRule(business_object=common.object_row(given.object))
    _refuse_too_many(row.business_object)
    for name in CHANGEABLE:
        setattr(row, name, getattr(given, name))
    _clean(actor, row)
    row.save(force_insert=True)
    _note(actor, CREATED, row, {"after": said(row)})
    return row


@transaction.atomic
def update_sharing_rule(actor: Actor, rule_id: uuid.UUID, **changes: Any) -> SharingRule:
    """Change some of what SharingRuleInput holds, but the object. Raises Forbidden, NotFound, ValidationFailed."""
    common.begin(actor)
    refuse_unknown(changes, CHANGEABLE)
    row = _get(rule_id, is_locked=True)
    before = said(row)
    for name, value in changes.items():
        setattr(row, name, value)
    _clean(actor, row)
    after = said(row)
    if after != before:
        row.save()
        _note(actor, CHANGED, row, differences(before, after))
    return row


@transaction.atomic
def delete_sharing_rule(actor: Actor, rule_id: uuid.UUID) -> None:
    """Delete a rule: what only it has opened is closed from now on."""
    common.begin(actor)
    row = _get(rule_id, is_locked=True)
    before = said(row)
    _note(actor, DELETED, row, {"before": before})
    row.delete()


def said(row: SharingRule) -> dict[str, Any]:
    """Return what a rule says, as the audit trail and the API hold it."""
    days = {name: day.isoformat() for name in ("starts_on", "ends_on") if (day := getattr(row, name)) is not None}
    return {**{name: getattr(row, name) for name in CHANGEABLE}, **days}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changed members as `{"name": [before, after]}`."""
    return {"changes": {name: [before[name], after[name]] for name in after if before[name] != after[name]}}


def refuse_unknown(changes: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raise ValidationFailed for members that there are not, or that stay as they are."""
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise ValidationFailed(FieldError(name, "unknown_field", _("There is no such field.")) for name in unknown)


def _get(rule_id: uuid.UUID, *, is_locked: bool = False) -> SharingRule:
    rows = SharingRule.objects.select_related("business_object").filter(uuid=rule_id)
    found = (rows.select_for_update(of=("self",)) if is_locked else rows).first()
    if found is None:
        raise NotFound
    return found


def _refuse_too_many(row: BusinessObject) -> None:
    if SharingRule.objects.filter(business_object=row).count() >= common.MAX_RULES:
        message = _("An object has at most %(max)d sharing rules.")
        raise ValidationFailed.single("object", "out_of_range", message, max=common.MAX_RULES)


def _clean(actor: Actor, row: SharingRule) -> None:
    """Check the whole rule and bring it into its stored form; what its kind does not need is emptied."""
    row.label = common.clean_label(row.label)
    if row.kind not in SharingRule.Kind.values:
        raise ValidationFailed.single("kind", "invalid_choice", _("Unknown kind of rule."))
    if row.level not in Level.values:
        raise ValidationFailed.single("level", "invalid_choice", _("Unknown level."))
    obj = common.compiled_of(row.business_object)
    if is_controlled_by_master(obj.name):
        raise ValidationFailed.single(
            "object", "invalid_choice", _("Who reaches a record of this object is decided by its master record.")
        )
    row.shared_with = str(existing(row.shared_with, "shared_with", but=()))
    if row.kind == SharingRule.Kind.OWNER:
        row.owned_by, row.condition = str(existing(row.owned_by, "owned_by", but=(EVERYONE,))), None
    else:
        row.owned_by = ""
        common.check_condition(actor, obj, row.condition)
    if row.starts_on and row.ends_on and row.ends_on < row.starts_on:
        raise ValidationFailed.single("ends_on", "out_of_range", _("The last day is before the first one."))


def _note(actor: Actor, action: str, row: SharingRule, details: Mapping[str, Any]) -> None:
    told = {"rule": str(row.uuid), "label": row.label, **details}
    record_entry(actor, action, Subject(row.business_object.api_name), told)
    bump_access_version()
