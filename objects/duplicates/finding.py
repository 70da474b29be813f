"""The search for records that match others: one statement for a whole batch and all of its rules."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import connection

from crm_platform.kit.sqlnames import column_name, quote, table_name
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import DuplicateRuleSpec, ObjectSpec
from objects.access.policy import AccessPolicy
from objects.duplicates.plan import Comparison, Keys, Matching, RulePlan, probe
from objects.query.params import SqlText
from objects.records.locking import scope_sql

MAX_MATCHES = 21  # for one record and matching rule; more are not worth telling apart
CANDIDATES = 200  # of alike names, before what a rule leaves out
PROBES_PER_STATEMENT = 500
KEY_TABLE = "objects_duplicatekey"
CONVERTED = "converted_at"  # the field by which an object knows that a record has become another one


@dataclass(frozen=True)
class Probe:
    """A record for which others are looked for: its id, what scopes compare, and its keys."""

    id: uuid.UUID
    keys: Keys
    owner_id: uuid.UUID | None = None
    department_id: uuid.UUID | None = None
    record_type_id: uuid.UUID | None = None

    @cached_property
    def identity(self) -> tuple[str | None, ...]:
        """The ids as texts, in the form in which every question of a batch sends them."""
        ids = (self.id, self.owner_id, self.department_id, self.record_type_id)
        return tuple(None if value is None else str(value) for value in ids)


@dataclass(frozen=True, slots=True)
class Ask:
    """One question of a rule: by which matching rule, within which bounds. `key` names it in the answer."""

    key: str
    matching: Matching
    rule: DuplicateRuleSpec | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A record that matches: how well, in percent, and whether the caller may read it."""

    ask: Ask
    target: ObjectSpec
    record_id: uuid.UUID
    score: int
    is_visible: bool


def asks_of(rules: Sequence[RulePlan]) -> list[Ask]:
    """Return the questions of some duplicate rules."""
    return [
        Ask(f"{rule.spec.api_name}.{matching.spec.api_name}", matching, rule.spec)
        for rule in rules
        for matching in rule.matchings
    ]


def find(
    policy: AccessPolicy, snapshot: SchemaSnapshot, asks: Sequence[Ask], probes: Sequence[Probe], now: datetime
) -> Mapping[uuid.UUID, list[Match]]:
    """Return what matches each probe, by its id, the best first; records that are in no table are not found."""
    found: dict[uuid.UUID, list[Match]] = defaultdict(list)
    for start in range(0, len(probes), PROBES_PER_STATEMENT):
        chunk = probes[start : start + PROBES_PER_STATEMENT]
        parts = [_select(policy, snapshot, index, ask, chunk, now) for index, ask in enumerate(asks)]
        for row in _rows(asks, [part for part in parts if part is not None]):
            ask = asks[row[1]]
            match = Match(ask, ask.matching.target, row[2], round(row[3] * 100), row[4])
            if match.record_id not in {item.record_id for item in found[row[0]] if item.ask is ask}:
                found[row[0]].append(match)
    for matches in found.values():
        matches.sort(key=lambda item: -item.score)
    return found


def _rows(asks: Sequence[Ask], parts: Sequence[SqlText]) -> list[tuple[Any, ...]]:
    if not parts:
        return []
    text = " UNION ALL ".join(part.text for part in parts)
    params = [value for part in parts for value in part.params]
    fuzzy = [item.threshold for ask in asks for item in ask.matching.comparisons if item.is_fuzzy]
    if fuzzy:  # the operator of the index compares with a setting; each rule compares again with its own
        text = f"SELECT set_config('pg_trgm.similarity_threshold', '{min(fuzzy) / 100}', true); {text}"
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return list(cursor.fetchall())


def _select(
    policy: AccessPolicy, snapshot: SchemaSnapshot, index: int, ask: Ask, probes: Sequence[Probe], now: datetime
) -> SqlText | None:
    """Return the statement for one question; None when no probe has the keys for it."""
    matching = ask.matching
    compared = _ordered(matching)
    rows = [(one, [probe(item, one.keys, item.own) for item in compared]) for one in probes]
    rows = [(one, keys) for one, keys in rows if keys[0] and _has_demanded(matching, keys)]
    if not rows:
        return None
    names = ", ".join(f"k{position}" for position in range(len(compared)))
    row = f"(%s::uuid, %s::uuid, %s::uuid, %s::uuid{', %s::text[]' * len(compared)})"
    params = [value for one, keys in rows for value in (*one.identity, *keys)]
    seen = _seen(policy, snapshot, matching.target)
    bounds = _bounds(ask, now)
    # OFFSET 0 keeps the planner from going through the records first, as it would while it takes a table for empty.
    record = (
        f"SELECT ({seen.text}) AS seen FROM {quote(table_name(matching.target.id))} t"  # noqa: S608
        f" WHERE t.id = k.record_id AND {bounds.text} OFFSET 0"
    )
    further = " AND ".join(["TRUE", *_further(matching)])
    inner = (
        f"SELECT k.record_id AS id, k.score, r.seen FROM {_candidates(matching)}"  # noqa: S608
        f" CROSS JOIN LATERAL ({record}) r WHERE {further} LIMIT {MAX_MATCHES}"
    )
    text = (
        f"SELECT p.id, {index}, c.id, c.score, c.seen"  # noqa: S608 (physical names only)
        f" FROM (VALUES {', '.join([row] * len(rows))}) AS p (id, owner, department, record_type, {names})"
        f" CROSS JOIN LATERAL ({inner}) c"
    )
    return SqlText(text, (*params, *seen.params, *bounds.params))


def _ordered(matching: Matching) -> tuple[Comparison, ...]:
    return (matching.anchor, *matching.others)


def _has_demanded(matching: Matching, keys: Sequence[Sequence[str]]) -> bool:
    pairs = zip(_ordered(matching), keys, strict=True)
    return all(found or item.blank != "no_match" for item, found in pairs)


def _seen(policy: AccessPolicy, snapshot: SchemaSnapshot, target: ObjectSpec) -> SqlText:
    if not policy.can(target.api_name, "read"):
        return SqlText("FALSE")
    return scope_sql(policy, snapshot.object(target.api_name), "read")


def _candidates(matching: Matching) -> str:
    """Return the subquery of the records that match by the anchor, the best first, with how well they do."""
    anchor, target = matching.anchor, matching.target.id
    place = f"k.object_id = {target} AND k.method = {anchor.code} AND {_source_sql('k', anchor)}"
    equal = f"SELECT k.record_id, 1.0::float8 AS score FROM {KEY_TABLE} k WHERE {place} AND k.key = ANY(p.k0)"  # noqa: S608
    if not anchor.is_fuzzy:
        return f"({equal}) k"
    # Equal names first: where there are enough of them, the others are never looked at.
    alike = (
        f"SELECT k.record_id, max(similarity(k.key, q.key))::float8 FROM unnest(p.k0) AS q (key)"  # noqa: S608
        f" JOIN {KEY_TABLE} k ON k.key %% q.key AND {place} AND k.key <> ALL(p.k0)"
        f" GROUP BY k.record_id HAVING max(similarity(k.key, q.key)) >= {anchor.threshold / 100}"
        f" ORDER BY 2 DESC LIMIT {CANDIDATES}"
    )
    return f"(({equal} LIMIT {CANDIDATES}) UNION ALL ({alike})) k"


def _source_sql(alias: str, comparison: Comparison) -> str:
    return f"{alias}.source IN ({', '.join(str(source.id) for source in comparison.other)})"


def _further(matching: Matching) -> Iterator[str]:
    """Yield a predicate for each comparison behind the anchor."""
    for position, item in enumerate(matching.others, start=1):
        of_record = f"x.record_id = k.record_id AND x.method = {item.code} AND {_source_sql('x', item)}"
        none = f"NOT EXISTS (SELECT 1 FROM {KEY_TABLE} x WHERE {of_record})"  # noqa: S608
        if item.is_fuzzy:
            like = f"similarity(x.key, q.key) >= {item.threshold / 100}"
            fits = f"EXISTS (SELECT 1 FROM {KEY_TABLE} x, unnest(p.k{position}) q (key) WHERE {of_record} AND {like})"  # noqa: S608
        else:
            fits = f"EXISTS (SELECT 1 FROM {KEY_TABLE} x WHERE {of_record} AND x.key = ANY(p.k{position}))"  # noqa: S608
        blank = f"cardinality(p.k{position}) = 0"
        yield {
            "no_match": fits,
            "ignore": f"({blank} OR {none} OR {fits})",
            "match": f"({blank} AND {none} OR {fits})",
        }[item.blank]


def _bounds(ask: Ask, now: datetime) -> SqlText:
    """Return the predicate for the records that a rule looks at."""
    parts, params = ["t.id <> p.id", _undecided()], []
    rule, target = ask.rule, ask.matching.target
    if rule is None or not rule.include_trashed:
        parts.append("t.deleted_at IS NULL")
    converted = target.field_map.get(CONVERTED)
    if rule is not None and not rule.include_converted and converted is not None and not converted.part:
        parts.append(f"t.{quote(column_name(converted.id, ''))} IS NULL")
    if rule is not None and rule.period_days:
        parts.append("t.created_at >= %s")
        params.append(now - timedelta(days=rule.period_days))
    if rule is not None and rule.scope in _SCOPES:
        parts.append(_SCOPES[rule.scope])
    return SqlText(" AND ".join(parts), tuple(params))


_SCOPES = {
    "owner": "t.owner_id = p.owner",
    "department": "t.owner_department_id = p.department",
    "record_type": "t.record_type_id IS NOT DISTINCT FROM p.record_type",
}


def _undecided() -> str:
    """Leave out what somebody has found to be different."""
    pair = "n.first_id = least(p.id, t.id) AND n.second_id = greatest(p.id, t.id)"
    return f"NOT EXISTS (SELECT 1 FROM objects_notduplicate n WHERE {pair})"  # noqa: S608
