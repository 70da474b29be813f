"""Rows of one batch that match each other: none of them is in a table yet, so they are compared here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from objects.duplicates.finding import Ask, Probe
from objects.duplicates.plan import Comparison, probe
from objects.duplicates.similarity import similarity, trigrams


class Earlier:
    """The rows of a batch that came before, found by one matching rule whose records all are of one object."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.rows: list[Probe] = []
        self._by_key: dict[str, list[int]] = defaultdict(list)

    def find(self, one: Probe) -> Probe | None:
        """Return the first earlier row that the row matches."""
        rule = self.ask.rule
        for position in self._candidates(one):
            other = self.rows[position]
            is_near = rule is None or _is_in_scope(rule.scope, one, other)
            if is_near and all(_agrees(item, one, other) for item in self.ask.matching.comparisons):
                return other
        return None

    def add(self, one: Probe) -> None:
        """Have later rows compared with this one."""
        self.rows.append(one)
        for key in self._lookup(probe(self.ask.matching.anchor, one.keys, self.ask.matching.anchor.other)):
            self._by_key[key].append(len(self.rows) - 1)

    def _candidates(self, one: Probe) -> Sequence[int]:
        anchor = self.ask.matching.anchor
        keys = self._lookup(probe(anchor, one.keys, anchor.own))
        return sorted({position for key in keys for position in self._by_key.get(key, ())})

    def _lookup(self, keys: Sequence[str]) -> set[str]:
        """Return what two rows have in common if they match: the key itself, or a trigram of it."""
        if not self.ask.matching.anchor.is_fuzzy:
            return set(keys)
        return {trigram for key in keys for trigram in trigrams(key)}


def _agrees(item: Comparison, one: Probe, other: Probe) -> bool:
    mine, others = probe(item, one.keys, item.own), probe(item, other.keys, item.other)
    if not mine or not others:
        return item.blank == "ignore" or (item.blank == "match" and not mine and not others)
    if not item.is_fuzzy:
        return not set(mine).isdisjoint(others)
    return any(similarity(a, b) * 100 >= item.threshold for a in mine for b in others)


def _is_in_scope(scope: str, one: Probe, other: Probe) -> bool:
    if scope == "owner":
        return one.owner_id is not None and one.owner_id == other.owner_id
    if scope == "department":
        return one.department_id is not None and one.department_id == other.department_id
    return scope != "record_type" or one.record_type_id == other.record_type_id
