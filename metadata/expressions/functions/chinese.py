"""For China: pinyin, amounts in capitals, identity cards, masking, names of companies, phone numbers."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.companies import company_brand, company_core
from crm_platform.kit.text import spelled
from metadata.expressions.arithmetic import rounded
from metadata.expressions.definitions import CLOCK, define, number, option, text, whole
from metadata.expressions.environment import Environment
from metadata.expressions.functions.moments import cut, months_between
from metadata.expressions.sql import Sql, sql
from metadata.expressions.types import ValueType
from metadata.field_types.phone import DEFAULT_REGION, to_e164

if TYPE_CHECKING:
    from metadata.expressions.to_orm import SqlContext

T = ValueType
FAMILY = "chinese"
_ID = re.compile(r"[1-9][0-9]{5}([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2}[0-9])([0-9X])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")
LARGEST_AMOUNT = Decimal(10) ** 16
_LONGEST = 300
_COST = 10
_THREE, _FOUR = Sql(("3",), is_simple=True), Sql(("4",), is_simple=True)


# --- identity cards ---------------------------------------------------------------------------------------
def read_id(value: str) -> tuple[date, str] | None:
    """Return birthday and gender ("male", "female") of an identity number; None when its checksum is wrong."""
    match = _ID.fullmatch(value.strip(" ").upper())
    if match is None:
        return None
    digits = match[0]
    if _CHECKS[sum(int(d) * w for d, w in zip(digits, _WEIGHTS, strict=False)) % 11] != digits[-1]:
        return None
    try:
        born = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
    return born, "male" if int(match[4][-1]) % 2 else "female"


def _birth(_ctx: object, value: str) -> date | None:
    found = read_id(value)
    return found and found[0]


def _gender(_ctx: object, value: str) -> str | None:
    found = read_id(value)
    return found and found[1]


def _age(env: Environment, value: str) -> Decimal | None:
    born = _birth(env, value)
    return None if born is None else Decimal(cut(months_between(born, env.today), 12))


# --- amounts ----------------------------------------------------------------------------------------------
def _rmb(_ctx: object, amount: Decimal) -> str | None:
    if amount.copy_abs() >= LARGEST_AMOUNT:
        return None
    fen = int(rounded(amount.copy_abs(), 2).scaleb(2))
    if fen == 0:
        return "零元整"
    yuan, jiao, fen = fen // 100, fen // 10 % 10, fen % 10
    made = f"{_capitals(yuan)}元" if yuan else ""
    if jiao:
        made += f"{_DIGITS[jiao]}角"
    elif fen and yuan:
        made += "零"
    made += f"{_DIGITS[fen]}分" if fen else "整"
    return ("负" if amount < 0 else "") + made


def _capitals(number_: int) -> str:
    """Return a whole number in capitals; one 零 stands for any run of zeros between other digits."""
    made = ""
    groups = [number_ // 10_000**n % 10_000 for n in range(4)]
    for n in reversed(range(4)):
        group = groups[n]
        if group == 0:
            continue
        if made and (group < 1000 or groups[n + 1 : n + 2] == [0]):
            made += "零"
        made += _group(group) + _unit(n, groups)
    return made


def _unit(place: int, groups: list[int]) -> str:
    return "万" if place == 3 and groups[2] else _GROUPS[place]


def _group(group: int) -> str:
    made, owes_zero = "", False
    for place in reversed(range(4)):
        digit = group // 10**place % 10
        if digit == 0:
            owes_zero = bool(made)
            continue
        made += ("零" if owes_zero else "") + _DIGITS[digit] + _PLACES[place]
        owes_zero = False
    return made


# --- names and numbers ------------------------------------------------------------------------------------
def _pinyin(_ctx: object, value: str, style: str = "full") -> str:
    full, initials = spelled(value[:_LONGEST])
    return initials if style == "initial" else full


def _mask(_ctx: object, value: str, start: int = 3, end: int = 4) -> str:
    hidden = len(value) - start - end
    if hidden <= 0:  # too short to show anything of it
        return "*" * len(value)
    return value[:start] + "*" * hidden + (value[-end:] if end else "")


def _company(_ctx: object, value: str, part: str = "core") -> str:
    return company_brand(value) if part == "brand" else company_core(value)


def _phone(_ctx: object, value: str, region: str = DEFAULT_REGION) -> str | None:
    return to_e164(value[:_LONGEST], region.upper())


_MASK_SQL = (
    "CASE WHEN length({0}) <= {1} + {2} THEN repeat('*', length({0})) "
    "ELSE left({0}, {1}) || repeat('*', length({0}) - {1} - {2}) || right({0}, {2}) END"
)


def _mask_sql(ctx: SqlContext, value: Sql, start: Sql = _THREE, end: Sql = _FOUR) -> Sql:
    return ctx.let([value, start, end], lambda v, s, e: sql(_MASK_SQL, v, s, e))


define("PINYIN", FAMILY, (text(), option("style", "full", "initial", is_optional=True)), T.TEXT, _pinyin, None,
       _("Chinese characters spelled in full or by initials, in small letters without tones."),
       ('PINYIN("华为", "initial")', "hw"), cost=_COST)  # fmt: skip
define("RMB_UPPER", FAMILY, (number("amount"),), T.TEXT, _rmb, None,
       _("An amount in yuan in Chinese capitals."), ("RMB_UPPER(1234.5)", "壹仟贰佰叁拾肆元伍角整"))  # fmt: skip
define("CN_ID_BIRTH", FAMILY, (text("id_number"),), T.DATE, _birth, None,
       _("The birthday in a Chinese identity number; blank when its checksum is wrong."),
       ('CN_ID_BIRTH("11010519491231002X")', "1949-12-31"))  # fmt: skip
define("CN_ID_GENDER", FAMILY, (text("id_number"),), T.TEXT, _gender, None,
       _("“male” or “female” by a Chinese identity number."),
       ('CN_ID_GENDER("11010519491231002X")', "female"))  # fmt: skip
define("CN_ID_AGE", FAMILY, (text("id_number"),), T.NUMBER, _age, None,
       _("The age today by a Chinese identity number."),
       ('CN_ID_AGE("11010519491231002X")', ""), uses={CLOCK})  # fmt: skip
_KEPT = [whole(name, 0, 100, is_optional=True) for name in ("first", "last")]
define("MASK", FAMILY, (text(), *_KEPT), T.TEXT, _mask, _mask_sql,
       _("A text of which only the first and last characters can be read (3 and 4)."),
       ('MASK("13800138000")', "138****8000"))  # fmt: skip
define("NORMALIZE_COMPANY", FAMILY, (text("name"), option("part", "core", "brand", is_optional=True)), T.TEXT,
       _company, None,
       _("What tells a company from others: its name without legal form, place, width and case."),
       ('NORMALIZE_COMPANY("深圳市华为技术有限公司")', "华为技术"), cost=_COST)  # fmt: skip
define("NORMALIZE_PHONE", FAMILY, (text("phone"), text("region", is_optional=True)), T.TEXT, _phone, None,
       _("A phone number in international form (E.164); blank when it can't be one."),
       ('NORMALIZE_PHONE("138 0013 8000")', "+8613800138000"), cost=_COST)  # fmt: skip
