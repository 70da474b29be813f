"""Typed expressions and records made by chance; every function that the database can compute takes part."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from metadata.expressions import Function, ValueType, functions
from metadata.expressions.definitions import RELATED, Param
from metadata.expressions.types import ORDERED
from metadata.field_types.geography import Point
from metadata.field_types.values import Reference
from tests.metadata.expressions.world import STAGES, TAGS

T = ValueType
FIELDS: dict[T, tuple[str, ...]] = {
    T.NUMBER: ("amount", "cost", "quantity", "margin", "account.employees"),
    T.TEXT: ("name", "code", "phone", "account.name"),
    T.BOOLEAN: ("is_hot",),
    T.DATE: ("close_date", "start_date"),
    T.DATETIME: ("met_at", "due_at"),
    T.CHOICE: ("stage", "account.industry"),
    T.CHOICES: ("tags",),
    T.GEO: ("place",),
    T.REFERENCE: ("account_id", "owner_id"),
    T.DURATION: ("talk",),
    T.TIME: ("opens_at",),
}
GENERATED = (T.NUMBER, T.TEXT, T.BOOLEAN, T.DATE, T.DATETIME, T.TIME, T.DURATION)
WORDS = (
    *("", " ", "a", "B", "ab-ab", "-", "华为", "ß", "ΑΣ", "1,234.50", "12", "-0.5", "2026-02-29", "2024-02-29"),
    *("23:59", "İi", "\\", "%s", "'", "{0}", "x" * 40, "０１", "\u3000pad\u00a0", "😀z", "07:60", "1e5", ".", "٣"),
)
NUMBERS = ("0", "1", "2", "3", "7", "10", "0.5", "0.1", "1.005", "100", "365", "12.345678", "1000000", "0.00000001",
           "99999999999999999999", "2.5", "33.333")  # fmt: skip
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC", "Asia/Kathmandu")
LEFT_OUT = {"HASROLE", "HASPERM", "INDEPT", "ISMANAGEROF", "MYTEAM", "PARENT"}  # of the caller, not of the record
OF_FIRST = {"ADDDAYS": (T.DATE, T.DATETIME), "ADDMONTHS": (T.DATE, T.DATETIME), "ADDYEARS": (T.DATE, T.DATETIME)}
OF_ANY = {
    "IF": GENERATED, "IFS": GENERATED, "CASE": GENERATED, "SWITCH": GENERATED, "BLANKVALUE": GENERATED,
    "NVL": GENERATED, "RELATED": tuple(FIELDS), "MIN": tuple(set(GENERATED) & ORDERED),
    "MAX": tuple(set(GENERATED) & ORDERED), "NULLIF": GENERATED,
}  # fmt: skip
RETURNS_BY_HAND = {
    "IN": (T.BOOLEAN,), "BETWEEN": (T.BOOLEAN,), "ISPICKVAL": (T.BOOLEAN,), "INCLUDES": (T.BOOLEAN,),
    "LABEL": (T.TEXT,), "TEXT": (T.TEXT,), "TZ": (T.TEXT,), "JOIN": (T.TEXT,), "FIRST": (T.TEXT,), "LAST": (T.TEXT,),
}  # fmt: skip


def is_generated(function: Function) -> bool:
    return function.sql is not None and RELATED not in function.uses and function.name not in LEFT_OUT


def candidates() -> list[Function]:
    """Return the functions that are generated: all that have a form for the database."""
    return [function for function in functions if is_generated(function)]


def results(function: Function) -> tuple[T, ...]:
    """Return the types that a function can give."""
    if isinstance(function.returns, T) and function.returns is not T.NULL:
        return (function.returns,)
    by_hand: dict[str, tuple[T, ...]] = {**OF_FIRST, **OF_ANY, **RETURNS_BY_HAND}
    return by_hand[function.name]


class Generator:
    """Writes expressions of a wanted type."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.used: set[str] = set()
        self._makers: dict[T, list[Function]] = {}
        for function in candidates():
            for type_ in results(function):
                self._makers.setdefault(type_, []).append(function)

    def expression(self) -> str:
        """Return an expression of some type that the database returns as well."""
        while True:
            text = self.make(self.dice.choice(GENERATED), self.dice.randint(1, 5))
            if len(text) < 3_000:
                return text

    def make(self, type_: T, depth: int) -> str:
        """Return an expression of a type, `depth` levels deep at most."""
        if depth <= 0 or self.dice.random() < 0.15:
            return self.leaf(type_)
        if type_ in _OPERATORS and self.dice.random() < 0.4:
            return self._operator(type_, depth)
        if type_ in (T.CHOICE, T.CHOICES, T.REFERENCE):
            return self.leaf(type_)
        function = self.dice.choice(self._makers[type_])
        self.used.add(function.name)
        return self._call(function, type_, depth)

    def leaf(self, type_: T) -> str:
        if type_ in FIELDS and (self.dice.random() < 0.6 or type_ not in _LITERALS):
            return self.dice.choice(FIELDS[type_])
        return "NULL" if self.dice.random() < 0.05 and type_ in FIELDS else _LITERALS[type_](self.dice)

    def _operator(self, type_: T, depth: int) -> str:
        left, symbol, right = self.dice.choice(_OPERATORS[type_])
        if left is T.NULL:  # a comparison, of any type
            left = right = self.dice.choice(GENERATED)
            symbol = self.dice.choice(("=", "!=", "<", "<=", ">", ">=") if left is not T.BOOLEAN else ("=", "<>"))
        sides = [self.make(side, depth - 1) for side in (left, right)]
        if sides == ["NULL", "NULL"]:
            sides[0] = self.leaf(left)
        return f"({sides[0]} {symbol} {sides[1]})"

    def _call(self, function: Function, type_: T, depth: int) -> str:
        special = getattr(self, f"_{function.name.lower()}", None)
        if special:
            return str(special(type_, depth))
        count = sum(not param.is_optional for param in function.params)
        optional = len(function.params) - count
        count += self.dice.randint(0, optional + (3 if function.repeats else 0))
        params = [function.param(number) for number in range(count)]
        args = [self._argument(function, param, type_, depth - 1) for param in params if param]
        return f"{function.name}({', '.join(args)})"

    def _argument(self, function: Function, param: Param, type_: T, depth: int) -> str:
        if param.options:
            return f'"{self.dice.choice(param.options)}"'
        if param.whole and self.dice.random() < 0.7:
            return str(self.dice.choice((-3, -1, 0, 1, 2, 3, 5, 12, 31, 59, 2024, 2026, 10**9)))
        if function.name in OF_FIRST and param is function.params[0]:
            return self.make(type_, depth)
        if param.types == frozenset(T):
            return self.make(type_ if function.name in OF_ANY else self.dice.choice(GENERATED), depth)
        return self.make(self.dice.choice(sorted(param.types & set(self._makers | FIELDS))), depth)

    # --- functions whose arguments depend on one another -------------------------------------------------
    def _if(self, type_: T, depth: int) -> str:
        parts = [self.make(T.BOOLEAN, depth - 1), self.make(type_, depth - 1)]
        return f"IF({', '.join([*parts, self.make(type_, depth - 1)][: self.dice.randint(2, 3)])})"

    def _ifs(self, type_: T, depth: int) -> str:
        parts = []
        for _number in range(self.dice.randint(1, 3)):
            parts += [self.make(T.BOOLEAN, depth - 1), self.make(type_, depth - 1)]
        return f"IFS({', '.join(parts + [self.make(type_, depth - 1)] * self.dice.randint(0, 1))})"

    def _case(self, type_: T, depth: int) -> str:
        subject = self.dice.choice(GENERATED)
        parts = [self.make(subject, depth - 1)]
        for _number in range(self.dice.randint(1, 3)):
            parts += [self.make(subject, depth - 1), self.make(type_, depth - 1)]
        name = self.dice.choice(("CASE", "SWITCH"))
        return f"{name}({', '.join(parts + [self.make(type_, depth - 1)] * self.dice.randint(0, 1))})"

    _switch = _case

    def _same(self, name: str, least: int, most: int, depth: int, *allowed: T) -> str:
        type_ = self.dice.choice(allowed or GENERATED)
        count = self.dice.randint(least, most)
        return f"{name}({', '.join(self.make(type_, depth - 1) for _number in range(count))})"

    def _in(self, _type: T, depth: int) -> str:
        return self._same("IN", 2, 5, depth)

    def _between(self, _type: T, depth: int) -> str:
        return self._same("BETWEEN", 3, 3, depth, *(type_ for type_ in GENERATED if type_ in ORDERED))

    def _ispickval(self, _type: T, _depth: int) -> str:
        return f'ISPICKVAL(stage, "{self.dice.choice(STAGES)}")'

    def _includes(self, _type: T, depth: int) -> str:
        return f'INCLUDES(tags, "{self.dice.choice(TAGS)}")' if depth % 2 else f"INCLUDES(tags, {self.leaf(T.CHOICE)})"

    def _label(self, _type: T, _depth: int) -> str:
        return f"LABEL({self.leaf(T.CHOICE)})"

    def _text(self, _type: T, depth: int) -> str:
        return f"TEXT({self.make(self.dice.choice((*GENERATED, T.CHOICE, T.REFERENCE)), depth - 1)})"

    def _tz(self, _type: T, depth: int) -> str:
        return f'TZ({self.make(T.DATETIME, depth - 1)}, "{self.dice.choice(ZONES)}")'

    def _join(self, _type: T, depth: int) -> str:
        return f"JOIN(tags, {self.make(T.TEXT, depth - 1)})"

    def _first(self, _type: T, _depth: int) -> str:
        return "FIRST(tags)"

    def _last(self, _type: T, _depth: int) -> str:
        return "LAST(tags)"

    def _count(self, _type: T, _depth: int) -> str:
        return "COUNT(tags)"

    def _related(self, type_: T, _depth: int) -> str:
        return f"RELATED({self.dice.choice(FIELDS[type_])})" if type_ in FIELDS else self.leaf(type_)

    def _geolocation(self, _type: T, depth: int) -> str:
        return f"GEOLOCATION({self.make(T.NUMBER, depth - 1)}, {self.make(T.NUMBER, depth - 1)})"


def _quoted(dice: Random) -> str:
    word = dice.choice(WORDS).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{word}"'


_LITERALS: dict[T, Callable[[Random], str]] = {
    T.NUMBER: lambda dice: dice.choice(("", "-")) + dice.choice(NUMBERS),
    T.TEXT: _quoted,
    T.BOOLEAN: lambda dice: dice.choice(("TRUE", "FALSE")),
    T.DATE: lambda dice: (
        f"DATE({dice.choice((1, 1900, 2023, 2024, 9999))}, {dice.randint(1, 12)}, {dice.randint(1, 31)})"
    ),
    T.DATETIME: lambda dice: (
        f"DATETIME({dice.choice((1990, 2024, 2026, 2040))}, {dice.choice((1, 3, 10, 11))}, {dice.randint(1, 31)}, "
        f"{dice.choice((0, 1, 2, 3, 23))}, {dice.choice((0, 30))})"
    ),
    T.TIME: lambda dice: f'TIMEVALUE("{dice.randint(0, 23):02}:{dice.randint(0, 59):02}")',
    T.DURATION: lambda dice: f"DURATION({dice.choice(NUMBERS)}, {dice.choice(NUMBERS)})",
}
_OPERATORS: dict[T, tuple[tuple[T, str, T], ...]] = {
    T.NUMBER: (
        *((T.NUMBER, symbol, T.NUMBER) for symbol in "+-*/%^+-*/"),
        (T.DATE, "-", T.DATE),
        (T.DURATION, "/", T.DURATION),
    ),
    T.TEXT: ((T.TEXT, "&", T.TEXT), (T.TEXT, "+", T.TEXT), (T.CHOICE, "&", T.TEXT)),
    T.BOOLEAN: ((T.NULL, "", T.NULL), (T.NULL, "", T.NULL), (T.BOOLEAN, "&&", T.BOOLEAN), (T.BOOLEAN, "||", T.BOOLEAN),
                (T.CHOICE, "=", T.TEXT), (T.REFERENCE, "=", T.REFERENCE)),
    T.DATE: ((T.DATE, "+", T.NUMBER), (T.NUMBER, "+", T.DATE), (T.DATE, "-", T.NUMBER)),
    T.DATETIME: ((T.DATETIME, "+", T.NUMBER), (T.DATETIME, "-", T.NUMBER), (T.DATETIME, "+", T.DURATION),
                 (T.DATETIME, "-", T.DURATION)),
    T.DURATION: ((T.DATETIME, "-", T.DATETIME), (T.DURATION, "+", T.DURATION), (T.DURATION, "-", T.DURATION),
                 (T.DURATION, "*", T.NUMBER), (T.NUMBER, "*", T.DURATION), (T.DURATION, "/", T.NUMBER)),
}  # fmt: skip


def record(dice: Random) -> dict[str, Any]:
    """Return the values of a record, a quarter of them blank."""
    values = {
        "name": dice.choice(WORDS) or None,
        "code": dice.choice(WORDS) or None,
        "phone": f"138{dice.randint(0, 10**8):08}",
        "account.name": dice.choice(WORDS) or None,
        "amount": _decimal(dice, 2),
        "cost": _decimal(dice, 6),
        "quantity": dice.choice((0, 1, -7, 12, dice.randint(-(2**62), 2**62))),
        "margin": Decimal(dice.randint(-100, 100)).scaleb(-2),
        "account.employees": dice.randint(0, 10**6),
        "is_hot": dice.random() < 0.5,
        "close_date": date(2020, 1, 1) + timedelta(days=dice.randint(0, 4000)),
        "start_date": dice.choice((date.min, date.max, date(2024, 2, 29), date(2026, 12, 31))),
        "met_at": datetime(2024, 3, 31, tzinfo=UTC) + timedelta(minutes=dice.randint(-600_000, 600_000)),
        "due_at": datetime(2026, 10, 25, 0, 30, 0, 123456, tzinfo=UTC) + timedelta(minutes=dice.randint(-90, 90)),
        "stage": dice.choice(STAGES),
        "account.industry": dice.choice(("it", "bank")),
        "tags": [tag for tag in TAGS if dice.random() < 0.5],
        "place": Point(Decimal(dice.randint(-90, 90)), Decimal(dice.randint(-180, 180))),
        "talk": timedelta(minutes=dice.randint(0, 10 ** dice.randint(1, 7))),
        "opens_at": time(dice.randint(0, 23), dice.randint(0, 59), dice.randint(0, 59)),
        "account_id": Reference("account", uuid.UUID(int=dice.randint(1, 2))),
        "owner_id": Reference("user", uuid.UUID(int=dice.randint(1, 2))),
    }
    return {path: None if dice.random() < 0.25 else value for path, value in values.items()}


def _decimal(dice: Random, scale: int) -> Decimal:
    digits = dice.choice((1, 3, 6, 12, 16))
    return Decimal(dice.randint(-(10**digits), 10**digits)).scaleb(-scale)
