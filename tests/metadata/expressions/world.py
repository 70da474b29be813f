"""A small data model for expressions, and ways to evaluate in Python and in the database."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from crm_platform.kit.context import Actor
from crm_platform.kit.frozen import FrozenDict
from crm_platform.kit.workdays import CHINA
from metadata.compiler.record_base import SYSTEM_FIELDS
from metadata.compiler.spec import ChoiceSetSpec, ChoiceSpec, FieldSpec, Labels, ObjectSpec, SchemaSpec
from metadata.expressions import (
    Environment,
    Expression,
    PlaceColumns,
    Scope,
    Surroundings,
    ValueType,
    compile_expression,
    scope_of,
)
from metadata.expressions.arithmetic import plain
from metadata.expressions.evaluate import identity
from metadata.field_types.geography import Point
from metadata.field_types.values import Calendar, InvalidValue, Reference

NOW = datetime(2026, 3, 15, 20, 0, tzinfo=UTC)  # the 16th of March, a Monday, in Shanghai
STAGES = ("new", "won", "lost")
TAGS = ("vip", "cold", "海外")
T = ValueType


def _field(
    number: int, api_name: str, type_key: str, choices: ChoiceSetSpec | None = None, **settings: Any
) -> FieldSpec:
    options = {"settings": FrozenDict(settings), "choice_set": choices}
    return FieldSpec(number, uuid.UUID(int=number), api_name, type_key, Labels({"en": api_name}), **options)


def _choices(number: int, *values: str) -> ChoiceSetSpec:
    specs = tuple(ChoiceSpec(value, Labels({"en": value.title(), "zh-hans": f"中{value}"})) for value in values)
    return ChoiceSetSpec(number, uuid.UUID(int=number), f"set{number}", Labels(), specs)


def _object(number: int, api_name: str, *fields: FieldSpec) -> ObjectSpec:
    labels = Labels({"en": api_name})
    return ObjectSpec(number, uuid.UUID(int=number), api_name, labels, labels, fields + SYSTEM_FIELDS)


DEAL = _object(
    1,
    "deal",
    _field(1, "name", "text", max_length=100),
    _field(2, "code", "text", max_length=100),
    _field(3, "amount", "currency"),
    _field(4, "cost", "decimal", digits=18, scale=6),
    _field(5, "quantity", "integer"),
    _field(6, "margin", "percent"),
    _field(7, "is_hot", "checkbox"),
    _field(8, "close_date", "date"),
    _field(9, "start_date", "date"),
    _field(10, "met_at", "datetime"),
    _field(11, "due_at", "datetime"),
    _field(12, "stage", "picklist", _choices(1, *STAGES)),
    _field(13, "tags", "multi_picklist", _choices(2, *TAGS)),
    _field(14, "place", "geolocation"),
    _field(15, "account_id", "lookup", target="account"),
    _field(16, "phone", "phone"),
    _field(17, "talk", "duration"),
    _field(18, "files", "file"),
    _field(19, "opens_at", "time"),
)
ACCOUNT = _object(
    2,
    "account",
    _field(21, "name", "text", max_length=100),
    _field(22, "industry", "picklist", _choices(3, "it", "bank")),
    _field(23, "employees", "integer"),
    _field(24, "parent_id", "lookup", target="account"),
    _field(25, "region__c", "lookup", target="region"),
)
REGION = _object(3, "region", _field(31, "name", "text", max_length=100), _field(32, "head_id", "user"))
LINE = _object(
    4,
    "line",
    _field(41, "deal_id", "master_detail", target="deal"),
    _field(42, "price", "currency"),
    _field(43, "sold_on", "date"),
    _field(44, "sku", "text", max_length=20),
)
SPEC = SchemaSpec((DEAL, ACCOUNT, REGION, LINE))
ACTOR = Actor(uuid.UUID(int=7), "陈静", "console", time_zone="Asia/Shanghai", language="zh-hans")
VALUES: Mapping[str, Any] = {
    "name": "华为技术有限公司",
    "code": "SO-2026-01",
    "amount": Decimal("1000.50"),
    "cost": Decimal("0.333333"),
    "quantity": 3,
    "margin": Decimal("0.2"),
    "is_hot": True,
    "close_date": date(2026, 3, 31),
    "start_date": date(2026, 1, 31),
    "met_at": datetime(2026, 3, 15, 20, 30, 15, tzinfo=UTC),
    "due_at": datetime(2026, 3, 20, 1, 0, tzinfo=UTC),
    "stage": "won",
    "tags": ["vip", "海外"],
    "place": Point(Decimal("31.23"), Decimal("121.47")),
    "talk": timedelta(minutes=150),
    "opens_at": time(9, 30),
    "account_id": Reference("account", uuid.UUID(int=1)),
    "account.name": "华为",
    "account.employees": 200_000,
    "owner_id": Reference("user", uuid.UUID(int=7)),
}


@cache
def scope(object_name: str = "deal") -> Scope:
    return scope_of(SPEC, object_name)


def compiled(text: str, **options: Any) -> Expression:
    return compile_expression(text, scope(), **options)


class Known(Surroundings):
    """Surroundings that need no database."""

    known: Mapping[str, Any] = {"$User.name": "陈静", "$User.id": uuid.UUID(int=7), "$Org.base_currency": "CNY"}

    def constant(self, path: str) -> Any:
        return self.known.get(path)

    def has_role(self, api_name: str) -> bool:
        return api_name == "individual"

    def team(self) -> tuple[uuid.UUID, ...]:
        return (uuid.UUID(int=8), uuid.UUID(int=9))

    def is_manager_of(self, user_id: uuid.UUID) -> bool:
        return user_id in self.team()

    def in_department(self, department: str) -> bool:
        return department == "销售部"


def environment(values: Mapping[str, Any] | None = None, **options: Any) -> Environment:
    """Return an environment with these values, or those of VALUES; what is not among them is blank."""
    known = VALUES if values is None else values
    options = {"actor": ACTOR, "now": NOW, "calendar": Calendar(), "work_calendar": CHINA, "rate": rate, **options}
    options.setdefault("surroundings", Known(options["actor"]))
    return Environment(known.get, **options)


def rate(code: str, on: date) -> Decimal:
    rates = {"CNY": Decimal(1), "USD": Decimal("7.12345678")}
    if code not in rates:
        raise InvalidValue("invalid_choice", "no rate")
    return rates[code]


def in_python(
    text: str, values: Mapping[str, Any] | None = None, *, blank_as_zero: bool = False, **options: Any
) -> Any:
    expression = compiled(text, blank_as_zero=blank_as_zero)
    return comparable(expression.evaluate(environment(values, **options)), expression)


def in_database(
    text: str, values: Mapping[str, Any] | None = None, *, blank_as_zero: bool = False, **options: Any
) -> Any:
    expression = compiled(text, blank_as_zero=blank_as_zero)
    known = VALUES if values is None else values
    return select([expression], known, environment(values, **options))[0]


def select(expressions: Sequence[Expression], values: Mapping[str, Any], env: Environment) -> list[Any]:
    """Return the values of expressions as the database computes them over one record."""
    made = [expression.to_orm(constants(values), env) for expression in expressions]
    texts, params = [], []
    for item in made:
        text, more = item.as_sql(_Compiler(), connection)
        texts.append(text)
        params.extend(more)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(texts)}", params)
        row = cursor.fetchone()
    return [comparable(value, expression) for value, expression in zip(row, expressions, strict=True)]


class _Compiler:
    """Enough of Django's compiler for expressions that are constants."""

    def compile(self, node: Any) -> tuple[str, list[Any]]:
        text, params = node.as_sql(self, connection)
        return text, list(params)


CASTS = {T.NUMBER: "numeric", T.BOOLEAN: "boolean", T.DATE: "date", T.DATETIME: "timestamptz", T.REFERENCE: "uuid",
         T.DURATION: "interval", T.TIME: "time"}  # fmt: skip


def constants(values: Mapping[str, Any]) -> Any:
    """Return a `columns` that hands over the record's values as parameters."""

    def column(path: str) -> Any:
        name = scope().resolve(path)
        value = values.get(path)
        if name.type is T.GEO:
            lat, lng = (value.lat, value.lng) if value else (None, None)
            return PlaceColumns(RawSQL("%s::numeric", [lat]), RawSQL("%s::numeric", [lng]))
        cast = CASTS.get(name.type, "text[]" if name.type is T.CHOICES else "text")
        return RawSQL(f"%s::{cast}", [identity(value)])

    return column


def comparable(value: Any, expression: Expression) -> Any:
    """Return a value in the form that both back ends share."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return list(value) if isinstance(value, tuple) else identity(value)
