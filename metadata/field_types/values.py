"""Values that are more than a scalar, and the context in which values are read and shown."""

from __future__ import annotations

import uuid
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from crm_platform.kit.errors import Message

if TYPE_CHECKING:
    from crm_platform.kit.context import Actor


@dataclass(frozen=True, slots=True)
class Reference:
    """A record or user that a lookup points at. `object` is an API name, "user" or "department".

    Two references to the same thing are equal, whether or not they know its name.
    """

    object: str
    id: uuid.UUID
    name: str = field(default="", compare=False)


class InvalidValue(Exception):
    """A value that a field type refuses: a stable `code` of the Open API and a message for people."""

    def __init__(self, code: str, message: Message, **params: Any) -> None:
        self.code, self.message, self.params = code, message, params
        super().__init__(str(message))


def missing_rate(code: str, on: date) -> InvalidValue:
    """Return the error of an amount whose worth in the base currency is not known."""
    message = _("There is no exchange rate for %(code)s on %(day)s.") % {"code": code, "day": on.isoformat()}
    return InvalidValue("invalid_choice", message, currency=code)


def _no_rate(code: str, on: date) -> Decimal:
    raise missing_rate(code, on)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How an organisation counts time: the first day of its week (ISO, 1 = Monday), of its fiscal year."""

    week_start: int = 1
    fiscal_start_month: int = 1


@dataclass(frozen=True, slots=True)
class CleanContext:
    """What cleaning a value or a filter's operand may depend on; `contexts.clean_context` makes one.

    `currency` is the record's ("" stands for the base currency); `rate(code, day)` returns base units per unit
    of a currency or raises InvalidValue. `currencies` are those in use, None where that does not matter.
    """

    actor: Actor
    now: datetime
    currency: str = ""
    rate: Callable[[str, date], Decimal] = _no_rate
    currencies: frozenset[str] | None = None
    calendar: Calendar = Calendar()

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return self.actor.zone

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class DisplayContext:
    """What showing a value depends on: the reader's language and zone, and the record's other values.

    An amount is shown in the `currency` among the record's values; without one, in the base currency given here.
    """

    language: str
    zone: zoneinfo.ZoneInfo
    now: datetime
    record: Mapping[str, Any] = field(default_factory=dict)  # other values of the same record, by API name
    currency: str = ""
