"""The condition tree: what a filter says, as data. Names and operands are checked when it is bound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any as Anything

from django.utils.translation import gettext as _

from crm_platform.kit.errors import QueryTooComplex, ValidationFailed
from crm_platform.kit.frozen import freeze, thaw

MAX_DEPTH = 10
MAX_LEAVES = 100


@dataclass(frozen=True)
class Condition:
    """`path operator operand`: `Condition("account.industry", "in", ["energy", "retail"])`.

    `pointer` says where the caller wrote it, for error messages; it is no part of the condition.
    """

    path: str
    operator: str
    operand: Anything = None
    pointer: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "operand", freeze(self.operand))


class _Group:
    """Several conditions; takes any iterable of them."""

    items: tuple[Tree, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(self.items))


@dataclass(frozen=True)
class All(_Group):
    """Every item holds; without items it always does."""

    items: Iterable[Tree]  # type: ignore[assignment]


@dataclass(frozen=True)
class Any(_Group):
    """At least one item holds; without items none does."""

    items: Iterable[Tree]  # type: ignore[assignment]


@dataclass(frozen=True)
class Not:
    """The item does not hold. A comparison with an empty value is unknown, as in SQL, and so is its negation."""

    item: Tree


Tree = Condition | All | Any | Not


def both(first: Tree | None, second: Tree | None) -> Tree | None:
    """Return the conjunction, where either side may be missing."""
    if first is None or second is None:
        return first if second is None else second
    left = first.items if isinstance(first, All) else (first,)
    right = second.items if isinstance(second, All) else (second,)
    return All((*left, *right))


def leaves(tree: Tree | None) -> Iterator[Condition]:
    """Yield the conditions of a tree from left to right."""
    if isinstance(tree, Condition):
        yield tree
    elif isinstance(tree, Not):
        yield from leaves(tree.item)
    elif tree is not None:
        for item in tree.items:
            yield from leaves(item)


def check_size(tree: Tree | None) -> None:
    """Raise QueryTooComplex for a tree that is too deep or has too many conditions."""
    if _depth(tree, MAX_DEPTH + 1) > MAX_DEPTH or sum(1 for _leaf in leaves(tree)) > MAX_LEAVES:
        raise QueryTooComplex(
            _("At most %(leaves)d conditions, nested at most %(depth)d deep.")
            % {"leaves": MAX_LEAVES, "depth": MAX_DEPTH}
        )


def _depth(tree: Tree | None, budget: int) -> int:
    if tree is None or isinstance(tree, Condition) or budget <= 1:
        return 1
    items = (tree.item,) if isinstance(tree, Not) else tree.items
    return 1 + max((_depth(item, budget - 1) for item in items), default=0)


def to_json(tree: Tree | None) -> dict[str, Anything] | None:
    """Return the JSON form that `from_json` reads."""
    if tree is None:
        return None
    if isinstance(tree, Not):
        return {"not": to_json(tree.item)}
    if isinstance(tree, Condition):
        plain = {"field": tree.path, "op": tree.operator}
        return plain if tree.operand is None else {**plain, "value": thaw(tree.operand)}
    return {"and" if isinstance(tree, All) else "or": [to_json(item) for item in tree.items]}


def from_json(data: Anything, pointer: str = "#/filter") -> Tree | None:
    """Read `{"and": […]}`, `{"or": […]}`, `{"not": …}` or `{"field", "op", "value"}`; None for nothing.

    Raises ValidationFailed naming the place, QueryTooComplex beyond the limits. A list stands for "and".
    """
    if data is None or data in ({}, []):
        return None
    tree = _read(data, pointer, MAX_DEPTH)
    check_size(tree)
    return tree


def _read(data: Anything, pointer: str, budget: int) -> Tree:
    if budget == 0:
        raise QueryTooComplex
    if isinstance(data, list | tuple):
        return All(_read(item, f"{pointer}/{number}", budget - 1) for number, item in enumerate(data))
    if not isinstance(data, Mapping):
        raise _malformed(pointer)
    keys = set(data)
    if keys == {"not"}:
        return Not(_read(data["not"], f"{pointer}/not", budget - 1))
    if keys in ({"and"}, {"or"}):
        return _read_group(data, keys.pop(), pointer, budget)
    if not {"field", "op"} <= keys <= {"field", "op", "value"}:
        raise _malformed(pointer)
    if not isinstance(data["field"], str) or not isinstance(data["op"], str):
        raise _malformed(pointer)
    return Condition(data["field"], data["op"], data.get("value"), pointer)


def _read_group(data: Mapping[str, Anything], key: str, pointer: str, budget: int) -> Tree:
    if not isinstance(data[key], list | tuple):
        raise _malformed(f"{pointer}/{key}")
    items = tuple(_read(item, f"{pointer}/{key}/{number}", budget - 1) for number, item in enumerate(data[key]))
    return All(items) if key == "and" else Any(items)


def _malformed(pointer: str) -> ValidationFailed:
    return ValidationFailed.single(
        "filter", "invalid_type", _("A condition is and, or, not, or field with op and value."), pointer=pointer
    )
