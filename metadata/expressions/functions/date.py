"""Dates, times and moments: today, making them, taking them apart. Days are those of the caller's time zone."""

from __future__ import annotations

import re
import zoneinfo
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from metadata.expressions.arithmetic import EXACT, ZERO, divide, divide_sql
from metadata.expressions.definitions import CLOCK, Param, day, define, moment, number, text, whole
from metadata.expressions.environment import Environment
from metadata.expressions.errors import ExpressionError
from metadata.expressions.functions.formats import shown
from metadata.expressions.functions.moments import from_local, local_day, to_local
from metadata.expressions.nodes import Apply, Constant, Typed
from metadata.expressions.sql import Sql, clipped_moment, sql
from metadata.expressions.types import ValueType

if TYPE_CHECKING:
    from metadata.expressions.to_orm import SqlContext
    from metadata.expressions.typecheck import TypeChecker

T = ValueType
FAMILY = "date"
_ISO_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_TIME = re.compile("([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")
_DAY = day("date")
_CLOCKED = Param("time", frozenset({T.DATETIME, T.TIME}))
FAR = 100_000


def type_of(ctx: SqlContext, place: int = 0) -> ValueType:
    """Return the type of an argument of the call whose SQL is being written."""
    assert isinstance(ctx.node, Apply)
    return ctx.node.args[place].type


def day_sql(ctx: SqlContext, value: Sql, place: int = 0) -> Sql:
    """Return an argument as a day."""
    return ctx.day(value, type_of(ctx, place))


def _date(_ctx: object, year: int, month: int, day_: int) -> date | None:
    try:
        return date(year, month, day_)
    except ValueError:
        return None


_MAKE_DATE = (
    "CASE WHEN {0} BETWEEN 1 AND 9999 AND {1} BETWEEN 1 AND 12 AND {2} BETWEEN 1 AND 31 "
    "AND extract(month FROM make_date(least(greatest({0}, 1), 9999), least(greatest({1}, 1), 12), 1) "
    "+ least(greatest({2}, 1), 31) - 1) = {1} "
    "THEN make_date(least(greatest({0}, 1), 9999), least(greatest({1}, 1), 12), 1) + {2} - 1 END"
)


def _date_sql(ctx: SqlContext, year: Sql, month: Sql, day_: Sql) -> Sql:
    return ctx.let([year, month, day_], lambda y, m, d: sql(_MAKE_DATE, y, m, d))


def _datetime(
    env: Environment, year: int, month: int, day_: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime | None:
    made = _date(env, year, month, day_)
    if made is None or not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return None
    return from_local(datetime.combine(made, time(hour, minute, second)), env.zone)


def _datetime_sql(ctx: SqlContext, year: Sql, month: Sql, day_: Sql, *clock: Sql) -> Sql:
    zero = Sql(("0",), is_simple=True)
    hour, minute, second = (*clock, zero, zero, zero)[:3]
    made = ctx.let(
        [hour, minute, second],
        lambda h, m, s: sql(
            "CASE WHEN {0} BETWEEN 0 AND 23 AND {1} BETWEEN 0 AND 59 AND {2} BETWEEN 0 AND 59 "
            "THEN make_interval(hours => {0}, mins => {1}, secs => {2}) END",
            h,
            m,
            s,
        ),
    )
    local = sql("({0} + {1})", _date_sql(ctx, year, month, day_), made)
    return clipped_moment(sql("({0} AT TIME ZONE {1})", local, ctx.zone()))


def _datevalue(env: Environment, value: Any) -> date | None:
    if not isinstance(value, str):
        return local_day(value, env.zone)
    if not _ISO_DAY.fullmatch(value):
        return None
    return _date(env, *(int(part) for part in value.split("-")))


def _datevalue_sql(ctx: SqlContext, value: Sql) -> Sql:
    if type_of(ctx) not in (T.TEXT, T.CHOICE):
        return day_sql(ctx, value)

    def parsed(x: Sql) -> Sql:
        is_day = sql("{0} ~ {1} AND pg_input_is_valid({0}, 'date')", x, ctx.text(f"^{_ISO_DAY.pattern}$"))
        return sql("CASE WHEN {0} THEN {1}::date END", is_day, x)

    return ctx.let([value], parsed)


def _timevalue(env: Environment, value: Any) -> time | None:
    if isinstance(value, datetime):
        return to_local(value, env.zone).time()
    return time.fromisoformat(value) if _ISO_TIME.fullmatch(value) else None


def _timevalue_sql(ctx: SqlContext, value: Sql) -> Sql:
    if type_of(ctx) is T.DATETIME:
        return sql("{0}::time", ctx.local(value))
    wanted = ctx.text(f"^{_ISO_TIME.pattern}$")
    return ctx.let([value], lambda x: sql("CASE WHEN {0} ~ {1} THEN {0}::time END", x, wanted))


def _part(name: str) -> tuple[Any, Any]:
    """Return both forms of a function that takes a part out of a day."""

    def python(env: Environment, value: date) -> Decimal:
        return Decimal(_PARTS[name](local_day(value, env.zone)))

    def write(ctx: SqlContext, value: Sql) -> Sql:
        return sql(f"extract({name} FROM {{0}})", day_sql(ctx, value))

    return python, write


_PARTS: dict[str, Any] = {
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "quarter": lambda value: (value.month + 2) // 3,
    "isodow": lambda value: value.isoweekday(),
    "week": lambda value: value.isocalendar().week,
}


def _clock_part(name: str) -> tuple[Any, Any]:
    def python(env: Environment, value: datetime | time) -> Decimal:
        local = to_local(value, env.zone) if isinstance(value, datetime) else value
        return Decimal(getattr(local, name))

    def write(ctx: SqlContext, value: Sql) -> Sql:
        local = ctx.local(value) if type_of(ctx) is T.DATETIME else value
        return sql(f"floor(extract({name} FROM {{0}}))", local)

    return python, write


def _type_zone(_tc: TypeChecker, args: list[Typed]) -> T:
    zone = args[1]
    assert isinstance(zone, Constant)
    if zone.value not in zoneinfo.available_timezones():
        raise ExpressionError(_("There is no such time zone. Example: Asia/Shanghai."), zone.start, zone.end)
    return T.TEXT


def _tz(_env: Environment, value: datetime, zone: str) -> str | None:
    return shown(value, zoneinfo.ZoneInfo(zone))


def _duration(_ctx: object, days: Decimal, hours: Decimal = ZERO, minutes: Decimal = ZERO) -> Decimal:
    return EXACT.fma(days, 86_400, EXACT.fma(hours, 3_600, EXACT.multiply(minutes, 60)))


def _duration_sql(days: Sql, hours: Sql | None = None, minutes: Sql | None = None) -> Sql:
    made = sql("({0} * 86400)", days)
    if hours:
        made = sql("({0} + {1} * 3600)", made, hours)
    return sql("({0} + {1} * 60)", made, minutes) if minutes else made


def _in_units(ctx: object, seconds: Decimal, length: int) -> Decimal | None:
    return divide(ctx, seconds, Decimal(length))


def _in_units_sql(ctx: SqlContext, seconds: Sql, length: int) -> Sql:
    return divide_sql(ctx, seconds, Sql((f"{length}::numeric",), is_simple=True))


define("TODAY", FAMILY, (), T.DATE, lambda env: env.today, lambda ctx: ctx.constant(ctx.env.today, T.DATE),
       _("Today's date in the caller's time zone."), ("TODAY()", ""), uses={CLOCK})  # fmt: skip
define("NOW", FAMILY, (), T.DATETIME, lambda env: env.now, lambda ctx: ctx.constant(ctx.env.now, T.DATETIME),
       _("The present moment."), ("NOW()", ""), uses={CLOCK})  # fmt: skip
_YEAR, _MONTH, _DAY_OF = (whole(name, -FAR, FAR) for name in ("year", "month", "day"))
define("DATE", FAMILY, (_YEAR, _MONTH, _DAY_OF), T.DATE, _date, _date_sql,
       _("The date of a year, month and day; blank when there is none."),
       ("DATE(2026, 1, 31)", "2026-01-31"))  # fmt: skip
define("DATETIME", FAMILY,
       (_YEAR, _MONTH, _DAY_OF, *(whole(name, -FAR, FAR, is_optional=True) for name in ("hour", "minute", "second"))),
       T.DATETIME, _datetime, _datetime_sql,
       _("The moment of a date and time in the caller's time zone."),
       ("DATETIME(2026, 1, 31, 9, 30)", "2026-01-31 09:30:00"))  # fmt: skip
define("DATEVALUE", FAMILY, (Param("value", frozenset({T.DATE, T.DATETIME, T.TEXT})),), T.DATE,
       _datevalue, _datevalue_sql,
       _("The day of a moment, or of a text such as 2026-01-31."),
       ('DATEVALUE("2026-01-31")', "2026-01-31"))  # fmt: skip
define("TIMEVALUE", FAMILY, (Param("value", frozenset({T.DATETIME, T.TEXT})),), T.TIME, _timevalue, _timevalue_sql,
       _("The time of day of a moment, or of a text such as 09:30."), ('TIMEVALUE("09:30")', "09:30:00"))  # fmt: skip
for _name, _unit, _summary, _example in (
    ("YEAR", "year", _("The year of a date."), "2026"),
    ("MONTH", "month", _("The month of a date, 1 to 12."), "8"),
    ("DAY", "day", _("The day of the month, 1 to 31."), "15"),
    ("QUARTER", "quarter", _("The quarter of a date, 1 to 4."), "3"),
    ("WEEKDAY", "isodow", _("The day of the week, from 1 for Monday to 7 for Sunday."), "6"),
    ("WEEKNUM", "week", _("The number of the week in its year (ISO 8601)."), "33"),
):
    define(_name, FAMILY, (_DAY,), T.NUMBER, *_part(_unit), _summary,
           (f"{_name}(DATE(2026, 8, 15))", _example))  # fmt: skip
for _name, _unit, _summary, _example in (
    ("HOUR", "hour", _("The hour of a time, 0 to 23."), "9"),
    ("MINUTE", "minute", _("The minute of a time, 0 to 59."), "30"),
    ("SECOND", "second", _("The second of a time, 0 to 59."), "5"),
):
    define(_name, FAMILY, (_CLOCKED,), T.NUMBER, *_clock_part(_unit), _summary,
           (f"{_name}(DATETIME(2026, 1, 31, 9, 30, 5))", _example))  # fmt: skip
define("TZ", FAMILY, (moment("moment"), text("zone", is_literal=True)), _type_zone, _tz,
       lambda ctx, value, zone: sql("to_char({0} AT TIME ZONE {1}, 'YYYY-MM-DD HH24:MI:SS')", value, zone),
       _("What the clocks of a time zone show at a moment, as text."),
       ('TZ(DATETIME(2026, 1, 31, 9, 30), "Europe/Berlin")', "2026-01-31 02:30:00"))  # fmt: skip
define("DURATION", FAMILY, (number("days"), number("hours", is_optional=True), number("minutes", is_optional=True)),
       T.DURATION,
       _duration, lambda _ctx, days, *rest: _duration_sql(days, *rest),
       _("A length of time from days, hours and minutes."), ("HOURS(DURATION(1, 2))", "26"))  # fmt: skip
for _name, _length, _summary, _example in (
    ("DAYS", 86_400, _("A length of time in days."), "1.5"),
    ("HOURS", 3_600, _("A length of time in hours."), "36"),
    ("MINUTES", 60, _("A length of time in minutes."), "2160"),
):
    define(_name, FAMILY, (Param("duration", frozenset({T.DURATION})),), T.NUMBER,
           lambda ctx, value, length=_length: _in_units(ctx, value, length),
           lambda ctx, value, length=_length: _in_units_sql(ctx, value, length),
           _summary, (f"{_name}(DURATION(1.5))", _example))  # fmt: skip
