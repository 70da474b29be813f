"""JSON: an object or list of any shape, checked against a JSON Schema where the admin gives one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import forms
from django.db import models
from django.db.models import BooleanField, Func, Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import IsNull
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, FieldType, SettingsForm, nullable
from metadata.field_types.long_text import LinesField
from metadata.field_types.patterns import checked_pattern
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

MAX_LENGTH, MAX_DEPTH, SCHEMA_LENGTH = 100_000, 20, 10_000
WHOLE_FROM = 10**15  # from here on Python writes a float with an exponent, and PostgreSQL its digits
INT64 = 2**63


class JsonbField(models.TextField):  # type: ignore[type-arg]
    """A jsonb column that is read and written as text, so that the value's own class decides what it means."""

    def db_type(self, connection: Any) -> str:
        return "jsonb"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return value if value is None or isinstance(value, str) else canonical(value)


@dataclass(frozen=True, slots=True)
class JsonValue:
    """A JSON document by its canonical text: keys in order, no white space; equal documents are equal."""

    text: str

    @property
    def data(self) -> Any:
        return loads(self.text)


def canonical(data: Any) -> str:
    """Return the canonical text of plain data."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def loads(text: str) -> Any:
    """Return the data of a JSON text; whole numbers beyond 64 bits, which few readers take, as floats."""
    return json.loads(text, parse_int=_whole)


def _whole(text: str) -> int | float:
    number = float(text) if len(text) > 20 else int(text)
    return number if -INT64 <= number < INT64 else float(number)


def read_json(value: Any) -> JsonValue | None:
    """Return the document in an object, a list or a text; None when it is empty. Raises InvalidValue."""
    if value is None or isinstance(value, JsonValue):
        return value
    if isinstance(value, str):
        if not value.strip():
            return None
        if len(value) > MAX_LENGTH:
            raise _too_long()
        try:
            value = loads(value)
        except (ValueError, RecursionError):
            raise InvalidValue("invalid_type", _("This is not JSON.")) from None
        if value is None:
            return None
    if not isinstance(value, dict | list | tuple | Mapping):
        raise InvalidValue("invalid_type", _("Enter a JSON object or list."))
    text = canonical(_plain(value, MAX_DEPTH))
    if len(text) > MAX_LENGTH:
        raise _too_long()
    return JsonValue(text)


def _too_long() -> InvalidValue:
    return InvalidValue("too_long", _("At most %(max)d characters.") % {"max": MAX_LENGTH}, max=MAX_LENGTH)


def _plain(value: Any, depth: int) -> Any:
    """Return the value as the database will give it back; raises InvalidValue for what it can't hold."""
    if depth == 0:
        raise InvalidValue("invalid_type", _("The JSON is nested too deep."))
    if isinstance(value, Mapping):
        return {_text(key): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth - 1) for item in value]
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return _number(value)
    raise InvalidValue("invalid_type", _("This is not JSON."))


def _text(value: Any) -> str:
    if not isinstance(value, str) or any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in value):
        raise InvalidValue("invalid_type", _("The text holds a character that can't be stored."))
    return value


def _number(value: int | float | Decimal) -> int | float:
    """Return a number in the form in which it comes back from the database; raises InvalidValue for infinity."""
    if isinstance(value, int) and -INT64 <= value < INT64:
        return value
    try:
        number = float(value)
    except (OverflowError, ValueError):  # ValueError: a signalling NaN, which no float can be
        number = math.inf
    if not math.isfinite(number):
        raise InvalidValue("out_of_range", _("The number is too large."))
    if WHOLE_FROM <= abs(number) < INT64 and number == int(number):
        return int(number)
    return number or 0.0  # without the minus of a zero


class SchemaField(forms.Field):
    """A JSON Schema that can be checked in bounded time: patterns are safe ones, and nothing is fetched."""

    widget = widgets.CodeArea({"rows": 8})

    def to_python(self, value: Any) -> Any:
        try:
            found = read_json(value)
            if found is None:
                return {}
            if len(found.text) > SCHEMA_LENGTH or not isinstance(found.data, dict):
                raise InvalidValue("too_long", _("At most %(max)d characters.") % {"max": SCHEMA_LENGTH})
            Draft202012Validator.check_schema(found.data)
            for key, item in _members(found.data):
                if key == "pattern":
                    checked_pattern(item)
                if key == "patternProperties" or (key in ("$ref", "$dynamicRef") and not str(item).startswith("#")):
                    raise InvalidValue("invalid_type", _("Patterns of names and other documents can't be used."))
        except InvalidValue as error:
            raise forms.ValidationError(str(error.message)) from None
        except (SchemaError, RecursionError):
            raise forms.ValidationError(_("This is not a JSON Schema.")) from None
        return found.data

    def prepare_value(self, value: Any) -> Any:
        return json.dumps(_thawed(value), ensure_ascii=False, indent=2) if isinstance(value, Mapping) else value


def _members(data: Any) -> Iterator[tuple[str, Any]]:
    """Yield every member of every object within plain data."""
    for key, item in data.items() if isinstance(data, dict) else ():
        yield key, item
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _members(item)


def _thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, list | tuple) else value


@lru_cache(maxsize=128)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema), registry=Registry())


class JsonSettings(SettingsForm):
    schema = SchemaField(
        label=_("JSON Schema"),
        help_text=_("What the document must look like. Left empty, anything goes."),
        required=False,
    )


class HasPath(Func):
    """`a #> b IS NOT NULL`: the document has an entry at the path, an array of keys."""

    template = "((%(expressions)s::text[]) IS NOT NULL)"
    arg_joiner = " #> "
    arity = 2
    output_field = BooleanField()


class ValueAtPath(Func):
    """`a #>> b[2:] = b[1]`: the entry at the path, as text, is the first item of the array."""

    template = "(%(expressions)s)"
    arity = 2
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> Any:  # type: ignore[override]
        column, column_params = compiler.compile(self.source_expressions[0])
        given, params = compiler.compile(self.source_expressions[1])
        sql = f"(({column} #>> ({given}::text[])[2:]) = ({given}::text[])[1])"
        return sql, [*column_params, *params, *params]


class JsonType(FieldType):
    """Filters look inside: `address.city` is the path of an entry, and `address.city=Shanghai` also its value."""

    key = "json"
    label = _("JSON")
    icon = "braces"
    expression_type = ""
    settings_form = JsonSettings
    is_sortable = False
    is_wide = True
    can_be_default = False
    plain_operands = frozenset({"has_key", "path_eq"})

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("jsonb", nullable(JsonbField), INLINE_BYTES, index="gin"),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> JsonValue | None:
        found, schema = read_json(value), field.settings.get("schema")
        if found is not None and schema:
            self._check(found, canonical(_thawed(schema)))
        return found

    @staticmethod
    def _check(found: JsonValue, schema: str) -> None:
        """Raise InvalidValue at the first place, from the top, where the document differs from the schema."""
        try:
            error = next(iter(_validator(schema).iter_errors(found.data)), None)
        except (Unresolvable, RecursionError):
            raise InvalidValue(
                "invalid_type", _("The document can't be checked: its schema refers to itself.")
            ) from None
        if error is not None:
            place = "/".join(str(step) for step in error.absolute_path)
            message = _("Not as the schema wants it at /%(place)s: %(rule)s")
            rule = f"{error.validator}: {json.dumps(error.validator_value, ensure_ascii=False)}"[:200]
            raise InvalidValue("invalid_type", message % {"place": place, "rule": rule}, place=place)

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": value.text if value else None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        stored = parts[""]
        if stored is None:
            return None
        return JsonValue(canonical(loads(stored) if isinstance(stored, str) else stored))

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return value.data if value else None

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return value.text if value else ""

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value:
            return SafeString()
        text = json.dumps(value.data, ensure_ascii=False, indent=2)
        return format_html('<pre class="code-text"><code data-language="json">{}</code></pre>', text)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return LinesField(widget=widgets.CodeArea({"rows": 8, "wrap": "off"}))

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        return json.dumps(value.data, ensure_ascii=False, indent=2) if value else None

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        schema = _thawed(field.settings.get("schema") or {})
        return schema if "type" in schema else {**schema, "type": ["object", "array"]}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("has_key", "path_eq", "empty", "nempty")

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> list[str]:
        """Return the steps of a path; those of `path_eq` behind the value to find there."""
        text = _text(item).strip() if isinstance(item, str) else ""
        path, equals, wanted = text.partition("=") if operator == "path_eq" else (text, "=", "")
        steps = [step.strip() for step in path.split(".")]
        if not all(steps) or len(steps) > MAX_DEPTH or not equals:
            expected = _("Enter a path and a value, such as address.city=Shanghai.")
            raise InvalidValue(
                "invalid_type", expected if operator == "path_eq" else _("Enter a path such as address.city.")
            )
        return [wanted.strip(), *steps] if operator == "path_eq" else steps

    def operand_field(self, field: FieldSpec, operator: str, language: str) -> forms.Field | None:
        example = "address.city=Shanghai" if operator == "path_eq" else "address.city"
        return forms.CharField(max_length=500, widget=widgets.TextInput({"placeholder": example}))

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "has_key":
            return HasPath(column, params[0])
        if operator == "path_eq":
            return ValueAtPath(column, params[0])
        return IsNull(column, operator == "empty")


field_types.register(JsonType())
