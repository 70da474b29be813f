"""Customers who exist already: found for a lead by its own duplicate rules and by those of what it would become."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crm_platform.kit.context import Actor
from crm_platform.kit.frozen import FrozenDict
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import DuplicateRuleSpec, Labels, MatchingRuleSpec
from metadata.match_methods import match_methods
from objects.access.policy import AccessPolicy
from objects.conversion.mapping import ACCOUNT, LEAD
from objects.duplicates.checking import check_values
from objects.duplicates.errors import DuplicateDetected, TooManyChecks, may_override
from objects.duplicates.finding import Ask, Match, Probe, asks_of, find
from objects.duplicates.methods import keys_of_text
from objects.duplicates.plan import Comparison, Matching, RulePlan, Source, object_plan
from objects.duplicates.rebuild import record_keys
from objects.duplicates.results import Card, cards
from objects.records.drafts import Batch, Draft
from objects.records.environments import environment
from objects.records.programs import programs

REFUSING = ("warn", "block")


def refuse_known(batch: Batch, lead: Draft, target: str, *, is_accepted: bool) -> None:
    """Raise DuplicateDetected where a rule of leads says that the target exists; a confirmed warning does not."""
    actor, snapshot = batch.actor, batch.snapshot
    if actor.is_system:
        return
    refusing = []
    for rule, found in _found(batch, lead, target):
        action = str(rule.spec.actions.get(batch.event, "off"))
        is_confirmed = is_accepted and action == "warn" and may_override(actor, rule.spec)
        if action in REFUSING and not is_confirmed:
            refusing.append((rule.spec, action, found))
    if refusing:
        raise DuplicateDetected(actor, snapshot, refusing)


def _found(batch: Batch, lead: Draft, target: str) -> list[tuple[RulePlan, list[Match]]]:
    """Return what each rule of leads finds among the target's records."""
    plan = object_plan(batch.snapshot, LEAD)
    rules = [_about(rule, target) for rule in plan.rules]
    rules = [rule for rule in rules if rule.matchings and _holds(batch, lead, rule)]
    assert lead.record is not None
    probe = _probe(lead.record, record_keys(batch.object, plan, lead.record))
    matches = find(batch.policy, batch.snapshot, asks_of(rules), [probe], batch.now).get(probe.id, [])
    found = [(rule, [match for match in matches if match.ask.rule is rule.spec]) for rule in rules]
    return [item for item in found if item[1]]


def _about(rule: RulePlan, target: str) -> RulePlan:
    return replace(rule, matchings=tuple(item for item in rule.matchings if item.target.api_name == target))


def _holds(batch: Batch, lead: Draft, rule: RulePlan) -> bool:
    if not rule.spec.condition:
        return True
    expression = programs(batch.snapshot, batch.object).duplicates.get(rule.spec.api_name)
    return expression is not None and expression.evaluate(environment(batch, lead)) is True


def _probe(record: Any, keys: Any) -> Probe:
    return Probe(record.pk, keys, record.owner_id, record.owner_department_id, record.record_type_id)


def offers(batch: Batch, lead: Draft, target: str, values: Mapping[str, Any]) -> list[Card]:
    """Return the target's records that are offered before a new one is made, the most alike first.

    Rules that compare something which is kept from the caller stay silent: they would tell of it. `values` are those
    that he may see of the new record, in API form.
    """
    actor, policy = batch.actor, batch.policy
    told = [
        match for rule, found in _found(batch, lead, target) if policy.reads_all_of(rule.nodes(LEAD)) for match in found
    ]
    known = cards(actor, batch.snapshot, sorted(told, key=lambda item: -item.score))
    if policy.can(target, "read"):
        try:
            findings = check_values(actor, target, values)
        except TooManyChecks:
            findings = []
        known += [card for finding in findings for card in finding.cards if card.object.api_name == target]
    best: dict[uuid.UUID, Card] = {}
    for card in known:
        if card.record_id is not None and not card.is_deleted:
            best.setdefault(card.record_id, card)
    return sorted(best.values(), key=lambda card: -card.score)


def accounts_named(actor: Actor, snapshot: SchemaSnapshot, name: str, now: Any) -> list[Match]:
    """Return the living accounts whose normalised name is that of a text, be they visible or not."""
    method = match_methods.get("company")
    keys = keys_of_text("company", name)
    accounts = snapshot.object(ACCOUNT)
    known = (item for item in object_plan(snapshot, ACCOUNT).sources if item.method == method.key)
    sources = tuple(item for item in known if item.fields == (accounts.name_field.name,))
    if not keys or not sources:
        return []
    word = Source(0, method.code, method.key, ())
    comparison = Comparison((word,), sources, word.code, 100, "no_match", False)
    rule = MatchingRuleSpec(uuid.UUID(int=0), method.key, Labels(), ACCOUNT, ())
    told = DuplicateRuleSpec(uuid.UUID(int=0), "conversion", Labels(), (), FrozenDict(), shown_fields=("name",))
    ask = Ask("conversion.company", Matching(rule, accounts.spec, (comparison,)), told)
    probe = Probe(uuid.UUID(int=0), {word: keys})
    found: Sequence[Match] = find(AccessPolicy.of(actor), snapshot, [ask], [probe], now).get(probe.id, [])
    return list(found)
