"""What is left of a company's name when it is compared."""

from __future__ import annotations

import random

import pytest

from crm_platform.kit.companies import company_brand, company_core


@pytest.mark.parametrize(
    "name",
    [
        "华为技术有限公司",
        "華為技術有限公司",
        "华为技术（中国）有限公司",
        "华为技术(深圳)有限公司",
        "深圳市华为技术有限公司",
        "广东省深圳市华为技术股份有限公司",
        " 华为 技术 有限责任公司 ",
        "华为技术有限公司上海分公司",
        "华为技术集团（筹）",
    ],
)
def test_ways_to_write_one_company_have_one_core(name: str) -> None:
    assert company_core(name) == "华为技术"
    assert company_brand(name) == "华为"


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("Siemens AG", "siemens"),
        ("SIEMENS (China) Co., Ltd.", "siemens"),
        ("ＡＢＣ　科技", "abc科技"),
        ("Bosch G.m.b.H.", "bosch"),
        ("The Walt-Disney Company", "waltdisney"),
        ("O’Reilly Media, Inc.", "oreillymedia"),
        ("广西壮族自治区南宁市糖业集团", "糖业"),
        ("青岛啤酒股份有限公司", "青岛啤酒"),  # without its place it would be any brewery
        ("上海汽车集团股份有限公司", "上海汽车"),
        ("阿里巴巴（中国）网络技术有限公司", "阿里巴巴网络技术"),
        ("有限公司", "有限公司"),
        ("Group", "group"),
        ("（）", ""),
        ("", ""),
    ],
)
def test_core(name: str, core: str) -> None:
    assert company_core(name) == core


@pytest.mark.parametrize(
    ("name", "brand"), [("青岛啤酒股份有限公司", "青岛啤酒"), ("腾讯科技（深圳）有限公司", "腾讯")]
)
def test_brand(name: str, brand: str) -> None:
    assert company_brand(name) == brand


def test_any_text_with_a_letter_has_a_core_of_letters_and_digits() -> None:
    dice = random.Random(7)
    letters = "华為有限公司集团股份上海市()（[)].,， abltdcothe中国省\x00\ud83d'’İß"
    for _ in range(3_000):
        name = "".join(dice.choice(letters) for _ in range(dice.randint(0, 25)))
        core = company_core(name)
        assert all(char.isalnum() for char in core)
        assert bool(core) == any(char.isalnum() for char in name)
