"""The types of values: what fields and sub-expressions are."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ValueType(StrEnum):
    """The type of a value; the Python class of its values stands beside it. None is the blank of every type."""

    TEXT = "text"  # str
    NUMBER = "number"  # Decimal
    BOOLEAN = "boolean"  # bool
    DATE = "date"  # datetime.date
    DATETIME = "datetime"  # aware datetime.datetime
    TIME = "time"  # datetime.time
    DURATION = "duration"  # datetime.timedelta; inside of expressions Decimal seconds
    CHOICE = "choice"  # str: the choice's value
    CHOICES = "choices"  # tuple[str, ...]
    REFERENCE = "reference"  # Reference or UUID
    REFERENCES = "references"  # tuple of them
    LIST = "list"  # tuple of values of one type
    GEO = "geo"  # GeoPoint
    NULL = "null"  # the literal NULL, until its neighbours tell which type it has

    @property
    def label(self) -> Promise:
        return LABELS[self]


T = ValueType
LABELS: Mapping[ValueType, Promise] = {
    T.TEXT: _("text"),
    T.NUMBER: _("number"),
    T.BOOLEAN: _("true or false"),
    T.DATE: _("date"),
    T.DATETIME: _("date and time"),
    T.TIME: _("time of day"),
    T.DURATION: _("duration"),
    T.CHOICE: _("choice"),
    T.CHOICES: _("several choices"),
    T.REFERENCE: _("record"),
    T.REFERENCES: _("several records"),
    T.LIST: _("list"),
    T.GEO: _("place"),
    T.NULL: _("nothing"),
}
ANY = frozenset(T)
TEXTS = frozenset({T.TEXT, T.CHOICE})
ORDERED = frozenset({T.TEXT, T.CHOICE, T.NUMBER, T.DATE, T.DATETIME, T.TIME, T.DURATION})
SCALARS = ORDERED | {T.BOOLEAN, T.REFERENCE}
MANY = frozenset({T.CHOICES, T.REFERENCES, T.LIST})


def unified(first: ValueType, second: ValueType) -> ValueType | None:
    """Return the type that holds values of both, None when there is none: nothing is converted silently."""
    if first == second or second is T.NULL:
        return first
    if first is T.NULL:
        return second
    return T.TEXT if {first, second} == TEXTS else None


def accepts(wanted: frozenset[ValueType], given: ValueType) -> bool:
    """Tell whether a value of the given type can stand where one of the wanted types is expected."""
    return given in wanted or given is T.NULL or (given is T.CHOICE and T.TEXT in wanted)
