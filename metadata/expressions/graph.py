"""Which fields need which: edges between (object, field), circles among them, and an order without circles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from metadata.expressions.expression import Expression
from metadata.expressions.scope import Scope

FieldNode = tuple[str, str]  # object, field
Reads = Mapping[FieldNode, Iterable[FieldNode]]


def fields_read(expression: Expression, scope: Scope) -> frozenset[FieldNode]:
    """Return every field that an expression needs: the ends of its paths, the lookups on the way, and what it asks
    of other objects' records.
    """
    found = {node for path in expression.paths for node in _on_path(scope, path)}
    for query in expression.related:
        inside = Scope(scope.spec, query.object, scope.key)
        found |= {node for path in query.paths for node in _on_path(inside, path)}
    return frozenset(found)


def ordered(reads: Reads) -> tuple[FieldNode, ...]:
    """Return the keys so that each comes after the keys among those that it reads (members of a circle: anyhow)."""
    done: dict[FieldNode, None] = {}
    for start in reads:
        stack = [(start, iter(reads[start]))]
        opened = {start}
        while stack:
            node, rest = stack[-1]
            below = next((item for item in rest if item in reads and item not in done and item not in opened), None)
            if below is None:
                done[node] = None
                stack.pop()
            else:
                opened.add(below)
                stack.append((below, iter(reads[below])))
    return tuple(done)


def find_cycle(reads: Reads) -> tuple[FieldNode, ...]:
    """Return the fields of a circle, each reading the next and the last one the first; empty when there is none."""
    finished: set[FieldNode] = set()
    for start in reads:
        trail = {start: None}
        stack = [iter(reads[start])]
        while stack:
            below = next(stack[-1], None)
            if below is None:
                finished.add(trail.popitem()[0])
                stack.pop()
            elif below in trail:
                steps = list(trail)
                return tuple(steps[steps.index(below) :])
            elif below in reads and below not in finished:
                trail[below] = None
                stack.append(iter(reads[below]))
    return ()


def _on_path(scope: Scope, path: str) -> list[FieldNode]:
    name = scope.resolve(path)
    steps = [field for field in (*name.hops, name.field) if field]
    return [(here, field.api_name) for here, field in zip(name.objects, steps, strict=True)]
