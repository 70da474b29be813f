"""Texts: cutting, finding, replacing, case; what is longer than a result may be is blank."""

from __future__ import annotations

import hashlib
import hmac
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext_lazy as _

from metadata.expressions.definitions import FALSE, OWN, Param, define, text, whole
from metadata.expressions.environment import Environment
from metadata.expressions.errors import ExpressionError, NotCompilable
from metadata.expressions.evaluate import identity
from metadata.expressions.functions.formats import TEXT_FORMATS, formatted, is_format, shown
from metadata.expressions.functions.logic import NUMERIC, as_number, plain_number_sql
from metadata.expressions.limits import MAX_RESULT
from metadata.expressions.nodes import Apply, Constant, Typed
from metadata.expressions.sql import COLLATION, Sql, clipped, sql
from metadata.expressions.types import SCALARS, ValueType

if TYPE_CHECKING:
    from metadata.expressions.to_orm import SqlContext
    from metadata.expressions.typecheck import TypeChecker

T = ValueType
FAMILY = "text"
SPACES = " \t\r\n\u00a0\u3000"  # what TRIM cuts: also the full-width space
MAX_PAD = 10_000
_SCHEMES = ("http", "https", "mailto", "tel", "")
_WORD = re.compile(r"[^\W\d_]+")
_MARKUP = re.compile(r"([\\\[\]()])")


def _count(name: str = "count", *, lower: int = 0, is_optional: bool = False) -> Param:
    return whole(name, lower, MAX_RESULT, is_optional=is_optional)


def _right(_ctx: object, value: str, count: int) -> str:
    return value[-count:] if count else ""


def _find(_ctx: object, part: str, value: str, start: int = 1) -> Decimal:
    return Decimal(value.find(part, start - 1) + 1)


def _find_sql(ctx: SqlContext, part: Sql, value: Sql, start: Sql | None = None) -> Sql:
    if start is None:
        return sql("strpos({0}, {1})::numeric", value, part)
    body = (
        "(CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL WHEN {2} > length({0}) + 1 THEN 0 "
        "WHEN strpos(substr({0}, {2}), {1}) = 0 THEN 0 "
        "ELSE strpos(substr({0}, {2}), {1}) + {2} - 1 END)::numeric"
    )
    return ctx.let([value, part, start], lambda v, p, s: sql(body, v, p, s))


def _substitute(_ctx: object, value: str, old: str, new: str) -> str | None:
    if not old:
        return value
    longer = value.count(old) * (len(new) - len(old))
    return value.replace(old, new) if len(value) + longer <= MAX_RESULT else None


def _substitute_sql(ctx: SqlContext, value: Sql, old: Sql, new: Sql) -> Sql:
    count = "(length({0}) - length(replace({0}, {1}, ''))) / nullif(length({1}), 0)"
    longer = f"coalesce(({count})::bigint * (length({{2}}) - length({{1}})), 0)"
    body = f"CASE WHEN length({{0}}) + {longer} <= {MAX_RESULT} THEN replace({{0}}, {{1}}, {{2}}) END"
    return ctx.let([value, old, new], lambda v, o, n: sql(body, v, o, n))


def _replace(_ctx: object, value: str, start: int, count: int, new: str) -> str:
    return value[: start - 1] + new + value[start - 1 + count :]


def _pad(value: str, count: int, fill: str) -> str:
    """Return what is put beside the text to make it `count` characters long."""
    missing = count - len(value)
    return (fill * (missing // len(fill) + 1))[:missing] if fill and missing > 0 else ""


def _lpad(_ctx: object, value: str, count: int, fill: str = " ") -> str:
    return (_pad(value, count, fill) + value) if len(value) <= count else value[:count]


def _rpad(_ctx: object, value: str, count: int, fill: str = " ") -> str:
    return (value + _pad(value, count, fill)) if len(value) <= count else value[:count]


def _pad_sql(name: str) -> Any:
    def write(_ctx: SqlContext, value: Sql, count: Sql, fill: Sql | None = None) -> Sql:
        return sql(f"{name}({{0}}, {{1}}, {{2}})", value, count, fill or Sql(("' '",)))

    return write


def _mid_sql(_ctx: SqlContext, value: Sql, start: Sql, count: Sql) -> Sql:
    return sql("substr({0}, {1}, {2})", value, start, count)


def _starts_sql(_ctx: SqlContext, value: Sql, part: Sql) -> Sql:
    return sql("starts_with({0}, {1})", value, part)


def _ends_sql(ctx: SqlContext, value: Sql, part: Sql) -> Sql:
    return ctx.let([part], lambda p: sql("(right({0}, length({1})) = {1})", value, p))


def _proper(_ctx: object, value: str) -> str:
    return _WORD.sub(lambda match: match[0][:1].upper() + match[0][1:].lower(), value)


# --- TEXT and VALUE ---------------------------------------------------------------------------------------
def _type_text(tc: TypeChecker, args: list[Typed]) -> T:
    if args[0].type not in SCALARS:
        tc.refuse(args[0], T.NUMBER, T.DATE, T.TEXT)
    if len(args) > 1:
        pattern = args[1]
        assert isinstance(pattern, Constant)
        if not is_format(args[0].type, pattern.value):
            message = _("This format does not fit. Examples: %(examples)s.")
            raise ExpressionError(message, pattern.start, pattern.end, examples=", ".join(TEXT_FORMATS))
    return T.TEXT


def _text(env: Environment, value: Any, pattern: str | None = None) -> str | None:
    if pattern is None:
        return shown(identity(value), env.zone)
    return formatted(value, pattern, env.zone)


def _text_sql(ctx: SqlContext, value: Sql, pattern: Sql | None = None) -> Sql:
    assert isinstance(ctx.node, Apply)
    type_ = ctx.node.args[0].type
    if pattern is not None:
        raise NotCompilable(["TEXT"])
    if type_ is T.NUMBER or type_ is T.DURATION:
        return sql("trim_scale({0})::text", value)
    if type_ is T.DATE:
        return sql("to_char({0}, 'YYYY-MM-DD')", value)
    if type_ is T.DATETIME:
        return sql("to_char({0}, 'YYYY-MM-DD HH24:MI:SS')", ctx.local(value))
    return sql("to_char({0}, 'HH24:MI:SS')" if type_ is T.TIME else "{0}::text", value)


def _value_sql(ctx: SqlContext, value: Sql) -> Sql:
    body = "CASE WHEN {0} ~ {1} THEN {0}::numeric END"
    made = ctx.let([plain_number_sql(value)], lambda x: sql(body, x, ctx.text(f"^{NUMERIC}$")))
    return clipped(made)


# --- links, hashes ----------------------------------------------------------------------------------------
def _is_link(url: str) -> bool:
    try:
        return urlsplit(url.strip()).scheme.lower() in _SCHEMES
    except ValueError:
        return False


def _escaped(value: str) -> str:
    return _MARKUP.sub(r"\\\1", value)


def _hyperlink(_ctx: object, url: str, label: str) -> str:
    return f"[{_escaped(label)}]({quote(url.strip(), safe=_URL_SAFE)})" if _is_link(url) else label


def _image(_ctx: object, url: str, label: str = "") -> str:
    return f"![{_escaped(label)}]({quote(url.strip(), safe=_URL_SAFE)})" if _is_link(url) else label


_URL_SAFE = "/:?#@!$&'*+,;=%~-._"


def _hmac(_ctx: object, value: str, key: str) -> str:
    return hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()


_T, _PART = text(), text("part")

define(
    "LEN", FAMILY, (_T,), T.NUMBER, lambda _ctx, value: Decimal(len(value or "")),
    "coalesce(length({0}), 0)::numeric",
    _("How many characters a text has."), ('LEN("客户")', "2"), nulls=OWN,
)  # fmt: skip
define(
    "LEFT", FAMILY, (_T, _count()), T.TEXT, lambda _ctx, value, count: value[:count], "left({0}, {1})",
    _("The first characters of a text."), ('LEFT("abcdef", 2)', "ab"),
)  # fmt: skip
define(
    "RIGHT", FAMILY, (_T, _count()), T.TEXT, _right, "right({0}, {1})",
    _("The last characters of a text."), ('RIGHT("abcdef", 2)', "ef"),
)  # fmt: skip
define(
    "MID", FAMILY, (_T, _count("start", lower=1), _count()), T.TEXT,
    lambda _ctx, value, start, count: value[start - 1 : start - 1 + count], _mid_sql,
    _("Some characters of a text, counted from 1."), ('MID("abcdef", 2, 3)', "bcd"),
)  # fmt: skip
define(
    "FIND", FAMILY, (_PART, _T, _count("start", lower=1, is_optional=True)), T.NUMBER, _find, _find_sql,
    _("Where a text begins inside another, counted from 1; 0 when it is not there."), ('FIND("c", "abcdef")', "3"),
)  # fmt: skip
define(
    "CONTAINS", FAMILY, (_T, _PART), T.BOOLEAN, lambda _ctx, value, part: part in value,
    "(strpos({0}, {1}) > 0)",
    _("Whether a text holds another."), ('CONTAINS("abcdef", "cd")', "true"), nulls=FALSE,
)  # fmt: skip
define(
    "BEGINS", FAMILY, (_T, _PART), T.BOOLEAN, lambda _ctx, value, part: value.startswith(part), _starts_sql,
    _("Whether a text begins with another."), ('BEGINS("abcdef", "ab")', "true"), nulls=FALSE,
)  # fmt: skip
define(
    "ENDS", FAMILY, (_T, _PART), T.BOOLEAN, lambda _ctx, value, part: value.endswith(part), _ends_sql,
    _("Whether a text ends with another."), ('ENDS("abcdef", "ef")', "true"), nulls=FALSE,
)  # fmt: skip
define(
    "TRIM", FAMILY, (_T,), T.TEXT, lambda _ctx, value: value.strip(SPACES),
    lambda ctx, value: sql("btrim({0}, {1})", value, ctx.text(SPACES)),
    _("A text without the spaces around it."), ('TRIM("  a b ")', "a b"),
)  # fmt: skip
define(
    "UPPER", FAMILY, (_T,), T.TEXT, lambda _ctx, value: value.upper(), f"upper({{0}} COLLATE {COLLATION})",
    _("A text in capitals."), ('UPPER("crm")', "CRM"),
)  # fmt: skip
define(
    "LOWER", FAMILY, (_T,), T.TEXT, lambda _ctx, value: value.lower(), f"lower({{0}} COLLATE {COLLATION})",
    _("A text in small letters."), ('LOWER("CRM")', "crm"),
)  # fmt: skip
define(
    "PROPER", FAMILY, (_T,), T.TEXT, _proper, None,
    _("A text in which every word begins with a capital."), ('PROPER("li wei")', "Li Wei"),
)  # fmt: skip
define(
    "SUBSTITUTE", FAMILY, (_T, text("old"), text("new")), T.TEXT, _substitute, _substitute_sql,
    _("A text in which every occurrence of one text is replaced by another."),
    ('SUBSTITUTE("a-b-c", "-", "/")', "a/b/c"),
)  # fmt: skip
define(
    "REPLACE", FAMILY, (_T, _count("start", lower=1), _count(), text("new")), T.TEXT, _replace,
    "overlay({0} placing {3} from {1} for {2})",
    _("A text in which the characters at a place are replaced."), ('REPLACE("abcdef", 2, 3, "X")', "aXef"),
)  # fmt: skip
define(
    "LPAD", FAMILY, (_T, whole("length", 0, MAX_PAD), text("fill", is_optional=True)), T.TEXT, _lpad, _pad_sql("lpad"),
    _("A text brought to a length by characters before it."), ('LPAD("7", 3, "0")', "007"),
)  # fmt: skip
define(
    "RPAD", FAMILY, (_T, whole("length", 0, MAX_PAD), text("fill", is_optional=True)), T.TEXT, _rpad, _pad_sql("rpad"),
    _("A text brought to a length by characters after it."), ('RPAD("a", 3, ".")', "a.."),
)  # fmt: skip
define(
    "TEXT", FAMILY, (Param("value", SCALARS), text("format", is_optional=True, is_literal=True)), _type_text,
    _text, _text_sql,
    _("A value as text; numbers and dates in a format such as #,##0.00 or YYYY-MM-DD."),
    ('TEXT(1234.5, "#,##0.00")', "1,234.50"),
)  # fmt: skip
define(
    "VALUE", FAMILY, (_T,), T.NUMBER, lambda _ctx, value: as_number(value), _value_sql,
    _("The number that a text spells; blank when it spells none."), ('VALUE("1,234.50")', "1234.5"),
)  # fmt: skip
define(
    "HYPERLINK", FAMILY, (text("url"), text("label")), T.TEXT, _hyperlink, None,
    _("A link as Markdown; the label alone when the address is not one of the web, of mail or of a phone."),
    ('HYPERLINK("https://a.cn", "A")', "[A](https://a.cn)"),
)  # fmt: skip
define(
    "IMAGE", FAMILY, (text("url"), text("label", is_optional=True)), T.TEXT, _image, None,
    _("A picture as Markdown."), ('IMAGE("https://a.cn/a.png", "A")', "![A](https://a.cn/a.png)"),
)  # fmt: skip
define(
    "BR", FAMILY, (), T.TEXT, lambda _ctx: "\n", "chr(10)", _("A line break."), ('"a" & BR() & "b"', "a\nb"),
)  # fmt: skip
define(
    "ENCODEURI", FAMILY, (_T,), T.TEXT, lambda _ctx, value: quote(value, safe=""), None,
    _("A text as it stands in an address of the web."), ('ENCODEURI("a b&c")', "a%20b%26c"),
)  # fmt: skip
define(
    "HASH", FAMILY, (_T,), T.TEXT, lambda _ctx, value: hashlib.sha256(value.encode()).hexdigest(),
    "encode(sha256(convert_to({0}, 'UTF8')), 'hex')",
    _("The SHA-256 of a text, in hexadecimal digits."), ('LEFT(HASH("a"), 8)', "ca978112"), cost=2,
)  # fmt: skip
define(
    "HMAC", FAMILY, (_T, text("key")), T.TEXT, _hmac, None,
    _("The signature of a text by a key (HMAC with SHA-256), in hexadecimal digits."),
    ('LEFT(HMAC("a", "k"), 8)', "78da9151"), cost=2,
)  # fmt: skip
