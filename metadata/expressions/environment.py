"""Where an expression is evaluated: the record's values, the caller, the time, and ways to what lies elsewhere."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crm_platform.kit.context import Actor
from crm_platform.kit.workdays import WorkCalendar
from metadata.expressions.surroundings import Surroundings
from metadata.field_types.values import Calendar

if TYPE_CHECKING:
    from metadata.expressions.related import RelatedQuery

Reader = Callable[[str], Any]


class NotAvailable(RuntimeError):
    """The environment was made without something that the expression needs: a defect of the caller, never data."""


@dataclass
class Environment:
    """What one evaluation depends on; good for one record, or for none (default values, `$` names).

    `value(path)` returns a field of the record by its API path, `old(path)` its prior value; both give the values
    of field types (Decimal, date, aware datetime, str, Reference …), None for blank. `related(query, environment)`
    answers for functions that read other records. `rate(code, day)` is that of `CleanContext`. `calendar` may be
    a function that finds it, for the few expressions that ask.
    """

    value: Reader
    actor: Actor
    now: datetime
    old: Reader | None = None
    is_new: bool = False
    calendar: Calendar | Callable[[], Calendar] = field(default_factory=Calendar)
    work_calendar: WorkCalendar | None = None
    related: Callable[[RelatedQuery, Environment], Any] | None = None
    rate: Callable[[str, date], Decimal] | None = None
    surroundings: Surroundings | None = None
    outer: Environment | None = None
    item: Any = field(default=None, repr=False)

    @cached_property
    def zone(self) -> zoneinfo.ZoneInfo:
        return self.actor.zone

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def constant(self, path: str) -> Any:
        """Return the value of a name such as `$User.email`."""
        return self.now if path == "$Now" else self.around.constant(path)

    @cached_property
    def around(self) -> Surroundings:
        """The caller's role, department and team, and the organisation."""
        return self.surroundings or Surroundings(self.actor)

    @cached_property
    def weeks(self) -> Calendar:
        """How the organisation counts weeks and fiscal years."""
        return self.calendar() if callable(self.calendar) else self.calendar

    @cached_property
    def workdays(self) -> WorkCalendar:
        """The calendar of working days: the given one, else the organisation's."""
        return self.work_calendar or self.around.work_calendar()

    def with_item(self, item: Any) -> Environment:
        """Return the environment in which `$Item` is a member of a list."""
        return replace(self, item=item)

    def prior(self, path: str) -> Any:
        """Return a prior value; a new record has none."""
        if self.is_new:
            return None
        if self.old is None:
            raise NotAvailable("prior values")
        return self.old(path)


def blank_environment(actor: Actor, now: datetime, **options: Any) -> Environment:
    """Return an environment without a record, in which every field is blank."""
    return Environment(lambda path: None, actor, now, **options)
