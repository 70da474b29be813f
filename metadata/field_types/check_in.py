"""Check-in: where somebody was, by the server's clock, and how far from where he should have been."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import GreaterThan
from django.utils.safestring import SafeString
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, FieldType, SettingsForm, nullable
from metadata.field_types.datetime import DateTimeType
from metadata.field_types.geography import InsideArea, Point, WithinKm, distance_km, read_point
from metadata.field_types.geolocation import GeolocationType
from metadata.field_types.numbers import NUMERIC_BYTES, exact_number
from metadata.field_types.predicates import sibling
from metadata.field_types.registry import field_types
from metadata.field_types.text import check_length, normal_text, text_column
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

LAT, LNG, DISTANCE, ADDRESS, DEVICE = "_lat", "_lng", "_distance", "_address", "_device"
MAX_TEXT = 200
MOST_METRES = 20_037_508
GIVEN = frozenset({"lat", "lng", "address", "device"})
BY_SERVER = frozenset({"at", "distance_m"})  # taken back with the rest of a value, and ignored
_TIME, _PLACE = DateTimeType(), GeolocationType()
_PLACE_FILTERS = ("near", "inside")
_FACTS = " · "  # between what was given and what the server added
_TEXT = re.compile(r"\s*([^\s,，;；]+\s*[,，;；]\s*[^\s,，;；]+)(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A check-in; `at` and `distance` (whole metres, None where there is nothing to measure from) are the server's."""

    point: Point
    at: datetime
    address: str = ""
    device: str = ""
    distance: int | None = None

    @property
    def given(self) -> tuple[Point, str, str]:
        """What the caller said, as opposed to what the server found."""
        return self.point, self.address, self.device

    def measured(self, reference: Point | None) -> CheckIn:
        """Return the check-in with its distance from a point."""
        metres = None if reference is None else round(distance_km(self.point, reference) * 1000)
        return replace(self, distance=metres)


class CheckInSettings(SettingsForm):
    reference_field = forms.RegexField(
        regex=r"^[a-z][a-z0-9_]{0,59}(\.[a-z][a-z0-9_]{0,59})?$",
        label=_("Measured from"),
        help_text=_("A geolocation of the object, or of a record that it points at, such as account_id.place__c."),
        required=False,
        widget=widgets.TextInput,
    )
    radius = forms.IntegerField(
        label=_("At most so many metres away"),
        help_text=_("A check-in from farther away is refused. Empty: every distance is taken, and kept."),
        min_value=1,
        max_value=MOST_METRES,
        required=False,
        widget=widgets.NumberInput,
    )


class CheckInType(FieldType):
    key = "check_in"
    label = _("Check-in")
    icon = "map-pin-check"
    group = "place"
    expression_type = ""
    settings_form = CheckInSettings
    can_be_default = False
    nameable_types = frozenset({"geolocation", "lookup", "master_detail"})
    plain_operands = frozenset((*_TIME.filters(FieldSpec(0, None, "", "", None)), *_PLACE_FILTERS, "farther"))  # type: ignore[arg-type]

    def reference_path(self, field: FieldSpec) -> tuple[str, ...]:
        """Return the field to measure from: `("place__c",)` or `("account_id", "place__c")`; () for none."""
        path = str(field.settings.get("reference_field", ""))
        return tuple(path.split(".")) if path else ()

    def named_fields(self, settings: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
        path = settings.get("reference_field")
        return {"reference_field": (str(path).split(".")[0],)} if path else {}

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        degrees = nullable(models.DecimalField, max_digits=9, decimal_places=6)
        return (
            Column("timestamptz", nullable(models.DateTimeField), 8),
            Column("numeric(9,6)", degrees, NUMERIC_BYTES, suffix=LAT),
            Column("numeric(9,6)", degrees, NUMERIC_BYTES, suffix=LNG, is_searched=False),
            Column("integer", nullable(models.IntegerField), 4, suffix=DISTANCE),
            replace(text_column(MAX_TEXT), suffix=ADDRESS, is_searched=False),
            replace(text_column(MAX_TEXT), suffix=DEVICE, is_searched=False),
        )

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> CheckIn | None:
        """Return a check-in of now, whatever time the input speaks of; its distance is measured when it is saved."""
        if value is None or isinstance(value, CheckIn):
            return value
        found = _given(value)
        return None if found is None else CheckIn(found[0], ctx.now, found[1], found[2])

    def is_same_input(self, field: FieldSpec, raw: Any, before: Any) -> bool:
        """Who sends a check-in back as it is does not check in again."""
        if raw is None or before is None:
            return raw is before
        try:
            found = raw.given if isinstance(raw, CheckIn) else _given(raw)
        except InvalidValue:
            return False
        if found is not None and isinstance(raw, str):
            return bool(found[:2] == before.given[:2])  # text does not speak of the device
        return bool(found == before.given)

    def check_radius(self, field: FieldSpec, value: CheckIn) -> None:
        """Raise InvalidValue for a check-in from too far away."""
        radius = field.settings.get("radius")
        if radius is not None and value.distance is not None and value.distance > int(radius):
            message = _("You are %(distance)d m away; at most %(max)d m are allowed.")
            params = {"distance": value.distance, "max": int(radius)}
            raise InvalidValue("out_of_range", message % params, **params)

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        if value is None:
            return dict.fromkeys(("", LAT, LNG, DISTANCE, ADDRESS, DEVICE))
        return {
            "": value.at,
            LAT: value.point.lat,
            LNG: value.point.lng,
            DISTANCE: value.distance,
            ADDRESS: value.address or None,
            DEVICE: value.device or None,
        }

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> CheckIn | None:
        if parts[""] is None or parts[LAT] is None or parts[LNG] is None:
            return None
        point = Point(Decimal(parts[LAT]), Decimal(parts[LNG]))
        return CheckIn(point, parts[""], parts[ADDRESS] or "", parts[DEVICE] or "", parts[DISTANCE])

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        if value is None:
            return None
        at = value.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        said = {**value.point.to_api(), "address": value.address, "device": value.device}
        return {**said, "at": at, "distance_m": value.distance}

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        """Return `22.54,114.05 address · time · 120 m away`; what stands behind the first dot is not read back."""
        if value is None:
            return ""
        facts = [" ".join(filter(None, (str(value.point), value.address))), _TIME.to_text(field, value.at, ctx)]
        if value.distance is not None:
            with override(ctx.language):
                facts.append(gettext("%(metres)d m away") % {"metres": value.distance})
        return _FACTS.join(facts)

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if value is None:
            return SafeString()
        shown, title = self.to_text(field, value, ctx), value.device
        return format_html('<a href="geo:{}"{}>{}</a>', value.point, _titled(title), shown)

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return value.address if value else ""

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return CheckInField(max_length=MAX_TEXT + 60)

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        if value is None:
            return None
        return {"place": " ".join(filter(None, (str(value.point), value.address))), "device": value.device}

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        text = {"type": "string", "maxLength": MAX_TEXT}
        members = {**_PLACE.json_schema(field, language)["properties"], "address": text, "device": text}
        by_server = {"at": {"type": "string", "format": "date-time", "readOnly": True}}
        metres = {"distance_m": {"type": ["integer", "null"], "readOnly": True}}
        return {"type": "object", "required": ["lat", "lng"], "properties": {**members, **by_server, **metres}}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return (*_TIME.filters(field), *_PLACE_FILTERS, "farther")

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        if operator in _PLACE_FILTERS:
            return _PLACE.clean_operand(field, operator, raw, ctx)
        return (
            super().clean_operand(field, operator, raw, ctx)
            if operator == "farther"
            else _TIME.clean_operand(field, operator, raw, ctx)
        )

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        metres = exact_number(item)
        if metres is None or not 0 <= metres <= MOST_METRES:
            raise InvalidValue("out_of_range", _("Enter a distance in metres."))
        return metres

    def operand_field(self, field: FieldSpec, operator: str, language: str) -> forms.Field | None:
        if operator in _PLACE_FILTERS:
            return _PLACE.operand_field(field, operator, language)
        widget = widgets.NumberInput if operator == "farther" else widgets.DateInput
        return forms.CharField(max_length=40, widget=widget)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "near":
            return WithinKm(sibling(column, LAT), sibling(column, LNG), *params)
        if operator == "inside":
            return InsideArea(sibling(column, LAT), sibling(column, LNG), params[0])
        if operator == "farther":
            return GreaterThan(sibling(column, DISTANCE), params[0])
        return _TIME.predicate(field, operator, column, params)


class CheckInField(forms.CharField):
    """A place with what stands behind it, and the device that filled it in."""

    widget = widgets.CheckInInput

    def clean(self, value: Any) -> Any:
        place = super().clean(value["place"] if isinstance(value, Mapping) else value)
        return {"place": place, "device": value["device"]} if place and isinstance(value, Mapping) else place or None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or {}).get("place", "") != (data or {}).get("place", ""))


def _given(value: Any) -> tuple[Point, str, str] | None:
    """Return point, address and device of the input; None when it is empty. Raises InvalidValue."""
    if isinstance(value, str):
        match = _TEXT.fullmatch(value.partition(_FACTS)[0]) if value.strip() else None
        if match is None:
            return None if not value.strip() else _point_of(value)
        return _point_of(match[1])[0], _text_of(match[2]), ""
    if isinstance(value, Mapping) and set(value) == {"place", "device"}:  # as the form has it
        found = _given(value["place"]) if isinstance(value["place"], str) else None
        return found and (found[0], found[1], _text_of(value["device"]))
    if not isinstance(value, Mapping) or not set(value) <= GIVEN | BY_SERVER:
        raise InvalidValue("invalid_type", _("A check-in has lat, lng, address and device."))
    if not value:
        return None
    point = read_point({name: value.get(name) for name in ("lat", "lng")})
    assert point is not None, "a mapping with both members is a point or refused"
    return point, _text_of(value.get("address")), _text_of(value.get("device"))


def _point_of(text: str) -> tuple[Point, str, str]:
    point = read_point(text)
    assert point is not None, "text that is not blank is a point or refused"
    return point, "", ""


def _text_of(value: Any) -> str:
    text = " ".join((normal_text(value) or "").split())
    check_length(text, MAX_TEXT)
    return text


def _titled(text: str) -> SafeString:
    return format_html(' title="{}"', text) if text else SafeString()


field_types.register(CheckInType())
