"""Samples of places: points on the earth."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from metadata.field_types.address import Address
from metadata.field_types.check_in import CheckIn
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


NANSHAN = Address("CN440305", "科技园路1号", "518000")


def parts(province: str, city: str, district: str, street: str = "", postcode: str = "") -> dict[str, str]:
    here = {"country": "CN", "province": province, "city": city, "district": district}
    return {**here, "street": street, "zip": postcode}


def address() -> FieldSamples:
    nanshan = parts("44", "4403", "440305", "科技园路1号", "518000")
    return FieldSamples(
        "address",
        settings={"is_international": True},
        bad_settings=({"least_level": "village"}, {"levels": 3}),
        valid=(
            *EMPTY,
            Valid({}, None),
            Valid("广东省深圳市南山区 科技园路1号 518000", NANSHAN, nanshan),
            Valid("中国广东省深圳市南山区科技园路1号 518000", NANSHAN, nanshan),
            Valid(nanshan, NANSHAN, nanshan),
            Valid(
                {"province": "440000", "city": "440300", "district": "440305"},
                Address("CN440305"),
                parts("44", "4403", "440305"),
            ),
            Valid(
                {"district": "CN440305", "street": " a  b "},
                Address("CN440305", "a b"),
                parts("44", "4403", "440305", "a b"),
            ),
            Valid("440305", Address("CN440305"), parts("44", "4403", "440305")),
            Valid("北京市东城区", Address("CN110101"), parts("11", "1101", "110101")),
            Valid("湖北省仙桃市", Address("CN429004"), parts("42", "4290", "429004")),
            Valid("广东省东莞市", Address("CN4419"), parts("44", "4419", "")),
            Valid("1101", Address("CN11"), parts("11", "", "")),
            Valid("香港特别行政区 中环", Address("CN81", "中环"), parts("81", "", "", "中环")),
            Valid(
                {"country": "US", "street": "1 Main St", "zip": "10001-1"},
                Address("US", "1 Main St", "10001-1"),
                {**parts("", "", "", "1 Main St", "10001-1"), "country": "US"},
            ),
            Valid(
                "United Kingdom 10 Downing Street [SW1A 2AA]",
                Address("GB", "10 Downing Street", "SW1A 2AA"),
                {**parts("", "", "", "10 Downing Street", "SW1A 2AA"), "country": "GB"},
            ),
        ),
        invalid=(
            *(Invalid(raw, "invalid_type") for raw in (True, 5, [], ["x"], {"planet": "x"}, {"street": []}, "a\x00b")),
            *(
                Invalid(raw, "invalid_choice")
                for raw in (
                    "somewhere",
                    "999999",
                    {"province": "44", "city": "1101"},
                    {"city": "440305"},
                    {"country": "US", "province": "44"},
                    {"district": "440399"},
                )
            ),
            Invalid({"province": "44", "zip": "51800"}, "invalid_type"),
            Invalid({"province": "44", "street": "x" * 201}, "too_long"),
        ),
        rows=(
            "广东省深圳市南山区 科技园路1号 518000",
            "广东省广州市天河区 体育西路",
            "北京市东城区",
            {"country": "US", "street": "1 Main St"},
            None,
        ),
        matches=(
            match("under", "44", 0, 1),
            match("under", "CN4403", 0),
            match("under", "CN", 0, 1, 2),
            match("under", "北京市", 2),
            match("eq", "440305", 0),
            match("eq", "4403"),
            match("in", ["440305", "110101", "US"], 0, 2, 3),
            match("contains", "科技园", 0),
            match("contains", "MAIN", 3),
            match("ncontains", "科技园", 1, 2, 3, 4),
            match("empty", None, 4),
            match("nempty", None, 0, 1, 2, 3),
        ),
        ascending=(),
        texts=(
            (None, "", ""),
            (NANSHAN, "广东省深圳市南山区 科技园路1号 518000", "广东省深圳市南山区 科技园路1号 518000"),
            (Address("US", "1 Main St", "10001"), "United States 1 Main St [10001]", "美国 1 Main St [10001]"),
        ),
        update="上海市浦东新区 世纪大道100号 200120",
    )


class ServerTime(datetime):
    """The moment of a check-in, which no sample can know: equal to every other."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, datetime)

    __hash__ = datetime.__hash__


class ServerTimeText(str):
    """The same in the API's form."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.endswith("Z")

    __hash__ = str.__hash__


NOW = ServerTime(2026, 1, 5, 2, 0, tzinfo=UTC)


def check_in() -> FieldSamples:
    here = {"lat": "22.54", "lng": "114.05", "at": ServerTimeText("2026-01-05T02:00:00Z"), "distance_m": None}
    bare, full = {**here, "address": "", "device": ""}, {**here, "address": "科技园路1号", "device": "Pixel 9"}
    return FieldSamples(
        "check_in",
        bad_settings=({"reference_field": "a b"}, {"radius": 0}, {"photo": True}),
        valid=(
            *EMPTY,
            Valid({}, None),
            Valid("22.54,114.05", CheckIn(SHENZHEN, NOW), bare),
            Valid({"lat": "22.54", "lng": 114.05}, CheckIn(SHENZHEN, NOW), bare),
            Valid(
                {**full, "at": "1999-01-01T00:00:00Z", "distance_m": 1},
                CheckIn(SHENZHEN, NOW, "科技园路1号", "Pixel 9"),
                full,
            ),
            Valid(
                "22.54,114.05 科技园路1号 · 1999-01-01 08:00",
                CheckIn(SHENZHEN, NOW, "科技园路1号"),
                {**bare, "address": "科技园路1号"},
            ),
        ),
        invalid=(
            *(
                Invalid(raw, "invalid_type")
                for raw in (True, 5, [], "somewhere", "22.54", {"lat": 1}, {"lat": 1, "x": 2})
            ),
            Invalid({"lat": 91, "lng": 0}, "out_of_range"),
            Invalid({"lat": 1, "lng": 1, "address": "x" * 201}, "too_long"),
        ),
        rows=("22.54,114.05 科技园", {"lat": "31.23", "lng": "121.47"}, "39.90,116.40", None),
        matches=(
            match("eq", "1999-01-01"),
            match("ne", "1999-01-01", 0, 1, 2, 3),
            match("gt", "1999-01-01", 0, 1, 2),
            match("gte", "1999-01-01", 0, 1, 2),
            match("lt", "1999-01-01"),
            match("lte", "1999-01-01"),
            match("between", ["1999-01-01", "2999-01-01"], 0, 1, 2),
            match("rel", "last_n_days:2", 0, 1, 2),
            match("near", "22.54,114.05,5", 0),
            match("inside", "31,121 32,121 32,122 31,122", 1),
            match("farther", "10"),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(0, 1, 2),
        by_server=("at",),
        texts=(
            (None, "", ""),
            (
                CheckIn(SHENZHEN, datetime(2026, 1, 5, 2, 0, tzinfo=UTC), "科技园", "", 120),
                "22.54,114.05 科技园 · Jan 5, 2026 10:00 · 120 m away",
                "22.54,114.05 科技园 · 2026-01-05 10:00 · 距离 120 米",
            ),
        ),
        update={"lat": "30.57", "lng": "104.07", "device": "Pixel 9"},
    )
