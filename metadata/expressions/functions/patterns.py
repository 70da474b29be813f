"""Regular expressions, by RE2 alone: linear time whatever the pattern. The database has other rules, so Python only."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2
from django.utils.translation import gettext_lazy as _

from metadata.expressions.definitions import FALSE, define, text, whole
from metadata.expressions.errors import ExpressionError
from metadata.expressions.limits import MAX_PATTERN, MAX_RESULT
from metadata.expressions.nodes import Constant, Typed
from metadata.expressions.types import ValueType

T = ValueType
FAMILY = "text"
_OPTIONS = re2.Options()
_OPTIONS.max_mem = 1 << 20  # of the compiled program: what needs more is refused
_OPTIONS.log_errors = False
_COST = 10


@lru_cache(maxsize=500)
def pattern(source: str) -> Any:
    """Return the compiled pattern; None when it is none, is too long or would grow too large."""
    if len(source) > MAX_PATTERN:
        return None
    try:
        return re2.compile(source, options=_OPTIONS)
    except re2.error:
        return None


def _check(args: list[Typed]) -> None:
    """Refuse a bad pattern when the expression is saved, if it is written out."""
    node = args[1]
    if isinstance(node, Constant) and node.value is not None and pattern(str(node.value)) is None:
        raise ExpressionError(_("This is no regular expression that can be used here."), node.start, node.end)


def _type_test(_tc: object, args: list[Typed]) -> T:
    _check(args)
    return T.BOOLEAN


def _type_text(_tc: object, args: list[Typed]) -> T:
    _check(args)
    return T.TEXT


def _regex(_ctx: object, value: str, source: str) -> bool:
    compiled = pattern(source)
    # Bytes, since nobody asks where in the text it fits, which costs more than the match.
    return compiled is not None and compiled.fullmatch(value.encode()) is not None


def _extract(_ctx: object, value: str, source: str, group: int | None = None) -> str | None:
    compiled = pattern(source)
    match = compiled.search(value) if compiled else None
    if match is None:
        return None
    wanted = group if group is not None else min(1, compiled.groups)
    found = match.group(wanted) if wanted <= compiled.groups else None
    return None if found is None else str(found)


def _replace(_ctx: object, value: str, source: str, new: str) -> str | None:
    """Replace every match; what is put in is taken as it is, without references to groups."""
    compiled = pattern(source)
    if compiled is None:
        return None
    pieces, here, length = [], 0, 0
    for match in compiled.finditer(value):
        pieces += [value[here : match.start()], new]
        length += match.start() - here + len(new)
        here = match.end()
        if length > MAX_RESULT:
            return None
    return "".join([*pieces, value[here:]])


_T, _PATTERN = text(), text("pattern")

define(
    "REGEX", FAMILY, (_T, _PATTERN), _type_test, _regex, None,
    _("Whether the whole text fits a regular expression (RE2)."), ('REGEX("SO-2026", "[A-Z]+-[0-9]+")', "true"),
    nulls=FALSE, cost=_COST,
)  # fmt: skip
define(
    "REGEX_EXTRACT", FAMILY, (_T, _PATTERN, whole("group", 0, 99, is_optional=True)), _type_text, _extract, None,
    _("The first part of a text that fits a regular expression, or a group of it."),
    ('REGEX_EXTRACT("SO-2026", "[0-9]+")', "2026"), cost=_COST,
)  # fmt: skip
define(
    "REGEX_REPLACE", FAMILY, (_T, _PATTERN, text("new")), _type_text, _replace, None,
    _("A text in which everything that fits a regular expression is replaced."),
    ('REGEX_REPLACE("a1b22", "[0-9]+", "#")', "a#b#"), cost=_COST,
)  # fmt: skip
