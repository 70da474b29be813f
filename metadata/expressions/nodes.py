"""The tree of an expression: as it was written (`Node`), and with its types (`Typed`).

`start` and `end` are offsets into the text, so that every error and every traced value has its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metadata.expressions.types import ValueType

if TYPE_CHECKING:
    from metadata.expressions.definitions import Function
    from metadata.expressions.scope import ResolvedName


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of the text. `size` counts the nodes in it, `depth` its levels."""

    start: int
    end: int
    size: int = field(default=1, kw_only=True)
    depth: int = field(default=1, kw_only=True)


@dataclass(frozen=True, slots=True)
class Literal(Node):
    value: Any
    type: ValueType


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A field, a path through lookups, or a name that begins with $."""

    path: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`IF(a, b, c)`; the name in capitals, which ends at `name_end`."""

    name: str
    name_end: int
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Operation(Node):
    """`a + b - c`: operands and the symbols between them; one operand and one symbol when it stands before it."""

    symbols: tuple[str, ...]
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """A sub-expression with its type; `element` is the type of the members of a list."""

    start: int
    end: int
    type: ValueType
    element: ValueType | None


@dataclass(frozen=True, slots=True)
class Constant(Typed):
    value: Any


@dataclass(frozen=True, slots=True)
class Path(Typed):
    """A value read from the surroundings; numbers of records count as zero when blank if `zero_if_blank`."""

    name: ResolvedName = field(compare=False)
    zero_if_blank: bool = False


@dataclass(frozen=True, slots=True)
class Apply(Typed):
    """A function applied to arguments; `data` is what the function worked out when types were checked."""

    function: Function = field(compare=False)
    args: tuple[Typed, ...]
    data: Any = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Chain(Typed):
    """`a + b - c` with its types: the first operand, then pairs of an operator and its right-hand operand."""

    first: Typed
    steps: tuple[tuple[Function, Typed], ...] = field(compare=False)


def children(node: Typed) -> tuple[Typed, ...]:
    """Return the direct sub-expressions."""
    if isinstance(node, Apply):
        return node.args
    if isinstance(node, Chain):
        return (node.first, *(operand for _function, operand in node.steps))
    return ()


def walk(root: Typed) -> list[Typed]:
    """Return a node and everything below it, in the order of the text."""
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        found.append(node)
        stack.extend(reversed(children(node)))
    return found
