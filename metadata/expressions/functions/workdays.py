"""Working days and hours by the organisation's calendar. Python only: the database does not know the calendar."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.workdays import add_workdays, count_workdays, work_seconds
from metadata.expressions.arithmetic import divide
from metadata.expressions.definitions import day, define, moment, whole
from metadata.expressions.environment import Environment
from metadata.expressions.functions.moments import local_day
from metadata.expressions.types import ValueType

T = ValueType
FAMILY = "date"
MOST = 20_000
_COST = 20


def _workdays(env: Environment, first: date, last: date) -> Decimal | None:
    zone = env.zone
    count = count_workdays(env.workdays, local_day(first, zone), local_day(last, zone))
    return None if count is None else Decimal(count)


def _addworkdays(env: Environment, start: date, count: int) -> date | None:
    return add_workdays(env.workdays, local_day(start, env.zone), count)


def _workhours(env: Environment, start: datetime, end: datetime) -> Decimal | None:
    seconds = work_seconds(env.workdays, start, end, env.zone)
    return None if seconds is None else divide(env, Decimal(seconds), Decimal(3_600))


define("ISWORKDAY", FAMILY, (day("date"),), T.BOOLEAN,
       lambda env, value: env.workdays.is_workday(local_day(value, env.zone)), None,
       _("Whether a day is worked on, by the organisation's calendar and China's public holidays."),
       ("ISWORKDAY(DATE(2026, 10, 1))", "false"), nulls="false")  # fmt: skip
define("WORKDAYS", FAMILY, (day("from"), day("to")), T.NUMBER, _workdays, None,
       _("The working days from one day to another, both included."),
       ("WORKDAYS(DATE(2026, 3, 2), DATE(2026, 3, 8))", "5"), cost=_COST)  # fmt: skip
define("ADDWORKDAYS", FAMILY, (day("date"), whole("count", -MOST, MOST)), T.DATE, _addworkdays, None,
       _("The day some working days later."),
       ("ADDWORKDAYS(DATE(2026, 3, 6), 1)", "2026-03-09"), cost=_COST)  # fmt: skip
define("WORKHOURS", FAMILY, (moment("from"), moment("to")), T.NUMBER, _workhours, None,
       _("The working hours between two moments."),
       ("WORKHOURS(DATETIME(2026, 3, 2, 16), DATETIME(2026, 3, 3, 10))", "3"), cost=_COST)  # fmt: skip
