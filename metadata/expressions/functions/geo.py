"""Places: making them, and the distance between two. The one family that computes in floats, rounded to metres."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from metadata.expressions.definitions import Param, define, number
from metadata.expressions.sql import Sql, sql
from metadata.expressions.types import ValueType
from metadata.field_types.geography import DIAMETER_KM, Point

if TYPE_CHECKING:
    from metadata.expressions.to_orm import SqlContext

T = ValueType
FAMILY = "geo"
_PLACE = frozenset({T.GEO})


def _geolocation(_ctx: object, lat: Decimal, lng: Decimal) -> Point | None:
    return Point(lat, lng) if abs(lat) <= 90 and abs(lng) <= 180 else None


def _geolocation_sql(ctx: SqlContext, lat: Sql, lng: Sql) -> Sql:
    body = "CASE WHEN abs({0}) <= 90 AND abs({1}) <= 180 THEN {0} END"
    return Sql(
        ctx.let([lat, lng], lambda a, b: sql(body, a, b)).parts, is_simple=lat.is_simple and lng.is_simple, twin=lng
    )


def _distance(_ctx: object, first: Point, second: Point) -> Decimal:
    lat1, lat2 = math.radians(first.lat), math.radians(second.lat)
    across = math.radians(second.lng) - math.radians(first.lng)
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(across / 2) ** 2
    return round(Decimal(DIAMETER_KM * math.asin(math.sqrt(min(1.0, half)))), 3)


def _distance_sql(ctx: SqlContext, first: Sql, second: Sql) -> Sql:
    assert first.twin and second.twin
    half = (
        "sin((radians({2}::float8) - radians({0}::float8)) / 2) ^ 2 + cos(radians({0}::float8)) "
        "* cos(radians({2}::float8)) * sin((radians({3}::float8) - radians({1}::float8)) / 2) ^ 2"
    )
    km = f"round(({DIAMETER_KM} * asin(sqrt(least(1::float8, {half}))))::numeric, 3)"
    # LEAST passes over nulls: a place that is blank has to be asked for.
    body = (
        f"CASE WHEN {{0}} IS NOT NULL AND {{1}} IS NOT NULL AND {{2}} IS NOT NULL AND {{3}} IS NOT NULL THEN {km} END"
    )
    return ctx.let([first, first.twin, second, second.twin], lambda a, b, c, d: sql(body, a, b, c, d))


define("GEOLOCATION", FAMILY, (number("latitude"), number("longitude")), T.GEO, _geolocation, _geolocation_sql,
       _("The place at a latitude and longitude in degrees."), ("GEOLOCATION(31.23, 121.47)", ""))  # fmt: skip
define("DISTANCE", FAMILY, (Param("place", _PLACE), Param("other", _PLACE)), T.NUMBER, _distance, _distance_sql,
       _("The distance between two places in kilometres, to the metre."),
       ("ROUND(DISTANCE(GEOLOCATION(31.23, 121.47), GEOLOCATION(39.9, 116.4)))", "1067"), cost=5)  # fmt: skip
