"""Samples of places: points on the earth."""

from __future__ import annotations

from decimal import Decimal

from metadata.field_types.geography import Point
from tests.kit.samples.shapes import EMPTY, FieldSamples, Invalid, Valid, match

SHENZHEN = Point(Decimal("22.54"), Decimal("114.05"))


def geolocation() -> FieldSamples:
    return FieldSamples(
        "geolocation",
        bad_settings=({"accuracy": 3},),
        valid=(
            *EMPTY,
            Valid("22.54,114.05", SHENZHEN, {"lat": "22.54", "lng": "114.05"}),
            Valid(" 22.54， 114.05 ", SHENZHEN, {"lat": "22.54", "lng": "114.05"}),
            Valid({"lat": "22.54", "lng": 114.05}, SHENZHEN, {"lat": "22.54", "lng": "114.05"}),
            Valid([-90, 180], Point(Decimal(-90), Decimal(180)), {"lat": "-90", "lng": "180"}),
            Valid("0.0000001,-0", Point(Decimal(0), Decimal(0)), {"lat": "0", "lng": "0"}),
            Valid(
                "31.2304161,121.4737",
                Point(Decimal("31.230416"), Decimal("121.4737")),
                {"lat": "31.230416", "lng": "121.4737"},
            ),
        ),
        invalid=(
            *(Invalid(raw, "invalid_type") for raw in (True, 5, "22.54", "a,b", [1], [1, 2, 3], "1,", {"lat": 1})),
            *(Invalid(raw, "out_of_range") for raw in ("90.1,0", [0, "-180.000001"], {"lat": 0, "lng": 1e9})),
        ),
        rows=("22.54,114.05", "22.60,114.10", "31.23,121.47", "0,179.99", None),
        matches=(
            match("near", "22.54,114.05,5", 0),
            match("near", "22.54,114.05,10", 0, 1),
            match("near", "0,-179.99,3", 3),
            match("near", "89,0,20000", 0, 1, 2, 3),
            match("inside", "22,114 23,114 23,115 22,115", 0, 1),
            match("empty", None, 4),
            match("nempty", None, 0, 1, 2, 3),
        ),
        ascending=(),
        texts=((None, "", ""), (SHENZHEN, "22.54,114.05", "22.54,114.05")),
        update="39.9042,116.4074",
    )
