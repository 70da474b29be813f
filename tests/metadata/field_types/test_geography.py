"""Distances: the same in Python and in SQL, right over poles and the date line, and answered by an index."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import DecimalField, Value
from django.db.models.sql import Query

from metadata import services
from metadata.field_types.geography import Circle, DistanceKm, Point, distance_km
from objects.query.conditions import Condition
from tests.kit.field_battery import FIELD, OBJECT, battery

BEIJING, SHANGHAI = Point(Decimal("39.9042"), Decimal("116.4074")), Point(Decimal("31.2304"), Decimal("121.4737"))
PLACES = [
    *(BEIJING, SHANGHAI, Point(Decimal(90), Decimal(0)), Point(Decimal(-90), Decimal(0))),
    *(Point(Decimal(0), Decimal(180)), Point(Decimal(0), Decimal(-180)), Point(Decimal("-33.9"), Decimal("18.4"))),
]


def sql_distance(one: Point, other: Point) -> float:
    values = [Value(item, DecimalField()) for item in (one.lat, one.lng, other.lat, other.lng)]
    query = Query(None)
    sql, params = query.get_compiler(connection=connection).compile(DistanceKm(*values).resolve_expression(query))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", params)
        return float(cursor.fetchone()[0])


def test_known_distance() -> None:
    assert distance_km(BEIJING, SHANGHAI) == pytest.approx(1067, abs=2)


@pytest.mark.django_db
def test_python_and_sql_agree() -> None:
    for one, other in itertools.product(PLACES, PLACES):
        assert sql_distance(one, other) == pytest.approx(distance_km(one, other), abs=1e-6)


@pytest.mark.parametrize("km", [Decimal("0.05"), Decimal(5), Decimal(800), Decimal(12_000)])
@pytest.mark.parametrize("center", PLACES)
def test_box_holds_its_circle(center: Point, km: Decimal) -> None:
    south, north, west, east = Circle(center, km).box()
    for lat, lng in itertools.product(range(-90, 91, 6), range(-180, 181, 6)):
        near = Point(Decimal(lat), Decimal(lng))
        if distance_km(center, near) <= km:
            assert south <= lat <= north
            assert west <= lng <= east
    for degrees in range(0, 360, 15):  # points on the very edge
        reach, bearing = float(km) / 6371.0088, math.radians(degrees)
        start_lat, start_lng = math.radians(float(center.lat)), math.radians(float(center.lng))
        sine = math.sin(start_lat) * math.cos(reach) + math.cos(start_lat) * math.sin(reach) * math.cos(bearing)
        lat = math.degrees(math.asin(max(-1.0, min(1.0, sine))))
        turned = math.atan2(
            math.sin(bearing) * math.sin(reach) * math.cos(start_lat), math.cos(reach) - math.sin(start_lat) * sine
        )
        lng = (math.degrees(start_lng + turned) + 540) % 360 - 180
        assert south - 1e-6 <= lat <= north + 1e-6
        assert west - 1e-6 <= lng <= east + 1e-6


@pytest.mark.django_db
def test_index_answers_the_box(actor_for: Any) -> None:
    found = battery("geolocation", actor_for)
    services.update_field(found.actor, OBJECT, FIELD, is_indexed=True)
    name = found.field.main.column
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s",
            [found.object.table],
        )
        definitions = [row[0] for row in cursor.fetchall() if name in row[0]]
    assert len(definitions) == 1, "only the latitude is searched"
    assert f"({name}, created_at DESC" in definitions[0]


@pytest.mark.django_db
@pytest.mark.parametrize("operand", ["22.54,114.05,5", {"lat": 22.54, "lng": "114.05", "km": 5}, [22.54, 114.05, "5"]])
def test_circle_is_taken_in_every_spelling(operand: Any, actor_for: Any) -> None:
    found = battery("geolocation", actor_for)
    near = found.create("22.55,114.06")
    found.create("31.2,121.4")
    assert found.query.where(Condition(FIELD, "near", operand)).ids() == [near.id]
