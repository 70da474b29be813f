"""Moving dates, differences between them, and the periods that hold them: months, quarters, fiscal years."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from metadata.expressions.arithmetic import EXACT
from metadata.expressions.definitions import Param, day, define, number, option, whole
from metadata.expressions.environment import Environment
from metadata.expressions.functions import operators as ops
from metadata.expressions.functions.date import FAMILY, day_sql, type_of
from metadata.expressions.functions.moments import cut, from_local, local_day, months_between, plus_months, to_local
from metadata.expressions.limits import MAX_MONTHS
from metadata.expressions.nodes import Typed
from metadata.expressions.sql import Sql, clipped_day, clipped_moment, outside_is_null, sql
from metadata.expressions.types import ValueType

if TYPE_CHECKING:
    from metadata.expressions.to_orm import SqlContext
    from metadata.expressions.typecheck import TypeChecker

T = ValueType
_DAY = day("date")
_COUNT = number("count")


def _same_type(_tc: TypeChecker, args: list[Typed]) -> T:
    return args[0].type


# --- ADD… -------------------------------------------------------------------------------------------------
def _adddays(env: Environment, value: date, count: Decimal) -> date | None:
    """Add whole days, on the clock: 9 o'clock stays 9 o'clock."""
    if not isinstance(value, datetime):
        return ops.add_days(env, value, count)
    local = to_local(value, env.zone)
    moved = ops.add_days(env, local.date(), count)
    return moved and from_local(datetime.combine(moved, local.time()), env.zone)


def _adddays_sql(ctx: SqlContext, value: Sql, count: Sql) -> Sql:
    if type_of(ctx) is not T.DATETIME:
        return ops.add_days_sql(ctx, value, count)
    moved = sql("({0} + make_interval(days => {1}))", ctx.local(value), ops.days_sql(count))
    return clipped_moment(sql("({0} AT TIME ZONE {1})", moved, ctx.zone()))


def _addmonths(factor: int) -> Any:
    def moved(env: Environment, value: date, count: Decimal) -> date | None:
        months = int(count) * factor
        if not isinstance(value, datetime):
            return plus_months(value, months)
        local = to_local(value, env.zone)
        day_ = plus_months(local.date(), months)
        return day_ and from_local(datetime.combine(day_, local.time()), env.zone)

    return moved


def _addmonths_sql(factor: int) -> Any:
    def write(ctx: SqlContext, value: Sql, count: Sql) -> Sql:
        bound = f"{MAX_MONTHS + 1}"
        months = outside_is_null(sql(f"(trunc({{0}}) * {factor})", count), bound, f"-{bound}")
        interval = sql("make_interval(months => {0}::int)", months)
        if type_of(ctx) is T.DATETIME:
            moved = sql("({0} + {1})", ctx.local(value), interval)
            return clipped_moment(sql("({0} AT TIME ZONE {1})", moved, ctx.zone()))
        return clipped_day(sql("({0} + {1})::date", value, interval))

    return write


# --- differences ------------------------------------------------------------------------------------------
_SECONDS = {"hour": 3_600, "minute": 60, "second": 1}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}


def _datediff(env: Environment, first: date, last: date, unit: str) -> Decimal:
    if unit in _SECONDS and isinstance(first, datetime) and isinstance(last, datetime):
        return Decimal(cut((last - first) // timedelta(microseconds=1), _SECONDS[unit] * 1_000_000))
    start, end = local_day(first, env.zone), local_day(last, env.zone)
    if unit in _MONTHS:
        return Decimal(cut(months_between(start, end), _MONTHS[unit]))
    days = (end - start).days
    return Decimal(days * (86_400 // _SECONDS[unit]) if unit in _SECONDS else cut(days, _DAYS[unit]))


def _datediff_sql(ctx: SqlContext, first: Sql, last: Sql, unit_: Sql) -> Sql:
    unit = str(unit_.constant)
    if unit in _SECONDS and type_of(ctx, 0) is type_of(ctx, 1) is T.DATETIME:
        return sql(f"trunc(extract(epoch FROM ({{1}} - {{0}})) / {_SECONDS[unit]})", first, last)
    start, end = day_sql(ctx, first, 0), day_sql(ctx, last, 1)
    if unit in _SECONDS:
        return sql(f"(({{1}} - {{0}}) * {86_400 // _SECONDS[unit]}::numeric)", start, end)
    if unit in _DAYS:
        return sql(f"div(({{1}} - {{0}})::numeric, {_DAYS[unit]})", start, end)
    return ctx.let([start, end], lambda s, e: sql(f"div({_MONTHS_BETWEEN}, {_MONTHS[unit]})", s, e))


_PLAIN_MONTHS = (
    "((extract(year FROM {1}) - extract(year FROM {0})) * 12 + extract(month FROM {1}) - extract(month FROM {0}))"
)
_MONTHS_BETWEEN = (
    f"({_PLAIN_MONTHS} - CASE WHEN {_PLAIN_MONTHS} > 0 AND extract(day FROM {{1}}) < extract(day FROM {{0}}) THEN 1 "
    f"WHEN {_PLAIN_MONTHS} < 0 AND extract(day FROM {{1}}) > extract(day FROM {{0}}) THEN -1 ELSE 0 END)"
)


# --- periods ----------------------------------------------------------------------------------------------
def _eomonth(env: Environment, value: date, months: int = 0) -> date | None:
    first = plus_months(local_day(value, env.zone).replace(day=1), months)
    return first and first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _eomonth_sql(ctx: SqlContext, value: Sql, months: Sql | None = None) -> Sql:
    first = sql("date_trunc('month', {0}::timestamp)", day_sql(ctx, value))
    moved = sql("({0} + make_interval(months => {1} + 1) - interval '1 day')::date", first, months or Sql(("0",)))
    return clipped_day(moved)


def _startof(env: Environment, value: date, unit: str) -> date | None:
    start = local_day(value, env.zone)
    if unit == "day":
        return start
    if unit == "week":
        back = (start.isoweekday() - env.weeks.week_start) % 7
        return ops.add_days(env, start, Decimal(-back))
    months = (start.month - 1) % _MONTHS[unit]
    return start.replace(month=start.month - months, day=1)


def _startof_sql(ctx: SqlContext, value: Sql, unit_: Sql) -> Sql:
    unit, start = str(unit_.constant), day_sql(ctx, value)
    if unit == "day":
        return start
    if unit == "week":
        shift = ctx.env.weeks.week_start - 1
        return clipped_day(
            sql(f"(date_trunc('week', {{0}}::timestamp - interval '{shift} days')::date + {shift})", start)
        )
    return sql(f"date_trunc('{unit}', {{0}}::timestamp)::date", start)


def _fiscal(env: Environment, value: date) -> tuple[int, int]:
    """Return the fiscal year, which is called by the year in which it ends, and the month in it from 0."""
    start = local_day(value, env.zone)
    shift = (1 - env.weeks.fiscal_start_month) % 12
    year, month = divmod(start.year * 12 + start.month - 1 + shift, 12)
    return year, month


def _fiscal_sql(template: str) -> Any:
    def write(ctx: SqlContext, value: Sql) -> Sql:
        shift = (1 - ctx.env.weeks.fiscal_start_month) % 12
        months = f"(extract(year FROM {{0}}) * 12 + extract(month FROM {{0}}) - 1 + {shift})"
        return ctx.let([day_sql(ctx, value)], lambda x: sql(template.replace("MONTHS", months), x))

    return write


define("ADDDAYS", FAMILY, (_DAY, _COUNT), _same_type, _adddays, _adddays_sql,
       _("A date or moment some days later, at the same time of day."),
       ("ADDDAYS(DATE(2026, 1, 31), 1)", "2026-02-01"))  # fmt: skip
define("ADDMONTHS", FAMILY, (_DAY, _COUNT), _same_type, _addmonths(1), _addmonths_sql(1),
       _("A date or moment some months later; the last day where the month is too short."),
       ("ADDMONTHS(DATE(2026, 1, 31), 1)", "2026-02-28"))  # fmt: skip
define("ADDYEARS", FAMILY, (_DAY, _COUNT), _same_type, _addmonths(12), _addmonths_sql(12),
       _("A date or moment some years later."), ("ADDYEARS(DATE(2024, 2, 29), 1)", "2025-02-28"))  # fmt: skip
define("ADDHOURS", FAMILY, (Param("moment", frozenset({T.DATETIME})), _COUNT), T.DATETIME,
       lambda env, value, count: ops.add_seconds(env, value, EXACT.multiply(count, 3_600)),
       lambda ctx, value, count: ops.add_seconds_sql(ctx, value, sql("({0} * 3600)", count)),
       _("A moment some hours later."),
       ("ADDHOURS(DATETIME(2026, 1, 31, 9), 1.5)", "2026-01-31 10:30:00"))  # fmt: skip
define("DATEDIFF", FAMILY, (day("from"), day("to"), option("unit", *_DAYS, *_MONTHS, *_SECONDS)), T.NUMBER,
       _datediff, _datediff_sql,
       _("The complete days, weeks, months, quarters, years, hours, minutes or seconds between two dates."),
       ('DATEDIFF(DATE(2026, 1, 31), DATE(2026, 3, 30), "month")', "1"))  # fmt: skip
define("EOMONTH", FAMILY, (_DAY, whole("months", -MAX_MONTHS, MAX_MONTHS, is_optional=True)), T.DATE,
       _eomonth, _eomonth_sql,
       _("The last day of the month, or of one some months later."),
       ("EOMONTH(DATE(2026, 2, 5))", "2026-02-28"))  # fmt: skip
define("STARTOF", FAMILY, (_DAY, option("unit", "day", "week", "month", "quarter", "year")), T.DATE,
       _startof, _startof_sql,
       _("The first day of the week, month, quarter or year that holds a date."),
       ('STARTOF(DATE(2026, 8, 15), "quarter")', "2026-07-01"))  # fmt: skip
define("FISCALYEAR", FAMILY, (_DAY,), T.NUMBER, lambda env, value: Decimal(_fiscal(env, value)[0]),
       _fiscal_sql("div(MONTHS, 12)"),
       _("The fiscal year of a date, called by the year in which it ends."),
       ("FISCALYEAR(DATE(2026, 8, 15))", "2026"))  # fmt: skip
define("FISCALQUARTER", FAMILY, (_DAY,), T.NUMBER, lambda env, value: Decimal(_fiscal(env, value)[1] // 3 + 1),
       _fiscal_sql("(div(mod(MONTHS, 12), 3) + 1)"),
       _("The quarter of the fiscal year that holds a date."), ("FISCALQUARTER(DATE(2026, 8, 15))", "3"))  # fmt: skip
