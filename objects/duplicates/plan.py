"""The rules of an object, worked out once per version of the data model: what makes keys, and what is compared."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crm_platform.kit.db import lock_key
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import DuplicateRuleSpec, MatcherSpec, MatchingRuleSpec, ObjectSpec
from metadata.match_methods import match_methods
from objects.duplicates.methods import keys_of

MEMO = "duplicates.plan"
JOINT = 100  # stands for joint keys in the key table; the methods that an admin chooses have smaller codes
_JOINED = 1 << 62  # keeps the ids of joined sources apart from those of fields

Keys = Mapping["Source", tuple[str, ...]]


@dataclass(frozen=True)
class Source:
    """What makes keys of an object's records: a field, or several that make one key together."""

    id: int
    code: int
    method: str
    fields: tuple[str, ...]

    def keys(self, obj: CompiledObject, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the keys of a record by its values; fields that are not there are blank."""
        return keys_of(self.method, [obj.fields[n] for n in self.fields], [values.get(n) for n in self.fields])


@dataclass(frozen=True)
class JointSource(Source):
    """What makes one key of a key of each part, so that a record is found by all of them at once.

    Names are shared by thousands, and so are placeholders of companies: by one of them alone a search would go
    through all of those, for each of the records that an import brings.
    """

    parts: tuple[Side, ...] = ()

    def joined(self, found: Keys) -> tuple[str, ...]:
        """Return the keys by those that the sources of the parts have made."""
        each = [part.keys(found) for part in self.parts]
        return tuple(
            hashlib.blake2b("\x1f".join(keys).encode(), digest_size=20).hexdigest() for keys in itertools.product(*each)
        )


@dataclass(frozen=True)
class Side:
    """What one side of a comparison looks at: the keys of any of some sources, only those of so many digits."""

    sources: tuple[Source, ...]
    digits: int = 0

    def keys(self, found: Keys) -> list[str]:
        """Return the keys of a record that count, sorted."""
        keys = {key for source in self.sources for key in found.get(source, ())}
        return sorted(key for key in keys if not self.digits or len(key) == self.digits)


@dataclass(frozen=True)
class Comparison:
    """A matcher, resolved: a key of any of `own` equals (or is like) a key of any of the other's."""

    own: tuple[Source, ...]
    other: tuple[Source, ...]
    code: int
    threshold: int
    blank: str
    is_fuzzy: bool
    digits: int = 0  # of phone numbers: only keys of so many


@dataclass(frozen=True)
class Matching:
    """A matching rule, resolved.

    `anchor` is the comparison by which candidates are looked up; it stands for all that demand equal keys, and
    `others` are what is left to compare.
    """

    spec: MatchingRuleSpec
    target: ObjectSpec
    comparisons: tuple[Comparison, ...]

    @cached_property
    def anchor(self) -> Comparison:
        return _joint(self._anchors) if len(self._anchors) > 1 else self._anchors[0]

    @cached_property
    def others(self) -> tuple[Comparison, ...]:
        return tuple(item for item in self.comparisons if item not in self._anchors)

    @cached_property
    def _anchors(self) -> Sequence[Comparison]:
        """The comparisons that demand equal keys, else the first one that demands any."""
        demanding = [item for item in self.comparisons if item.blank == "no_match"]
        return [item for item in demanding if not item.is_fuzzy] or demanding[:1]


@dataclass(frozen=True)
class RulePlan:
    """A duplicate rule with the matching rules that it names."""

    spec: DuplicateRuleSpec
    matchings: tuple[Matching, ...]

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields of the object whose change makes the rule worth asking again."""
        own = (source for matching in self.matchings for item in matching.comparisons for source in item.own)
        return frozenset(name for source in own for name in source.fields)

    def nodes(self, object_name: str) -> Iterator[tuple[str, str]]:
        """Yield every field (object, field) that the rule compares, on both sides."""
        for matching in self.matchings:
            for item in matching.comparisons:
                yield from ((object_name, name) for source in item.own for name in source.fields)
                yield from ((matching.target.api_name, name) for source in item.other for name in source.fields)

    @property
    def blocks(self) -> bool:
        return "block" in self.spec.actions.values()


@dataclass(frozen=True)
class ObjectPlan:
    """All that duplicates ask of one object.

    `sources` make the keys that are kept of its records. `guarded` are the comparisons of blocking rules in
    which its records can meet others at the same moment, each with those of the record's sources that count.
    """

    rules: tuple[RulePlan, ...]
    sources: tuple[Source, ...]
    guarded: tuple[tuple[Comparison, tuple[Source, ...], str], ...]

    @cached_property
    def fields(self) -> frozenset[str]:
        return frozenset(name for source in self.sources for name in source.fields)

    def keys(self, obj: CompiledObject, values: Mapping[str, Any]) -> Keys:
        """Return the keys of a record, by their source; sources without any are left out."""
        plain = (source for source in self.sources if not isinstance(source, JointSource))
        found = {source: source.keys(obj, values) for source in plain}
        for source in self.sources:
            if isinstance(source, JointSource):
                found[source] = source.joined(found)
        return {source: keys for source, keys in found.items() if keys}


def object_plan(snapshot: SchemaSnapshot, object_name: str) -> ObjectPlan:
    """Return the plan of an object, made once per snapshot."""
    key = (MEMO, object_name)
    plan: ObjectPlan | None = snapshot.memo.get(key)
    if plan is None:
        plan = snapshot.memo[key] = _make(snapshot, object_name)
    return plan


def matching(snapshot: SchemaSnapshot, owner: ObjectSpec, spec: MatchingRuleSpec) -> Matching | None:
    """Return a matching rule with its sources; None when a field that it names is gone."""
    target = snapshot.spec.object_map.get(spec.target)
    if target is None:
        return None
    found = [_comparison(owner, target, item) for item in spec.matchers]
    whole = tuple(item for item in found if item is not None)
    return Matching(spec, target, whole) if len(whole) == len(found) else None


def _make(snapshot: SchemaSnapshot, object_name: str) -> ObjectPlan:
    spec = snapshot.spec.object_map[object_name]
    sources: dict[tuple[int, int], Source] = {}
    guarded: list[tuple[Comparison, tuple[Source, ...], str]] = []
    for owner in snapshot.objects():
        for found in _matchings(snapshot, owner):
            sides = _sides(found, owner, spec)
            for comparison in dict.fromkeys((*found.comparisons, found.anchor)):
                for source in (item for side in sides for item in _side(comparison, side)):
                    sources[source.id, source.code] = source
        for rule in _rules(snapshot, owner):
            if rule.blocks:
                guarded += [
                    (item.anchor, _side(item.anchor, side), f"{owner.id}:{item.spec.uuid}")
                    for item in rule.matchings
                    for side in _sides(item, owner, spec)
                ]
    ordered = tuple(sources[key] for key in sorted(sources))
    return ObjectPlan(tuple(_rules(snapshot, spec)), ordered, tuple(guarded))


def _sides(found: Matching, owner: ObjectSpec, spec: ObjectSpec) -> list[str]:
    """Return on which sides of a matching rule the records of an object stand."""
    return [side for side, one in (("own", owner), ("other", found.target)) if one.id == spec.id]


def _side(comparison: Comparison, side: str) -> tuple[Source, ...]:
    return comparison.own if side == "own" else comparison.other


def _matchings(snapshot: SchemaSnapshot, owner: ObjectSpec) -> Iterator[Matching]:
    for spec in owner.matching_rules:
        found = matching(snapshot, owner, spec)
        if found is not None:
            yield found


def _rules(snapshot: SchemaSnapshot, owner: ObjectSpec) -> Iterator[RulePlan]:
    if not owner.duplicate_rules:
        return
    known = {found.spec.api_name: found for found in _matchings(snapshot, owner)}
    for rule in owner.duplicate_rules:
        chosen = tuple(known[name] for name in rule.matching_rules if name in known)
        if chosen:
            yield RulePlan(rule, chosen)


def _comparison(owner: ObjectSpec, target: ObjectSpec, spec: MatcherSpec) -> Comparison | None:
    method = match_methods.get(spec.method)
    own, other = _sources(owner, spec, spec.fields), _sources(target, spec, spec.target_fields)
    if own is None or other is None:
        return None
    is_fuzzy = method.is_fuzzy and spec.threshold < 100
    digits = spec.threshold if spec.method == "phone_tail" else 0
    return Comparison(own, other, method.code, spec.threshold, spec.blank, is_fuzzy, digits)


def _sources(owner: ObjectSpec, spec: MatcherSpec, names: Sequence[str]) -> tuple[Source, ...] | None:
    fields = [owner.field_map.get(name) for name in names]
    ids = [field.id for field in fields if field is not None]
    if len(ids) < len(names):
        return None
    method = match_methods.get(spec.method)
    if method.joins:
        return (Source(_JOINED | abs(lock_key(*ids)) >> 2, method.code, method.key, tuple(names)),)
    return tuple(Source(id_, method.code, method.key, (name,)) for id_, name in zip(ids, names, strict=True))


def _joint(comparisons: Sequence[Comparison]) -> Comparison:
    """Return the comparison that agrees where all of these do, each of which demands equal keys."""
    own, other = ([Side(_side(item, side), item.digits) for item in comparisons] for side in ("own", "other"))
    return Comparison((_joint_source(own),), (_joint_source(other),), JOINT, 100, "no_match", False)


def _joint_source(parts: Sequence[Side]) -> JointSource:
    sources = [source for part in parts for source in part.sources]
    told = [number for part in parts for source in part.sources for number in (source.id, source.code, part.digits)]
    fields = tuple(dict.fromkeys(name for source in sources for name in source.fields))
    return JointSource(_JOINED | abs(lock_key("joint", *told)) >> 2, JOINT, "joint", fields, tuple(parts))


def probe(comparison: Comparison, keys: Keys, side: Iterable[Source]) -> list[str]:
    """Return the keys of a record that a comparison looks at, sorted."""
    return Side(tuple(side), comparison.digits).keys(keys)
