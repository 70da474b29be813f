"""Restriction rules 限制规则: the only ones that take access away; made and changed by those who manage users."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.audit.services import Subject, record_entry
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from objects.access.models import RestrictionRule
from objects.access.naming import existing
from objects.access.services import rule_conditions as common
from objects.access.services.sharing_rules import differences, refuse_unknown

CREATED, CHANGED, DELETED = "restriction_rule.created", "restriction_rule.changed", "restriction_rule.deleted"


@dataclass(frozen=True, kw_only=True)
class RestrictionRuleInput:
    """All that an administrator says about a restriction rule."""

    object: str
    label: str
    applies_to: str
    condition: Any
    is_active: bool = True
    position: int = 0


CHANGEABLE = tuple(item.name for item in fields(RestrictionRuleInput) if item.name != "object")


def restriction_rules(actor: Actor, object_name: str | None = None) -> list[RestrictionRule]:
    """Return the restriction rules of one object or all, those that are switched off included."""
    common.begin(actor)
    rows = RestrictionRule.objects.select_related("business_object")
    rows = rows.order_by("business_object__api_name", "position", "id")
    return list(rows.filter(business_object__api_name=object_name) if object_name else rows)


def get_restriction_rule(actor: Actor, rule_id: uuid.UUID) -> RestrictionRule:
    """Return one rule; raises NotFound."""
    common.begin(actor)
    return _get(rule_id)


@transaction.atomic
def create_restriction_rule(actor: Actor, given: RestrictionRuleInput) -> RestrictionRule:
    """Make a rule. Raises Forbidden, and ValidationFailed for what is wrong with it."""
    common.begin(actor)
    row = RestrictionRule(business_object=common.object_row(given.object))
    if RestrictionRule.objects.filter(business_object=row.business_object).count() >= common.MAX_RULES:
        message = _("An object has at most %(max)d restriction rules.")
        raise ValidationFailed.single("object", "out_of_range", message, max=common.MAX_RULES)
    for name in CHANGEABLE:
        setattr(row, name, getattr(given, name))
    _clean(actor, row)
    row.save(force_insert=True)
    _note(actor, CREATED, row, {"after": said(row)})
    return row


@transaction.atomic
def update_restriction_rule(actor: Actor, rule_id: uuid.UUID, **changes: Any) -> RestrictionRule:
    """Change some of what RestrictionRuleInput holds, but the object."""
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
def delete_restriction_rule(actor: Actor, rule_id: uuid.UUID) -> None:
    """Delete a rule: it narrows nobody's reach from now on."""
    common.begin(actor)
    row = _get(rule_id, is_locked=True)
    _note(actor, DELETED, row, {"before": said(row)})
    row.delete()


def said(row: RestrictionRule) -> dict[str, Any]:
    """Return what a rule says, as the audit trail and the API hold it."""
    return {name: getattr(row, name) for name in CHANGEABLE}


def _get(rule_id: uuid.UUID, *, is_locked: bool = False) -> RestrictionRule:
    rows = RestrictionRule.objects.select_related("business_object").filter(uuid=rule_id)
    found = (rows.select_for_update(of=("self",)) if is_locked else rows).first()
    if found is None:
        raise NotFound
    return found


def _clean(actor: Actor, row: RestrictionRule) -> None:
    row.label = common.clean_label(row.label)
    row.applies_to = str(existing(row.applies_to, "applies_to"))
    common.check_condition(actor, common.compiled_of(row.business_object), row.condition)


def _note(actor: Actor, action: str, row: RestrictionRule, details: Mapping[str, Any]) -> None:
    told = {"rule": str(row.uuid), "label": row.label, **details}
    record_entry(actor, action, Subject(row.business_object.api_name), told)
    bump_access_version()
