"""Values that are more than a scalar, and the context in which values are read and shown."""

from __future__ import annotations

import uuid
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm_platform.kit.errors import Message

if TYPE_CHECKING:
    from crm_platform.kit.context import Actor


@dataclass(frozen=True, slots=True)
class Reference:
    """A record or user that a lookup points at. `object` is an API name, "user" or "department"."""

    object: str
    id: uuid.UUID
    name: str = ""


class InvalidValue(Exception):
    """A value that a field type refuses: a stable `code` of the Open API and a message for people."""

    def __init__(self, code: str, message: Message, **params: Any) -> None:
        self.code, self.message, self.params = code, message, params
        super().__init__(str(message))


def _no_rate(code: str, on: date) -> Decimal:
    raise InvalidValue("invalid_choice", f"no exchange rate for {code} on {on}")


@dataclass(frozen=True, slots=True)
class CleanContext:
    """What cleaning a value may depend on. `rate(code, day)` returns base units per unit of the currency."""

    actor: Actor
    now: datetime
    currency: str = ""
    rate: Callable[[str, date], Decimal] = _no_rate

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return self.actor.zone

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class DisplayContext:
    """What showing a value depends on: the reader's language and zone, and the record's other values."""

    language: str
    zone: zoneinfo.ZoneInfo
    now: datetime
    record: Mapping[str, Any] = field(default_factory=dict)  # other values of the same record, by API name
