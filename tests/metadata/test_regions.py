"""The regions of China: complete chains, names that lead back to their code, codes in every spelling."""

from __future__ import annotations

import pytest

from metadata import regions
from metadata.field_types import field_types
from metadata.field_types.address import Address
from metadata.field_types.values import InvalidValue
from tests.kit.field_specs import clean_context, display_context, field_spec

ALL = list(regions._names())


def test_every_region_lies_in_known_ones() -> None:
    assert len(ALL) > 3_300
    for code in ALL:
        assert all(item in regions._names() for item in regions.chain(code)[1:]), code
        assert len(regions.chain(code)) == len(code) // 2


def test_text_of_every_region_leads_back_to_it() -> None:
    for code in ALL:
        wanted = regions.plain(code)
        for street in ("", " 人民路1号", "人民路1号"):
            found, rest = regions.split(regions.text_of(wanted, "zh-hans") + street)
            assert (regions.plain(found), rest.strip()) == (wanted, street.strip()), code


@pytest.mark.parametrize(
    ("text", "code"),
    [("44", "CN44"), ("440000", "CN44"), ("440300", "CN4403"), (" cn440305 ", "CN440305"), ("us", "US"), ("CN", "CN")],
)
def test_codes_are_taken_in_every_spelling(text: str, code: str) -> None:
    assert regions.known_code(text) == code


@pytest.mark.parametrize("text", ["", "4", "440399", "99", "ZZ", "EU", "CNX", "４４"])
def test_other_codes_are_unknown(text: str) -> None:
    assert regions.known_code(text) is None


def test_range_of_a_region_holds_what_is_in_it_and_nothing_else() -> None:
    low, high = regions.bounds("CN4403")
    inside = [code for code in ALL if low <= code <= high]
    assert inside == [code for code in ALL if code.startswith("CN4403")]


def test_least_level_asks_for_what_there_is() -> None:
    address, spec = field_types.get("address"), field_spec("address", {"least_level": "district"})
    assert address.clean(spec, "广东省深圳市南山区", clean_context()) == Address("CN440305")
    assert address.clean(spec, "广东省东莞市", clean_context()) == Address("CN4419"), "it has no districts"
    for text in ("广东省", "广东省深圳市 某路"):
        with pytest.raises(InvalidValue) as refused:
            address.clean(spec, text, clean_context())
        assert refused.value.code == "required"


def test_other_countries_are_taken_where_they_are_wanted_only() -> None:
    address, spec = field_types.get("address"), field_spec("address")
    with pytest.raises(InvalidValue):
        address.clean(spec, {"country": "US", "street": "1 Main St"}, clean_context())


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    "value", [Address("CN440305", "科技园路1号", "518000"), Address("US", "1 Main St", "10001"), Address("CN11")]
)
def test_text_is_read_back(value: Address, language: str) -> None:
    address, spec = field_types.get("address"), field_spec("address", {"is_international": True})
    assert address.clean(spec, address.to_text(spec, value, display_context(language)), clean_context()) == value


@pytest.mark.django_db
def test_selects_get_their_choices_from_one_address(admin_client: object) -> None:
    answer = admin_client.get("/regions?under=CN4403")  # type: ignore[attr-defined]
    assert {"code": "CN440305", "name": "南山区"} in answer.json()
    assert "max-age=86400" in answer["Cache-Control"]
    assert admin_client.get("/regions?under=nowhere").json() == []  # type: ignore[attr-defined]
