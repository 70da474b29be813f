"""From text to tree: whatever the input, a `Node` or an `ExpressionError` with its position."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from django.utils.translation import gettext_lazy as _
from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput

from metadata.expressions import limits
from metadata.expressions.errors import ExpressionError
from metadata.expressions.nodes import Call, Literal, Name, Node, Operation
from metadata.expressions.types import ValueType

_KEYWORDS: dict[str, tuple[Any, ValueType]] = {
    "TRUE": (True, ValueType.BOOLEAN),
    "FALSE": (False, ValueType.BOOLEAN),
    "NULL": (None, ValueType.NULL),
}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_FULL_WIDTH = {
    ord(wide): narrow for wide, narrow in zip("（），＋－＊／＝＜＞！＆｜“”‘’", "(),+-*/=<>!&|\"\"''", strict=True)
}


def parse(text: str) -> Node:
    """Return the tree of an expression; raises ExpressionError, and nothing else whatever the input."""
    if len(text) > limits.MAX_TEXT:
        message = _("The expression is longer than %(max)d characters.")
        raise ExpressionError(message, limits.MAX_TEXT, len(text), max=limits.MAX_TEXT)
    bad = _UNSTORABLE.search(text)
    if bad:
        raise ExpressionError(_("This character can't be used."), bad.start(), bad.end())
    if not text.strip():
        raise ExpressionError(_("The expression is empty."), 0, len(text))
    try:
        return _PARSER.parse(text)  # type: ignore[return-value]
    except UnexpectedInput as error:
        _refuse(text, error)


def _refuse(text: str, error: UnexpectedInput) -> NoReturn:
    """Say what is wrong at the place where the parser gave up."""
    if isinstance(error, UnexpectedCharacters):
        start = error.pos_in_stream or 0
        raise _bad_character(text, start) from None
    token = getattr(error, "token", None)
    if token is None or token.type == "$END" or token.start_pos is None:
        raise ExpressionError(_("Something is missing at the end."), len(text), len(text)) from None
    opening = text.find("/*", max(token.start_pos - 1, 0), token.end_pos + 1)
    if opening >= 0 and "*/" not in text[opening + 2 :]:
        raise ExpressionError(_("This comment has no end."), opening, len(text)) from None
    message = _("“%(word)s” can't stand here.")
    raise ExpressionError(message, token.start_pos, token.end_pos, word=str(token)) from None


def _bad_character(text: str, start: int) -> ExpressionError:
    if text[start] in "\"'":
        return ExpressionError(_("This text has no closing quote."), start, len(text))
    narrow = text[start].translate(_FULL_WIDTH)
    if narrow != text[start]:
        message = _("Write the half-width character %(narrow)s.")
        return ExpressionError(message, start, start + 1, suggestion=narrow, narrow=narrow)
    return ExpressionError(_("“%(word)s” can't stand here."), start, start + 1, word=text[start])


class _Builder(Transformer[Token, Node]):
    """Makes nodes while the parser goes, so that no tree is ever walked by recursion."""

    def operation(self, items: Sequence[Any]) -> Node:
        if len(items) == 1:
            return items[0]  # type: ignore[no-any-return]
        operands = tuple(items[::2])
        start, end = operands[0].start, operands[-1].end
        if len(operands) > limits.MAX_CHAIN:
            message = _("At most %(max)d operands can follow one another; use brackets.")
            raise ExpressionError(message, operands[limits.MAX_CHAIN].start, end, max=limits.MAX_CHAIN)
        symbols = tuple(str(symbol) for symbol in items[1::2])
        return Operation(start, end, symbols, operands, **_measured(operands))

    def prefix(self, items: Sequence[Any]) -> Node:
        symbol, operand = items
        return Operation(symbol.start_pos, operand.end, (str(symbol),), (operand,), **_measured((operand,)))

    def group(self, items: Sequence[Any]) -> Node:
        opening, inner, closing = items
        grouped: Node = replace(inner, start=opening.start_pos, end=closing.end_pos, depth=_one_deeper(inner))
        return grouped

    def call(self, items: Sequence[Any]) -> Node:
        name, _opening, *args, closing = items
        if len(args) > limits.MAX_ARGUMENTS:
            message = _("A function takes at most %(max)d arguments.")
            raise ExpressionError(message, args[limits.MAX_ARGUMENTS].start, closing.end_pos, max=limits.MAX_ARGUMENTS)
        called = str(name).upper()
        return Call(name.start_pos, closing.end_pos, called, name.end_pos, tuple(args), **_measured(args))

    def name(self, items: Sequence[Any]) -> Node:
        (token,) = items
        if token.upper() in _KEYWORDS:
            return Literal(token.start_pos, token.end_pos, *_KEYWORDS[token.upper()])
        return Name(token.start_pos, token.end_pos, str(token))

    def number(self, items: Sequence[Any]) -> Node:
        (token,) = items
        whole, _point, decimals = token.partition(".")
        if len(whole.lstrip("0")) > limits.MAX_LITERAL_DIGITS or len(decimals) > limits.SCALE:
            message = _("A number has at most %(whole)d digits and %(decimals)d decimals.")
            raise ExpressionError(
                message, token.start_pos, token.end_pos, whole=limits.MAX_LITERAL_DIGITS, decimals=limits.SCALE
            )
        value = Decimal(f"{whole or 0}.{decimals}")
        return Literal(token.start_pos, token.end_pos, value, ValueType.NUMBER)

    def text(self, items: Sequence[Any]) -> Node:
        (token,) = items
        value = _ESCAPE.sub(_unescaped, token[1:-1])
        if _UNSTORABLE.search(value):
            raise ExpressionError(_("This character can't be used."), token.start_pos, token.end_pos)
        return Literal(token.start_pos, token.end_pos, value, ValueType.TEXT)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPED.get(code, code)


def _measured(nodes: Sequence[Node]) -> dict[str, int]:
    """Return size and depth of what stands above the nodes; raises where it becomes too much."""
    size = 1 + sum(node.size for node in nodes)
    depth = max((_one_deeper(node) for node in nodes), default=1)
    if size > limits.MAX_NODES:
        message = _("The expression has more than %(max)d parts. Move some of them to a formula of their own.")
        raise ExpressionError(message, nodes[0].start, nodes[-1].end, max=limits.MAX_NODES)
    return {"size": size, "depth": depth}


def _one_deeper(node: Node) -> int:
    if node.depth >= limits.MAX_DEPTH:
        message = _("The expression is nested more than %(max)d levels deep.")
        raise ExpressionError(message, node.start, node.end, max=limits.MAX_DEPTH)
    return node.depth + 1


_PARSER = Lark(
    (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8"),
    parser="lalr",
    transformer=_Builder(),
    maybe_placeholders=False,
)
