"""Python's side: a typed tree is evaluated against the values of one record."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from metadata.expressions import scope as names
from metadata.expressions.arithmetic import EXACT, ZERO, fit, rounded
from metadata.expressions.definitions import OWN, STRICT, Function
from metadata.expressions.environment import Environment, NotAvailable
from metadata.expressions.limits import MAX_SECONDS
from metadata.expressions.nodes import Apply, Chain, Constant, Path, Typed, walk
from metadata.expressions.sql import whole_constant
from metadata.expressions.types import ValueType

_NUMBERS = (ValueType.NUMBER, ValueType.DURATION)


@dataclass(frozen=True, slots=True)
class Traced:
    """The value of one sub-expression, for the tester page."""

    start: int
    end: int
    type: ValueType
    value: Any


class Evaluator:
    """Evaluates nodes in one environment; functions get it as their first argument."""

    def __init__(self, env: Environment) -> None:
        self.env = env

    def value(self, node: Typed) -> Any:
        kind = type(node)
        if kind is Apply:
            function = node.function  # type: ignore[attr-defined]
            if function.is_lazy:
                return function.python(self, node, *node.args)  # type: ignore[attr-defined]
            return self._applied(function, [self.value(arg) for arg in node.args])  # type: ignore[attr-defined]
        if kind is Constant:
            return node.value  # type: ignore[attr-defined]
        if kind is Path:
            return self._read(node)  # type: ignore[arg-type]
        return self._chain(node)  # type: ignore[arg-type]

    def with_item(self, item: Any) -> Evaluator:
        """Return an evaluator in which `$Item` is a member of a list."""
        return Evaluator(replace(self.env, item=item))

    def _read(self, node: Path) -> Any:
        name, env = node.name, self.env
        if name.kind == names.RECORD:
            value = env.value(name.path)
        elif name.kind == names.OLD:
            value = env.prior(name.path)
        elif name.kind == names.GLOBAL:
            value = env.constant(name.path)
        elif name.kind == names.ITEM:
            value = env.item
        elif env.outer:
            value = env.outer.value(name.path)
        else:
            raise NotAvailable("the record outside")
        value = normal(value, node.type)
        return ZERO if value is None and node.zero_if_blank else value

    def _chain(self, node: Chain) -> Any:
        made = self.value(node.first)
        for function, operand in node.steps:
            made = self._applied(function, [made, self.value(operand)])
        return made

    def _applied(self, function: Function, values: list[Any]) -> Any:
        if function.nulls != OWN:
            for value in values:  # `None in values` would compare, which numbers do slowly
                if value is None:
                    return None if function.nulls == STRICT else False
        for number, bounds in function.whole_params:
            if number < len(values) and values[number] is not None:
                values[number] = whole_constant(values[number], *bounds)
        return function.python(self, *values)


def evaluate(root: Typed, env: Environment) -> Any:
    """Return the value of a typed tree; total: no value of a record makes it fail."""
    return finished(Evaluator(env).value(root), root.type)


def trace(root: Typed, env: Environment) -> list[Traced]:
    """Return the value of every sub-expression but constants, in the order of the text."""
    evaluator = Evaluator(env)
    nodes = [node for node in walk(root) if not isinstance(node, Constant)]
    return [Traced(node.start, node.end, node.type, finished(evaluator.value(node), node.type)) for node in nodes]


def finished(value: Any, type_: ValueType) -> Any:
    """Return a value as it leaves the language; None where it is too large."""
    if value is None or type_ not in _NUMBERS:
        return value
    if type_ is ValueType.NUMBER:
        return fit(value)
    micros = rounded(value, 6)
    return timedelta(microseconds=int(micros.scaleb(6, EXACT))) if micros.copy_abs() <= MAX_SECONDS else None


def normal(value: Any, type_: ValueType) -> Any:
    """Return a field's value as expressions know it."""
    if value is None:
        return None
    if type_ in _NUMBERS:
        return _number(value)
    if type_ is ValueType.DATETIME and isinstance(value, datetime):
        return value.astimezone(UTC)
    if type_ is ValueType.LIST:  # of files, which are known by their names
        return tuple(getattr(item, "name", item) for item in value)
    return tuple(value) if isinstance(value, list | set | frozenset) else value


def _number(value: Any) -> Decimal:
    if isinstance(value, timedelta):
        return Decimal(value // timedelta(microseconds=1)).scaleb(-6)
    if isinstance(value, float):
        raise TypeError("a float is no exact number")
    return value if isinstance(value, Decimal) else Decimal(value)


def identity(value: Any) -> Any:
    """Return what makes a record itself: its id, whether or not its name is known."""
    found = getattr(value, "id", value)
    return found if isinstance(found, uuid.UUID) else value
