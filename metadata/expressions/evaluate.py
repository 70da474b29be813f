"""Python's side: a typed tree becomes a Python function once, and is called with the values of each record."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from metadata.expressions import scope as names
from metadata.expressions.arithmetic import EXACT, ZERO, fit, rounded
from metadata.expressions.definitions import OWN, STRICT, Function
from metadata.expressions.environment import Environment, NotAvailable
from metadata.expressions.limits import MAX_SECONDS
from metadata.expressions.nodes import Apply, Chain, Constant, Path, Typed, walk
from metadata.expressions.scope import ResolvedName
from metadata.expressions.sql import whole_constant
from metadata.expressions.types import ValueType

Code = Callable[[Any], Any]  # from an Environment to the value of a sub-expression

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Traced:
    """The value of one sub-expression, for the tester page."""

    start: int
    end: int
    type: ValueType
    value: Any


@dataclass(frozen=True, slots=True)
class Fixed:
    """The code of a value that is known beforehand."""

    value: Any

    def __call__(self, _env: object) -> Any:
        return self.value


# --- from trees to functions ------------------------------------------------------------------------------
def code(node: Typed) -> Code:
    """Return the function that gives a sub-expression's value; total: no value of a record makes it fail."""
    if isinstance(node, Constant):
        return Fixed(node.value)
    if isinstance(node, Path):
        return _reading(node)
    if isinstance(node, Chain):
        return _chain(node)
    assert isinstance(node, Apply)
    args = [code(arg) for arg in node.args]
    if node.function.is_lazy:
        made: Code = node.function.python(node, *args)
        return made
    return _applied(node.function, args)


def finished_code(root: Typed) -> Code:
    """Return the function that gives the value of a whole expression, as it leaves the language."""
    made, finish = code(root), _FINISHERS.get(root.type)
    if finish is None:
        return made

    def run(env: Environment) -> Any:
        value = made(env)
        return None if value is None else finish(value)

    return run


def trace(root: Typed, env: Environment) -> list[Traced]:
    """Return the value of every sub-expression but constants, in the order of the text."""
    nodes = [node for node in walk(root) if not isinstance(node, Constant)]
    return [Traced(node.start, node.end, node.type, finished_code(node)(env)) for node in nodes]


def _reading(node: Path) -> Code:
    read, convert = _reader(node.name), _CONVERTERS.get(node.type)
    blank = ZERO if node.zero_if_blank else None
    if convert is None and blank is None:
        return read

    def run(env: Environment) -> Any:
        value = read(env)
        if value is None:
            return blank
        return value if convert is None else convert(value)

    return run


def _reader(name: ResolvedName) -> Code:
    path = name.path
    if name.kind == names.RECORD:
        return lambda env: env.value(path)
    if name.kind == names.OLD:
        return lambda env: env.prior(path)
    if name.kind == names.GLOBAL:
        return lambda env: env.constant(path)
    return (lambda env: env.item) if name.kind == names.ITEM else (lambda env: _outside(env).value(path))


def _outside(env: Environment) -> Environment:
    if env.outer is None:
        raise NotAvailable("the record outside")
    return env.outer


def _chain(node: Chain) -> Code:
    """Return the code of `a + b - c`; a loop, since chains may be longer than Python's stack."""
    first = code(node.first)
    if len(node.steps) == 1:
        return _applied(node.steps[0][0], [first, code(node.steps[0][1])])
    steps = [(_guarded(function), code(operand)) for function, operand in node.steps]

    def run(env: Environment) -> Any:
        made = first(env)
        for join, operand in steps:
            made = join(env, made, operand(env))
        return made

    return run


def _guarded(function: Function) -> Callable[..., Any]:
    """Return an operator that answers for blank operands, too."""
    python = function.python
    if function.nulls == OWN:
        return python
    blank = _blank(function)
    return lambda env, left, right: blank if left is None or right is None else python(env, left, right)


def _applied(function: Function, args: list[Code]) -> Code:
    """Return the code of a function applied to arguments. An operator between constants is one itself."""
    args = [_whole(function, number, arg) for number, arg in enumerate(args)]
    made = _strict(function, args) if function.nulls != OWN else _own(function, args)
    is_constant = function.is_operator and all(isinstance(arg, Fixed) for arg in args)
    return Fixed(made(None)) if is_constant else made


def _whole(function: Function, number: int, arg: Code) -> Code:
    """Return the code of an argument, made a whole number where the function wants one."""
    param = function.param(number)
    bounds = param.whole if param else None
    if bounds is None:
        return arg
    lower, upper = bounds

    def run(env: Environment | None) -> Any:
        value = arg(env)
        return None if value is None else whole_constant(value, lower, upper)

    return Fixed(run(None)) if isinstance(arg, Fixed) else run


def _blank(function: Function) -> bool | None:
    """Return what blank arguments make."""
    return None if function.nulls == STRICT else False


def _own(function: Function, args: Sequence[Code]) -> Code:
    python = function.python
    return lambda env: python(env, *[arg(env) for arg in args])


def _strict(function: Function, args: Sequence[Code]) -> Code:
    """Return the code of a function that is not asked about blank arguments."""
    python, blank = function.python, _blank(function)
    if len(args) == 1:
        return _unary(python, blank, args[0])
    if len(args) == 2:
        return _binary(python, blank, args[0], args[1])

    def run(env: Environment) -> Any:
        values = [arg(env) for arg in args]
        for value in values:  # `None in values` would compare, which numbers do slowly
            if value is None:
                return blank
        return python(env, *values)

    return run


def _unary(python: Callable[..., Any], blank: bool | None, arg: Code) -> Code:
    def run(env: Environment) -> Any:
        value = arg(env)
        return blank if value is None else python(env, value)

    return run


def _binary(python: Callable[..., Any], blank: bool | None, left: Code, right: Code) -> Code:
    if isinstance(right, Fixed) and right.value is not None:
        return _unary(lambda env, value, known=right.value: python(env, value, known), blank, left)

    def run(env: Environment) -> Any:
        first = left(env)
        if first is None:
            return blank
        second = right(env)
        return blank if second is None else python(env, first, second)

    return run


# --- values on their way in and out -----------------------------------------------------------------------
def normal(value: Any, type_: ValueType) -> Any:
    """Return a field's value as expressions know it."""
    convert = _CONVERTERS.get(type_)
    return value if value is None or convert is None else convert(value)


def identity(value: Any) -> Any:
    """Return what makes a record itself: its id, whether or not its name is known."""
    found = getattr(value, "id", value)
    return found if isinstance(found, uuid.UUID) else value


def _number(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, timedelta):
        return Decimal(value // _MICROSECOND).scaleb(-6)
    if isinstance(value, float):
        raise TypeError("a float is no exact number")
    return Decimal(value)


def _moment(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _members(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | set | frozenset) else value


def _file_names(value: Any) -> tuple[Any, ...]:
    return tuple(getattr(item, "name", item) for item in value)


def _duration(seconds: Decimal) -> timedelta | None:
    """Return a duration, None where it is too large."""
    micros = rounded(seconds, 6)
    return timedelta(microseconds=int(micros.scaleb(6, EXACT))) if micros.copy_abs() <= MAX_SECONDS else None


_CONVERTERS: Mapping[ValueType, Callable[[Any], Any]] = {
    ValueType.NUMBER: _number,
    ValueType.DURATION: _number,
    ValueType.DATETIME: _moment,
    ValueType.CHOICES: _members,
    ValueType.REFERENCES: _members,
    ValueType.LIST: _file_names,  # the only lists that records have are those of files
}
_FINISHERS: Mapping[ValueType, Callable[[Decimal], Any]] = {ValueType.NUMBER: fit, ValueType.DURATION: _duration}
