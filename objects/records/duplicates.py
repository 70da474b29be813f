"""Duplicates of what is about to be written: looked for before, acted upon, remembered after."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metadata.compiler.spec import DuplicateRuleSpec
from objects.duplicates import decisions
from objects.duplicates.decisions import Occasion
from objects.duplicates.errors import DuplicateDetected, RuleMatches, may_override
from objects.duplicates.finding import Match, Probe, asks_of, find
from objects.duplicates.keys import insert_keys, replace_keys, take_locks
from objects.duplicates.plan import RulePlan, object_plan
from objects.duplicates.together import Earlier
from objects.records.diverting import ACTION as DIVERT
from objects.records.diverting import diversion
from objects.records.drafts import Batch, Diversion, Draft
from objects.records.environments import environment
from objects.records.programs import programs

CERTAIN = 100


def duplicates(batch: Batch) -> None:
    """Find what each sound draft duplicates, and refuse it where a rule says so.

    Keys that a blocking rule compares are locked first, so that of several writers of the same customer each
    sees what the ones before have written.
    """
    plan = object_plan(batch.snapshot, batch.object.name)
    drafts = [draft for draft in batch.sound if batch.is_create or not plan.fields.isdisjoint(draft.changes)]
    if not plan.sources or not drafts:
        return
    for draft in drafts:
        draft.keys = plan.keys(batch.object, _values(plan.fields, batch, draft))
    take_locks(plan, [draft.keys for draft in drafts])
    rules = [rule for rule in plan.rules if _action(batch, rule.spec) != "off"]
    if rules:
        _judge(batch, rules, drafts)


def remember(batch: Batch) -> None:
    """Keep the keys of what was written, what was decided, and what is left for somebody to look at."""
    written = [draft for draft in batch.sound if draft.keys is not None]
    if not written:
        return
    keys = {draft.id: draft.keys for draft in written if draft.id is not None}
    (insert_keys if batch.is_create else replace_keys)(batch.object.spec.id, keys)
    found = [(draft.id, *item) for draft in written if draft.id is not None for item in draft.matches]
    if found:
        occasion = Occasion(batch.actor, batch.object.spec, batch.event, batch.consent.reason, batch.now)
        decisions.remember(occasion, found)


def _values(names: Iterable[str], batch: Batch, draft: Draft) -> Mapping[str, Any]:
    """Return the values that the record will have."""
    record = draft.record
    return {
        name: draft.values[name]
        if name in draft.values or record is None
        else batch.object.fields[name].value_of(record)
        for name in names
        if name in draft.values or record is not None
    }


def _action(batch: Batch, rule: DuplicateRuleSpec) -> str:
    """Return what a rule does at this event. Nobody can confirm a warning to a part of the platform itself."""
    action = str(rule.actions.get(batch.event, "off"))
    return "report" if action == "warn" and batch.actor.is_system else action


def _judge(batch: Batch, rules: Sequence[RulePlan], drafts: Sequence[Draft]) -> None:
    asks = asks_of(rules)
    probes = {draft: _probe(batch, draft) for draft in drafts}
    found = find(batch.policy, batch.snapshot, asks, list(probes.values()), batch.now)
    own = [ask for ask in asks if ask.matching.target.id == batch.object.spec.id]
    earlier = {ask.key: Earlier(ask) for ask in own} if len(drafts) > 1 else {}
    for draft in drafts:
        asked = [rule for rule in rules if batch.is_create or not rule.fields.isdisjoint(draft.changes)]
        probe = probes[draft]
        matches = [*found.get(probe.id, ()), *_earlier_matches(earlier, probe)]
        _decide(batch, draft, asked, matches)
        if draft.is_sound:
            for item in earlier.values():
                item.add(probe)


def _probe(batch: Batch, draft: Draft) -> Probe:
    def stored(name: str) -> uuid.UUID | None:
        if name in draft.columns:
            found = draft.columns[name]
        else:
            found = getattr(draft.record, name, None) if draft.record is not None else None
        return found if isinstance(found, uuid.UUID) else None

    assert draft.id is not None
    return Probe(draft.id, draft.keys, stored("owner_id"), stored("owner_department_id"), stored("record_type_id"))


def _earlier_matches(earlier: Mapping[str, Earlier], probe: Probe) -> list[Match]:
    """Return the rows of the same batch that a row matches; who writes them may see them."""
    found = []
    for item in earlier.values():
        other = item.find(probe)
        if other is not None:
            found.append(Match(item.ask, item.ask.matching.target, other.id, CERTAIN, True))
    return found


def _decide(batch: Batch, draft: Draft, rules: Sequence[RulePlan], matches: Sequence[Match]) -> None:
    by_rule: dict[uuid.UUID, list[Match]] = defaultdict(list)
    for match in matches:
        assert match.ask.rule is not None
        by_rule[match.ask.rule.uuid].append(match)
    refusing: list[RuleMatches] = []
    diverted: Diversion | None = None
    for rule in rules:
        found = by_rule.get(rule.spec.uuid)
        if not found or not _applies(batch, draft, rule.spec):
            continue
        action = _action(batch, rule.spec)
        is_allowed = action == "warn" and batch.consent.duplicates and may_override(batch.actor, rule.spec)
        if action == "block" or (action == "warn" and not is_allowed):
            refusing.append((rule.spec, action, found))
            continue
        draft.matches.append((rule.spec, action, found))
        if action == DIVERT and diverted is None:
            diverted = diversion(batch, found)
    if refusing:
        draft.refusal = DuplicateDetected(batch.actor, batch.snapshot, refusing)
    else:
        draft.diverted = diverted


def _applies(batch: Batch, draft: Draft, rule: DuplicateRuleSpec) -> bool:
    """Tell whether a rule's condition holds for the record; a rule whose condition is broken does not."""
    if not rule.condition:
        return True
    expression = programs(batch.snapshot, batch.object).duplicates.get(rule.api_name)
    return expression is not None and expression.evaluate(environment(batch, draft)) is True
