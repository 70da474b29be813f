"""Validation rules: all that fail are told together; warnings let a record pass once they are confirmed."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from crm_platform.audit.actions import Action, actions
from crm_platform.audit.services import Subject, record_entry
from crm_platform.identity.functions import BYPASS_VALIDATION
from metadata.compiler.spec import RECORD_TYPE, ValidationRuleSpec
from metadata.expressions import Environment
from metadata.field_types.contexts import display_context
from metadata.services.validation_rules import PLACEHOLDER
from objects.records.discretion import keep_quiet
from objects.records.drafts import Batch, Draft
from objects.records.environments import RecordValues, environment
from objects.records.programs import RuleProgram, programs

WARNING, WARNING_CONFIRMED = "warning", "records.warning_confirmed"

actions.register(Action(WARNING_CONFIRMED, _("Warning of a rule confirmed")))


def rules(batch: Batch) -> None:
    """Find the drafts that a rule refuses; an update that changes nothing is not judged."""
    found = [item for item in programs(batch.snapshot, batch.object).rules if _applies(batch, item.rule)]
    if not found:
        return
    for draft in batch.open:
        if batch.is_create or batch.action == "delete" or draft.changes:
            judge(batch, draft, found, environment(batch, draft))


def check_deletion(batch: Batch) -> None:
    """Raise ValidationFailed when a rule forbids to delete the record; what cascades from it is not asked."""
    rules(batch)
    for draft in batch.drafts:
        if not draft.is_sound:
            keep_quiet(batch, draft)
            raise draft.failure()
    note_confirmed(batch)


def judge(batch: Batch, draft: Draft, found: Sequence[RuleProgram], env: Environment) -> None:
    """Add an error for every rule whose condition is true; a confirmed warning is written down instead."""
    for program in found:
        rule = program.rule
        if rule.record_types and env.value(RECORD_TYPE) not in rule.record_types:
            continue
        if not program.expression.evaluate(env):
            continue
        if rule.severity == WARNING and batch.consent.warnings:
            draft.confirmed.append(rule.api_name)
            continue
        draft.error(
            rule.location or None,
            "validation_rule_failed",
            message_of(batch, draft, rule).replace("%", "%%"),
            rule=rule.api_name,
            severity=rule.severity,
        )


def note_confirmed(batch: Batch) -> None:
    """Write down which warnings the caller has confirmed for which record, once it is written."""
    for draft in batch.sound:
        if draft.confirmed:
            details = {"rules": draft.confirmed, "reason": batch.consent.reason}
            record_entry(batch.actor, WARNING_CONFIRMED, Subject(batch.object.name, draft.id), details)


def message_of(batch: Batch, draft: Draft, rule: ValidationRuleSpec) -> str:
    """Return a rule's message in the caller's language, `{field}` replaced by what people read of its value."""
    values = RecordValues(batch.object, draft.record, draft.values)
    ctx = display_context(batch.actor, batch.now, record=values)

    def shown(name: str) -> str:
        if not batch.policy.can_read_field(batch.object, name):
            return "…"
        field = batch.object.fields[name]
        return field.type.to_text(field.spec, values[name], ctx)

    return PLACEHOLDER.sub(lambda match: shown(match[1]), rule.message.text(batch.actor.language))


def _applies(batch: Batch, rule: ValidationRuleSpec) -> bool:
    event = batch.event if batch.event in ("import", "convert") else batch.action
    if event not in rule.events:
        return False
    return not (rule.can_be_bypassed and batch.actor.has_function(BYPASS_VALIDATION))
