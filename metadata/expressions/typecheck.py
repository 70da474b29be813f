"""From the tree as written to the tree with types: names resolved, functions chosen, mistakes found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from crm_platform.kit.errors import Message
from metadata.expressions import scope as names
from metadata.expressions.definitions import NEW, OLD, RANDOM, Function, Param
from metadata.expressions.errors import ExpressionError, closest, filled
from metadata.expressions.functions import functions, operators
from metadata.expressions.nodes import Apply, Call, Chain, Constant, Literal, Name, Node, Operation, Path, Typed
from metadata.expressions.scope import Scope, UnknownName
from metadata.expressions.types import ANY, LABELS, MANY, ValueType, accepts, unified

FORMULA, RULE, DEFAULT, CONDITION = "formula", "rule", "default", "condition"
PURPOSES = (FORMULA, RULE, DEFAULT, CONDITION)
_BARRED = {
    FORMULA: {OLD: _("Prior values are known in rules only."), NEW: _("Prior values are known in rules only.")},
    DEFAULT: {OLD: _("A new record has no prior values."), NEW: _("A new record has no prior values.")},
    RULE: {},
    CONDITION: {},
}
_RANDOM = _("Random numbers can stand in default values only.")


class TypeChecker:
    """Types one expression inside a scope; every mistake is an ExpressionError at its place."""

    def __init__(self, scope: Scope, purpose: str, *, blank_as_zero: bool = False, is_repeated: bool = False) -> None:
        self.scope, self.purpose = scope, purpose
        self.blank_as_zero, self.is_repeated = blank_as_zero, is_repeated

    def within(self, scope: Scope) -> TypeChecker:
        """Return a checker for a part that has names of its own and is evaluated once for each of many things."""
        return TypeChecker(scope, self.purpose, blank_as_zero=self.blank_as_zero, is_repeated=True)

    def typed(self, node: Node) -> Typed:
        if isinstance(node, Literal):
            return Constant(node.start, node.end, node.type, None, node.value)
        if isinstance(node, Name):
            return self._path(node)
        if isinstance(node, Operation):
            return self._operation(node)
        assert isinstance(node, Call)
        return self._call(node)

    def boolean(self, node: Node) -> Typed:
        """Type a condition."""
        return self.wanted(self.typed(node), ValueType.BOOLEAN)

    # --- names --------------------------------------------------------------------------------------------
    def _path(self, node: Name) -> Path:
        try:
            found = self.scope.resolve(node.path)
        except UnknownName as error:
            start, end = _step(node, error.step)
            raise ExpressionError(error.message, start, end, error.suggestion) from None
        if found.kind == names.OLD:
            self._allow(OLD, node.start, node.end)
        is_zero = self.blank_as_zero and found.type is ValueType.NUMBER and found.kind != names.ITEM
        return Path(node.start, node.end, found.type, found.element, found, is_zero)

    def _allow(self, use: str, start: int, end: int) -> None:
        barred = _BARRED[self.purpose].get(use)
        if use == RANDOM and self.purpose != DEFAULT:
            barred = _RANDOM
        if barred:
            raise ExpressionError(barred, start, end)

    # --- operators ----------------------------------------------------------------------------------------
    def _operation(self, node: Operation) -> Typed:
        operands = [self.typed(operand) for operand in node.operands]
        if len(operands) == 1:
            return self._prefix(node, operands[0])
        if node.symbols[0] in ("&&", "||"):
            function = functions.get("AND" if node.symbols[0] == "&&" else "OR")
            checked = tuple(self.wanted(operand, ValueType.BOOLEAN) for operand in operands)
            return Apply(node.start, node.end, ValueType.BOOLEAN, None, function, checked)
        return self._chain(node, operands)

    def _prefix(self, node: Operation, operand: Typed) -> Typed:
        function = operators.prefix(node.symbols[0], operand.type)
        if function is None:
            wanted = ValueType.BOOLEAN if node.symbols[0] == "!" else ValueType.NUMBER
            self.refuse(operand, wanted)
        type_ = ValueType.NUMBER if operand.type is ValueType.NULL else operand.type
        return Apply(node.start, node.end, type_, None, function, (coerced(operand, type_),))

    def _chain(self, node: Operation, operands: list[Typed]) -> Typed:
        first, here, steps = operands[0], operands[0].type, []
        for number, (symbol, operand) in enumerate(zip(node.symbols, operands[1:], strict=True)):
            overload = operators.choose(symbol, here, operand.type)
            if overload is None:
                self._no_operator(symbol, here, operand, operands[number])
            if number == 0:
                first = coerced(first, overload.left)
            steps.append((overload.function, coerced(operand, overload.right)))
            here = overload.returns
        return Chain(node.start, node.end, here, None, first, tuple(steps))

    def _no_operator(self, symbol: str, here: ValueType, operand: Typed, before: Typed) -> NoReturn:
        message = _("“%(symbol)s” can't join %(left)s and %(right)s.")
        if symbol in ("&", "+") and ValueType.TEXT in (here, operand.type):
            message = _("“%(symbol)s” can't join %(left)s and %(right)s; TEXT() makes a text of a value.")
        left, right = LABELS[here], LABELS[operand.type]
        raise ExpressionError(message, before.start, operand.end, symbol=symbol, left=left, right=right)

    # --- functions ----------------------------------------------------------------------------------------
    def _call(self, node: Call) -> Typed:
        if node.name not in functions:
            message = _("There is no function “%(name)s”.")
            suggestion = closest(node.name, functions.keys())
            raise ExpressionError(message, node.start, node.name_end, suggestion, name=node.name)
        function = functions.get(node.name)
        for use in function.uses:
            self._allow(use, node.start, node.name_end)
        self._count(function, node)
        if self.is_repeated and function.repeats_inside:
            message = _("%(name)s can't stand inside another function that goes through records or lists.")
            raise ExpressionError(message, node.start, node.name_end, name=node.name)
        if function.special:
            return function.special(self, node)
        args = [self.argument(function, number, arg) for number, arg in enumerate(node.args)]
        returns = function.returns(self, args) if callable(function.returns) else function.returns
        type_, element = returns if isinstance(returns, tuple) else (returns, None)
        return Apply(node.start, node.end, type_, element, function, tuple(map(settled, args)))

    def _count(self, function: Function, node: Call) -> None:
        if len(node.args) < function.least:
            message = ngettext_lazy(
                "%(name)s needs %(count)d argument: %(signature)s",
                "%(name)s needs %(count)d arguments: %(signature)s",
                function.least,
            )
            raise ExpressionError(
                message, node.start, node.end, name=node.name, count=function.least, signature=function.signature
            )
        if function.param(len(node.args) - 1) is None and node.args:
            extra = node.args[len(function.params)]
            message = _("%(name)s takes fewer arguments: %(signature)s")
            raise ExpressionError(message, extra.start, extra.end, name=node.name, signature=function.signature)

    def argument(self, function: Function, number: int, node: Node) -> Typed:
        """Type one argument and hold it against its parameter."""
        param = function.param(number)
        assert param is not None
        value = self.typed(node)
        if not accepts(param.types, value.type):
            self.refuse(value, *sorted(param.types))
        if param.is_literal:
            value = _literal(value, param)
        if param.keeps_blank and isinstance(value, Path):
            value = replace(value, zero_if_blank=False)
        return value if param.types == ANY else coerced(value, _usual(param.types))

    # --- helpers for functions that type themselves ---------------------------------------------------------
    def wanted(self, node: Typed, type_: ValueType) -> Typed:
        """Return the node as a value of the type; raises when it is of another."""
        if not accepts(frozenset({type_}), node.type):
            self.refuse(node, type_)
        return coerced(node, type_)

    def refuse(self, node: Typed, *wanted: ValueType) -> NoReturn:
        """Raise the error of a value of a wrong type."""
        message: Message = _("%(wanted)s is needed here, this is %(given)s.")
        if len(wanted) > 3:
            raise ExpressionError(_("%(given)s can't stand here."), node.start, node.end, given=LABELS[node.type])
        shown: Message = LABELS[wanted[0]]
        for other in wanted[1:]:
            shown = filled(_("%(first)s or %(second)s"), {"first": shown, "second": LABELS[other]})
        raise ExpressionError(message, node.start, node.end, wanted=shown, given=LABELS[node.type])

    def same(self, args: list[Typed], places: Sequence[int]) -> ValueType:
        """Give the arguments at these places one type and return it; raises at the one that does not fit."""
        found = ValueType.NULL
        for place in places:
            both = unified(found, args[place].type)
            if both is None:
                self.refuse(args[place], found)
            found = both
        found = ValueType.TEXT if found is ValueType.NULL else found
        for place in places:
            args[place] = coerced(args[place], found)
        return found


def coerced(node: Typed, type_: ValueType) -> Typed:
    """Give NULL the type that it has here."""
    return replace(node, type=type_) if node.type is ValueType.NULL else node


def settled(node: Typed) -> Typed:
    """Give NULL some type where any will do."""
    return coerced(node, ValueType.TEXT)


def is_many(node: Typed) -> bool:
    return node.type in MANY


def _usual(types: frozenset[ValueType]) -> ValueType:
    """Return the type that NULL takes where several would do."""
    return ValueType.TEXT if ValueType.TEXT in types else min(types)


def _literal(node: Typed, param: Param) -> Typed:
    if not isinstance(node, Constant) or node.value is None:
        raise ExpressionError(_("Write this argument out: a value in quotes or a number."), node.start, node.end)
    if param.options:
        known = {option.lower(): option for option in param.options}
        if str(node.value).lower() not in known:
            message = _("Use one of these words: %(options)s.")
            suggestion = closest(str(node.value), param.options)
            quoted = f'"{suggestion}"' if suggestion else ""
            raise ExpressionError(message, node.start, node.end, quoted, options=", ".join(param.options))
        return replace(node, value=known[str(node.value).lower()])
    return node


def _step(node: Name, number: int) -> tuple[int, int]:
    """Return where a step of a path stands in the text."""
    steps = node.path.split(".")
    start = node.start + sum(len(step) + 1 for step in steps[:number])
    return start, start + len(steps[number])
