"""What a related function asks of other records, and how the answer is worked out from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from typing import Any

from metadata.expressions import scope as names
from metadata.expressions.arithmetic import EXACT, ZERO, divide, fit
from metadata.expressions.environment import Environment
from metadata.expressions.evaluate import Code, code, identity
from metadata.expressions.nodes import Path, Typed, walk
from metadata.expressions.types import ValueType

COUNT, SUM, AVG, MIN, MAX, EXISTS, LATEST, VLOOKUP, ROOT = (
    "count", "sum", "avg", "min", "max", "exists", "latest", "vlookup", "root",
)  # fmt: skip
VALUE, FILTER, ORDER, KEY, ARGUMENT = "value", "filter", "order", "key", "argument"  # parts of a question


@dataclass(frozen=True, eq=False)
class RelatedQuery:
    """A question about the records of another object.

    Those that count are the records of `object` whose `lookup` points at the record in hand (for `vlookup`: those
    whose `key` equals `argument`; for `root`: the last record that is reached through `lookup`) and for which
    `filter` is true. `value`, `filter`, `order` and `key` are typed in the scope of `object`; `$Record` in them
    is the record in hand. `argument` is typed in the scope around.
    """

    kind: str
    object: str
    lookup: str
    type: ValueType
    value: Typed | None = None
    filter: Typed | None = None
    order: Typed | None = None
    key: Typed | None = None
    argument: Typed | None = None

    @property
    def paths(self) -> frozenset[str]:
        """The API paths that are read of each of the other records, the lookup included."""
        inside = [part for part in (self.value, self.filter, self.order, self.key) if part]
        nodes = [node for part in inside for node in walk(part)]
        found = {node.name.path for node in nodes if isinstance(node, Path) and node.name.kind == names.RECORD}
        return frozenset(found | ({self.lookup} if self.lookup else set()))

    @property
    def outer_paths(self) -> frozenset[str]:
        """The API paths that are read of the record in hand."""
        inside = [part for part in (self.value, self.filter, self.order, self.key) if part]
        nodes = [node for part in inside for node in walk(part)]
        outer = {node.name.path for node in nodes if isinstance(node, Path) and node.name.kind == names.OUTER}
        return frozenset(outer)

    @cached_property
    def _codes(self) -> dict[str, Code]:
        """What is given of value, filter, order, key and argument, ready to be asked of an environment."""
        parts = (VALUE, FILTER, ORDER, KEY, ARGUMENT)
        return {part: code(found) for part in parts if (found := getattr(self, part)) is not None}

    def wanted(self, env: Environment) -> Any:
        """Return the value of `argument` (for vlookup)."""
        return self._codes[ARGUMENT](env) if self.argument else None

    def answer(self, records: Iterable[Environment]) -> Any:
        """Work the answer out in Python. `records` are environments of the records that `lookup` leads to, or of
        all records for vlookup; `outer` of each is the environment around.
        """
        rows, codes = list(records), self._codes
        if key := codes.get(KEY):
            rows = [row for row in rows if row.outer and _is_same(key(row), self.wanted(row.outer))]
        if condition := codes.get(FILTER):
            rows = [row for row in rows if condition(row)]
        if self.kind == COUNT:
            return Decimal(len(rows))
        if self.kind == EXISTS:
            return bool(rows)
        value = codes[VALUE]
        if order := codes.get(ORDER):
            dated = [(place, row) for row in rows if (place := order(row)) is not None]
            return value(max(dated, key=itemgetter(0))[1]) if dated else None
        return _aggregate(self.kind, [found for row in rows if (found := value(row)) is not None])


def _is_same(found: Any, wanted: Any) -> bool:
    return wanted is not None and bool(identity(found) == identity(wanted))


def _aggregate(kind: str, values: list[Any]) -> Any:
    if kind in (MIN, MAX):
        return (min if kind == MIN else max)(values, default=None)
    if kind not in (SUM, AVG):
        return values[0] if values else None
    total = ZERO
    for value in values:
        total = EXACT.add(total, value)
    if kind == SUM:
        return fit(total)
    return divide(None, total, Decimal(len(values))) if values else None
