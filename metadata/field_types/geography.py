"""Points on the earth, the distance between them in Python and in SQL, and circles and areas to look within."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, FloatField, Func
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _

from metadata.field_types.numbers import exact_number
from metadata.field_types.values import InvalidValue

DIAMETER_KM = 12_742.0176
DEGREE_KM = 111.19  # of latitude; a little less than the true length, so that no box is too small
PLACES = Decimal("0.000001")  # 11 cm
MAX_KM = Decimal(20_037)  # half way round the earth
MAX_CORNERS = 200
_SEPARATORS = str.maketrans({"，": ",", "；": ",", ";": ","})


@dataclass(frozen=True, slots=True)
class Point:
    """A place by latitude and longitude in degrees (WGS 84), to six decimals."""

    lat: Decimal
    lng: Decimal

    def __str__(self) -> str:
        return f"{plain(self.lat)},{plain(self.lng)}"

    def to_api(self) -> dict[str, str]:
        return {"lat": plain(self.lat), "lng": plain(self.lng)}


@dataclass(frozen=True, slots=True)
class Circle:
    """All that is within some kilometres of a point."""

    center: Point
    km: Decimal

    def box(self) -> tuple[float, float, float, float]:
        """Return the southern, northern, western and eastern bound of a box around the circle.

        Where the box would reach over a pole or the date line it takes all longitudes.
        """
        lat, lng, reach = float(self.center.lat), float(self.center.lng), float(self.km) / DEGREE_KM
        south, north = lat - reach, lat + reach
        if south <= -90 or north >= 90:
            return max(south, -90.0), min(north, 90.0), -180.0, 180.0
        across = math.degrees(math.asin(min(1.0, math.sin(math.radians(reach)) / math.cos(math.radians(lat)))))
        west, east = lng - across, lng + across
        return (south, north, west, east) if west >= -180 and east <= 180 else (south, north, -180.0, 180.0)


def plain(number: Decimal) -> str:
    """Return a coordinate without trailing zeros, never in exponents."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_point(value: Any) -> Point | None:
    """Return the point in `22.54,114.05`, a pair, a mapping with lat and lng, or a Point; raises InvalidValue."""
    if value is None or isinstance(value, Point):
        return value
    if isinstance(value, Mapping):
        if not value:
            return None
        if set(value) != {"lat", "lng"}:
            raise _malformed()
        value = (value["lat"], value["lng"])
    if isinstance(value, str):
        if not value.strip():
            return None
        value = value.translate(_SEPARATORS).split(",")
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise _malformed()
    return Point(_degrees(value[0], 90), _degrees(value[1], 180))


def read_circle(value: Any) -> Circle:
    """Return the circle in `22.54,114.05,5`, a triple, or a mapping with lat, lng and km; raises InvalidValue."""
    if isinstance(value, Mapping) and set(value) == {"lat", "lng", "km"}:
        value = (value["lat"], value["lng"], value["km"])
    if isinstance(value, str):
        value = value.translate(_SEPARATORS).split(",")
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise InvalidValue("invalid_type", _("Enter latitude, longitude and kilometres, such as 22.54,114.05,5."))
    center, km = read_point(list(value[:2])), exact_number(value[2])
    if center is None or km is None or not 0 < km <= MAX_KM:
        raise InvalidValue("out_of_range", _("Enter a distance above zero in kilometres."))
    return Circle(center, km)


def read_area(value: Any) -> tuple[Point, ...]:
    """Return the corners in `lat,lng lat,lng lat,lng` or in a list of points; raises InvalidValue."""
    items = value.split() if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not 3 <= len(items) <= MAX_CORNERS:
        message = _("Enter three to %(max)d corners, such as 22.5,114.0 22.6,114.0 22.6,114.1.") % {"max": MAX_CORNERS}
        raise InvalidValue("invalid_type", message, max=MAX_CORNERS)
    corners = [read_point(item) for item in items]
    return tuple(corner for corner in corners if corner is not None)


def distance_km(one: Point, other: Point) -> float:
    """Return the distance along the surface of the earth (haversine)."""
    lat1, lng1, lat2, lng2 = (math.radians(float(item)) for item in (one.lat, one.lng, other.lat, other.lng))
    across = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lng2 - lng1) / 2) ** 2
    return DIAMETER_KM * math.asin(min(1.0, math.sqrt(across)))


Compiled = tuple[str, tuple[Any, ...]]


class _Formula(Func):
    """A piece of SQL in which expressions may stand several times, each time with its parameters."""

    def as_sql(
        self,
        compiler: SQLCompiler,
        connection: Any,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> Compiled:
        parts = [compiler.compile(item) for item in self.source_expressions]
        params: list[Any] = []

        def put(number: int) -> str:
            sql, values = parts[number]
            params.extend(values)
            return str(sql)

        return self.formula(put), tuple(params)

    def formula(self, put: Callable[[int], str]) -> str:
        """Return the SQL; `put` gives the text of an expression, in the order of the text."""
        raise NotImplementedError


def _distance(put: Callable[[int], str], lat1: int, lng1: int, lat2: int, lng2: int) -> str:
    return (
        f"({DIAMETER_KM} * asin(least(1.0, sqrt("
        f"sin(radians(({put(lat1)} - {put(lat2)})::float8) / 2) ^ 2"
        f" + cos(radians(({put(lat1)})::float8)) * cos(radians(({put(lat2)})::float8))"
        f" * sin(radians(({put(lng1)} - {put(lng2)})::float8) / 2) ^ 2))))"
    )


class DistanceKm(_Formula):
    """`distance_km` in SQL, of four expressions: latitude and longitude of one place, then of the other."""

    arity = 4
    output_field = FloatField()

    def formula(self, put: Callable[[int], str]) -> str:
        return _distance(put, 0, 1, 2, 3)


class WithinKm(_Formula):
    """A circle in SQL: the box first, which an index on the latitude answers, then the distance.

    Expressions: latitude and longitude of the column; those of the center, kilometres; south, north, west, east.
    """

    arity = 9
    output_field = BooleanField()

    def formula(self, put: Callable[[int], str]) -> str:
        box = f"{put(0)} BETWEEN {put(5)} AND {put(6)} AND {put(1)} BETWEEN {put(7)} AND {put(8)}"
        return f"({box} AND {_distance(put, 0, 1, 2, 3)} <= {put(4)})"


class InsideArea(_Formula):
    """Whether a place, given by latitude and longitude, lies inside a polygon, given as `polygon_text`."""

    arity = 3
    output_field = BooleanField()

    def formula(self, put: Callable[[int], str]) -> str:
        return f"({put(2)}::polygon @> point(({put(1)})::float8, ({put(0)})::float8))"


def polygon_text(corners: Sequence[Point]) -> str:
    """Return corners as PostgreSQL writes a polygon."""
    return f"({','.join(f'({plain(item.lng)},{plain(item.lat)})' for item in corners)})"


def _degrees(value: Any, limit: int) -> Decimal:
    number = exact_number(value.strip() if isinstance(value, str) else value)
    if number is None:
        raise _malformed()
    if not -limit <= number <= limit:
        message = _("A latitude is between -90 and 90, a longitude between -180 and 180.")
        raise InvalidValue("out_of_range", message)
    rounded = number.quantize(PLACES)
    return rounded if rounded else Decimal(0)  # never minus zero


def _malformed() -> InvalidValue:
    return InvalidValue("invalid_type", _("Enter latitude and longitude, such as 22.54,114.05."))
