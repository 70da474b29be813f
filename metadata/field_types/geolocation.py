"""Geolocation: a place on the earth by latitude and longitude; found by distance and by area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import IsNull
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, FieldType, nullable
from metadata.field_types.geography import InsideArea, Point, WithinKm, polygon_text, read_area, read_circle, read_point
from metadata.field_types.numbers import NUMERIC_BYTES
from metadata.field_types.predicates import sibling
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

LNG = "_lng"


class GeolocationType(FieldType):
    """The latitude is the main column: an index on it answers the bounding box of a circle."""

    key = "geolocation"
    label = _("Geolocation")
    icon = "map-pin"
    converts_to = ("text", "long_text")
    group = "place"
    expression_type = "geo"
    is_sortable = False

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        make = nullable(models.DecimalField, max_digits=9, decimal_places=6)
        return (
            Column("numeric(9,6)", make, NUMERIC_BYTES),
            Column("numeric(9,6)", make, NUMERIC_BYTES, suffix=LNG, is_searched=False),
        )

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Point | None:
        return read_point(value)

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": value.lat, LNG: value.lng} if value else {"": None, LNG: None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Point | None:
        if parts[""] is None or parts[LNG] is None:
            return None
        return Point(Decimal(parts[""]), Decimal(parts[LNG]))

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return value.to_api() if value else None

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return str(value) if value else ""

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        return format_html('<a href="geo:{0}" class="text-nowrap">{0}</a>', str(value)) if value else SafeString()

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.CharField(max_length=60, widget=widgets.PlaceInput)

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        return str(value) if value else None

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        degrees = {"type": "string", "format": "decimal", "pattern": r"^-?\d{1,3}(\.\d{1,6})?$"}
        members = {"lat": degrees, "lng": degrees}
        return {"type": "object", "properties": members, "required": ["lat", "lng"], "additionalProperties": False}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("near", "inside", "empty", "nempty")

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        """Return for `near` the center, the kilometres and the box around them; for `inside` the polygon."""
        if operator == "near":
            circle = read_circle(raw)
            return (circle.center.lat, circle.center.lng, circle.km, *circle.box())
        if operator == "inside":
            return (polygon_text(read_area(raw)),)
        return super().clean_operand(field, operator, raw, ctx)

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        raise InvalidValue("invalid_choice", _("This filter does not apply to the field."))

    def operand_field(self, field: FieldSpec, operator: str, language: str) -> forms.Field | None:
        if operator == "near":
            hint = _("Latitude, longitude and kilometres, such as 22.54,114.05,5.")
            return forms.CharField(max_length=80, help_text=hint, widget=widgets.PlaceInput(ending=",5"))
        hint = _("Corners separated by spaces, such as 22.5,114.0 22.6,114.0 22.6,114.1.")
        return forms.CharField(max_length=2000, help_text=hint, widget=widgets.TextInput)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "near":
            return WithinKm(column, sibling(column, LNG), *params)
        if operator == "inside":
            return InsideArea(column, sibling(column, LNG), params[0])
        return IsNull(column, operator == "empty")


field_types.register(GeolocationType())
