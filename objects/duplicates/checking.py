"""Looking for duplicates without writing anything: of values typed into a form, of a record, of a few words."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from crm_platform.kit.context import Actor
from crm_platform.kit.frozen import FrozenDict
from crm_platform.tenancy.context import current_schema
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import DuplicateRuleSpec, Labels, MatchingRuleSpec, ObjectSpec
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import InvalidValue
from metadata.match_methods import match_methods
from objects.access.policy import AccessPolicy
from objects.duplicates.errors import RuleFinding, TooManyChecks
from objects.duplicates.finding import Ask, Match, Probe, asks_of, find
from objects.duplicates.methods import keys_of_text
from objects.duplicates.plan import Comparison, Matching, ObjectPlan, Source, object_plan
from objects.duplicates.rebuild import record_keys
from objects.duplicates.results import Card, cards
from objects.query.query import RecordQuery

CHECKS_PER_HOUR = 300
ALIKE = 60  # how alike company names must be to be shown, in percent
FOUND = 20  # cards of a search
_HOUR = 3_600

# How each of the words that people search by is compared.
WORDS: Mapping[str, tuple[str, ...]] = {
    "name": ("person",),
    "phone": ("phone", "phone_tail"),
    "email": ("email",),
    "company": ("company",),
}


def check_values(
    actor: Actor, object_name: str, values: Mapping[str, Any], record_id: uuid.UUID | None = None
) -> list[RuleFinding]:
    """Return what each duplicate rule of the object finds for values as they were typed.

    Values that can't be read are passed over: that they are wrong is told elsewhere. Raises NotFound for an
    object that the caller may not know, TooManyChecks for somebody who tries out numbers.
    """
    policy = AccessPolicy.of(actor)
    policy.require(object_name, "read")
    count_check(actor)
    snapshot = current_snapshot()
    obj, plan = snapshot.object(object_name), object_plan(snapshot, object_name)
    keys = plan.keys(obj, _cleaned(actor, obj, plan, values))
    probe = Probe(record_id or uuid.UUID(int=0), keys, actor.user_id, actor.department_id)
    return _ask_rules(actor, snapshot, object_name, plan, probe)


def check_record(actor: Actor, object_name: str, record_id: uuid.UUID | str) -> list[RuleFinding]:
    """Return what each duplicate rule of the object finds for a record; raises NotFound."""
    record: Any = RecordQuery(actor, object_name).record(record_id)
    count_check(actor)
    snapshot = current_snapshot()
    obj, plan = snapshot.object(object_name), object_plan(snapshot, object_name)
    keys = record_keys(obj, plan, record)
    probe = Probe(record.pk, keys, record.owner_id, record.owner_department_id, record.record_type_id)
    return _ask_rules(actor, snapshot, object_name, plan, probe)


def _ask_rules(
    actor: Actor, snapshot: SchemaSnapshot, object_name: str, plan: ObjectPlan, probe: Probe
) -> list[RuleFinding]:
    """Return what the rules find that compare nothing which is kept from the caller: the others would tell of it."""
    policy = AccessPolicy.of(actor)
    rules = [rule for rule in plan.rules if policy.reads_all_of(rule.nodes(object_name))]
    found = find(policy, snapshot, asks_of(rules), [probe], timezone.now()).get(probe.id, [])
    findings = []
    for rule in rules:
        matches = [match for match in found if match.ask.rule is rule.spec]
        if matches:
            action = str(rule.spec.actions.get("create", "off"))
            findings.append(RuleFinding(actor, snapshot, rule.spec, action, matches))
    return findings


def _cleaned(actor: Actor, obj: CompiledObject, plan: ObjectPlan, values: Mapping[str, Any]) -> dict[str, Any]:
    ctx = clean_context(actor)
    cleaned: dict[str, Any] = {}
    for name in plan.fields & values.keys():
        field = obj.fields[name]
        try:
            cleaned[name] = field.type.clean(field.spec, values[name], ctx)
        except InvalidValue:
            continue
    return cleaned


# --- the search before something is created -----------------------------------------------------------------
@dataclass(frozen=True)
class Searched:
    """The records of one object that a search has found."""

    object: ObjectSpec
    cards: tuple[Card, ...]
    can_create: bool


def search(actor: Actor, words: Mapping[str, str]) -> list[Searched]:
    """Return the records of all objects that matching rules compare, found by name, phone, e-mail or company.

    Records that the caller may not read are told of as far as the duplicate rules about them say. Raises
    TooManyChecks.
    """
    count_check(actor)
    snapshot, policy = current_snapshot(), AccessPolicy.of(actor)
    asks = [ask for spec in snapshot.objects() for ask in _word_asks(policy, snapshot, spec)]
    keys = {_word_source(method): found for method, found in _word_keys(words).items() if found}
    if not keys or not asks:
        return []
    probe = Probe(uuid.UUID(int=0), keys)
    best: dict[uuid.UUID, Match] = {}
    for match in find(policy, snapshot, asks, [probe], timezone.now()).get(probe.id, []):
        best.setdefault(match.record_id, match)
    return _grouped(actor, snapshot, list(best.values()))


def _grouped(actor: Actor, snapshot: SchemaSnapshot, matches: Sequence[Match]) -> list[Searched]:
    policy = AccessPolicy.of(actor)
    found = []
    for spec in snapshot.objects():
        own = [match for match in matches if match.target.id == spec.id][:FOUND]
        if own:
            can_create = policy.can(spec.api_name, "create")
            found.append(Searched(spec, tuple(cards(actor, snapshot, own)), can_create))
    return found


def _word_keys(words: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the keys of each method that reads one of the words."""
    found = {}
    for name, methods in WORDS.items():
        text = (words.get(name) or "").strip()
        for method in methods if text else ():
            found[method] = keys_of_text(method, text[:200])
    return found


def _word_source(method: str) -> Source:
    """Return what stands for the searched word where a field stands otherwise."""
    return Source(0, match_methods.get(method).code, method, ())


def _word_asks(policy: AccessPolicy, snapshot: SchemaSnapshot, spec: ObjectSpec) -> list[Ask]:
    plan, asks = object_plan(snapshot, spec.api_name), []
    told = [item for item in plan.sources if policy.reads_all_of((spec.api_name, name) for name in item.fields)]
    for methods in WORDS.values():
        for method in methods:
            sources = tuple(source for source in told if source.method == method)
            if not sources:
                continue
            threshold = ALIKE if method == "company" else match_methods.get(method).threshold
            digits = threshold if method == "phone_tail" else 0
            word = _word_source(method)
            comparison = Comparison((word,), sources, word.code, threshold, "no_match", method == "company", digits)
            rule = MatchingRuleSpec(uuid.UUID(int=0), method, Labels(), spec.api_name, ())
            asks.append(Ask(f"{spec.api_name}.{method}", Matching(rule, spec, (comparison,)), _shown(snapshot, spec)))
    return asks


def _shown(snapshot: SchemaSnapshot, spec: ObjectSpec) -> DuplicateRuleSpec:
    """Return a rule that tells of an object's records what any rule about them tells."""
    shown: dict[str, None] = {}
    for owner in snapshot.objects():
        for rule in object_plan(snapshot, owner.api_name).rules:
            if any(matching.target.id == spec.id for matching in rule.matchings):
                shown |= dict.fromkeys(rule.spec.shown_fields)
    return DuplicateRuleSpec(
        uuid.UUID(int=0), "search", Labels(), (), FrozenDict(), shown_fields=tuple(shown), include_converted=True
    )


def count_check(actor: Actor) -> None:
    """Raise TooManyChecks for a caller who has asked too often in this hour: duplicates tell who is a customer."""
    if actor.is_system or actor.user_id is None:
        return
    hour = timezone.now().strftime("%Y%m%d%H")
    key = f"duplicates:{current_schema()}:{actor.user_id}:{hour}"
    cache.add(key, 0, _HOUR)
    if cache.incr(key) > CHECKS_PER_HOUR:
        raise TooManyChecks
