"""How numbers, amounts and dates are written for people, by language."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date as babel_date
from babel.dates import format_datetime as babel_datetime
from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
)

# Chinese screens write dates in digits, as date inputs do; other languages follow CLDR.
_DATE_PATTERNS = {"zh": "yyyy-MM-dd"}
_TIME = "HH:mm"


@cache
def locale_of(language: str) -> Locale:
    """Return babel's locale for a Django language code such as `zh-hans`; English when babel knows none."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def number_text(value: Decimal | int, scale: int, language: str, *, trim: bool = False) -> str:
    """Return a number with grouping and `scale` decimals; with `trim`, without trailing zeros."""
    return str(format_decimal(value, _pattern(scale, trim), locale=locale_of(language)))


def money_text(value: Decimal, scale: int, code: str, language: str) -> str:
    """Return an amount with its currency's symbol as the language writes it; no symbol without a code."""
    if not code:
        return number_text(value, scale, language)
    symbol, separators = _money_signs(code, language)
    if separators is None:
        pattern = f"¤{_pattern(scale, False)}"
        return str(format_currency(value, code, pattern, locale=locale_of(language), currency_digits=False))
    # Lists hold hundreds of amounts, and babel takes 60 µs for each of them.
    sign, digits = ("-", f"{-value:,.{scale}f}") if value < 0 else ("", f"{value:,.{scale}f}")
    return f"{sign}{symbol}{digits}"


@cache
def _money_signs(code: str, language: str) -> tuple[str, str | None]:
    """Return the currency's symbol, and the separators when Python writes numbers just as the language does."""
    locale = locale_of(language)
    separators = get_group_symbol(locale) + get_decimal_symbol(locale)
    return get_currency_symbol(code, locale), separators if separators == ",." else None


def date_text(value: date, language: str) -> str:
    """Return a day."""
    locale = locale_of(language)
    return str(babel_date(value, _DATE_PATTERNS.get(locale.language, "medium"), locale=locale))


def read_written_date(text: str) -> date | None:
    """Return the day that `date_text` wrote in English (Jan 5, 2026); None for any other text."""
    try:
        return datetime.strptime(text, "%b %d, %Y").date()
    except ValueError:
        return None


def moment_text(value: datetime, language: str) -> str:
    """Return a day with hour and minute, in the zone that `value` is in."""
    locale = locale_of(language)
    time = babel_datetime(value, _TIME, locale=locale)
    return f"{date_text(value.date(), language)} {time}"


def _pattern(scale: int, trim: bool) -> str:
    return "#,##0" + ("." + ("#" if trim else "0") * scale if scale else "")
