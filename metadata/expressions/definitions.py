"""What a function of the language is: its arguments, its two implementations, its line in the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

from crm_platform.kit.registry import Registry
from metadata.expressions.sql import Sql
from metadata.expressions.types import TEXTS, ValueType

if TYPE_CHECKING:
    from metadata.expressions.nodes import Call, Typed
    from metadata.expressions.typecheck import TypeChecker

Returns = Callable[["TypeChecker", list["Typed"]], "ValueType | tuple[ValueType, ValueType | None]"]

CLOCK, USER, OLD, RANDOM, RELATED, NEW = "clock", "user", "old", "random", "related", "new"
STRICT, FALSE, OWN = "strict", "false", "own"  # what a blank argument makes: null, false, what the function says


@dataclass(frozen=True)
class Param:
    """An argument. `whole` makes it a whole number between two bounds (in both implementations).

    `is_literal`: must be written out, so that mistakes are found when the expression is saved; `options` are then
    the texts to choose from. `keeps_blank`: sees a blank number as blank, also where blanks count as zero.
    """

    name: str
    types: frozenset[ValueType]
    is_optional: bool = False
    is_literal: bool = False
    options: tuple[str, ...] = ()
    whole: tuple[int, int] | None = None
    keeps_blank: bool = False


@dataclass(frozen=True, eq=False)
class Function:
    """A function or operator.

    `python(environment, *values)` and `sql(ctx, *pieces)` compute the same; without `sql` the database can't. A lazy
    function works out those arguments that it needs: `python(node, *codes)` gets the code of each and returns its
    own, and `sql` gets nodes. `special` types a call by itself. The last `repeats` parameters may be given any
    number of times. Operators depend on their operands alone.
    """

    name: str
    family: str
    params: tuple[Param, ...]
    returns: ValueType | Returns
    python: Callable[..., Any]
    sql: str | Callable[..., Sql] | None
    summary: Promise | str
    example: tuple[str, str]
    nulls: str = STRICT
    repeats: int = 0
    cost: int = 1
    uses: frozenset[str] = field(default_factory=frozenset)
    is_lazy: bool = False
    special: Callable[[TypeChecker, Call], Typed] | None = None
    is_operator: bool = False
    repeats_inside: bool = False  # evaluates an argument once for each of many things

    @property
    def key(self) -> str:
        return self.name

    @property
    def least(self) -> int:
        """The smallest number of arguments."""
        return sum(not param.is_optional for param in self.params)

    def param(self, number: int) -> Param | None:
        """Return the parameter of an argument, None when there are too many."""
        if 0 <= number < len(self.params):
            return self.params[number]
        if not self.repeats:
            return None
        return self.params[len(self.params) - self.repeats + (number - len(self.params)) % self.repeats]

    @property
    def signature(self) -> str:
        """How the function is called: `LEFT(text, count)`."""
        shown = [f"[{param.name}]" if param.is_optional else param.name for param in self.params]
        return f"{self.name}({', '.join(shown)}{', …' if self.repeats else ''})"


functions: Registry[Function] = Registry("function")


def define(
    name: str, family: str, params: Sequence[Param], returns: Any, python: Any, sql: Any, summary: Any, example: Any,
    **options: Any,
) -> Function:  # fmt: skip
    """Register a function."""
    options["uses"] = frozenset(options.get("uses", ()))
    return functions.register(Function(name, family, tuple(params), returns, python, sql, summary, example, **options))


def text(name: str = "text", **options: Any) -> Param:
    return Param(name, TEXTS, **options)


def number(name: str = "number", **options: Any) -> Param:
    return Param(name, frozenset({ValueType.NUMBER}), **options)


def whole(name: str, lower: int, upper: int, **options: Any) -> Param:
    return Param(name, frozenset({ValueType.NUMBER}), whole=(lower, upper), **options)


def boolean(name: str, **options: Any) -> Param:
    return Param(name, frozenset({ValueType.BOOLEAN}), **options)


def day(name: str, **options: Any) -> Param:
    """Return a parameter that takes a date, or a moment: the day on which it is for the caller."""
    return Param(name, frozenset({ValueType.DATE, ValueType.DATETIME}), **options)


def moment(name: str, **options: Any) -> Param:
    return Param(name, frozenset({ValueType.DATETIME}), **options)


def option(name: str, *options: str, is_optional: bool = False) -> Param:
    """Return a parameter that is one of some words in quotes."""
    return Param(name, frozenset({ValueType.TEXT}), is_optional, is_literal=True, options=options)
