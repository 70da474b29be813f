"""What single field types promise beyond what holds for all of them; no database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crm_platform.kit.frozen import FrozenDict
from metadata.field_types import field_types
from metadata.field_types.auto_number import render
from metadata.field_types.base import FieldType
from metadata.field_types.currency import CurrencyType
from metadata.field_types.formats import date_text, money_text, number_text
from metadata.field_types.numbers import exact_number, fit
from metadata.field_types.stage import StageType
from metadata.field_types.values import InvalidValue, Reference
from tests.kit.field_samples import FIXED_IDS
from tests.kit.field_specs import NOW, actor, choice_set, clean_context, display_context, field_spec
from tests.kit.samples.dates_and_choices import CHOICES, STAGES
from tests.kit.samples.shapes import SampleChoice

HOSTILE = '"><script>alert(1)</script>'


def cell(key: str, value: Any, **options: Any) -> str:
    return str(field_types.get(key).cell(field_spec(key, **options), value, display_context("zh-hans")))


def default(key: str, given: Any, **options: Any) -> Any:
    return field_types.get(key).default(field_spec(key, default=given), clean_context(**options))


# --- defaults --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("text", "hello", "hello"),
        ("integer", 5, 5),
        ("decimal", "1.5", Decimal("1.50")),
        ("percent", "0.2", Decimal("0.2000")),
        ("checkbox", True, True),
        ("checkbox", None, False),
        ("date", "2026-01-05", date(2026, 1, 5)),
        ("date", {"expression": "today"}, date(2026, 3, 16)),
        ("datetime", {"expression": "now"}, NOW),
        ("user", {"expression": "current_user"}, Reference("user", FIXED_IDS.users[0])),
        ("user", str(FIXED_IDS.users[1]), Reference("user", FIXED_IDS.users[1])),
        ("user", None, None),
        ("auto_number", None, None),
    ],
)
def test_default_is_a_literal_or_an_expression(key: str, given: Any, expected: Any) -> None:
    assert default(key, given) == expected


@pytest.mark.parametrize("given", [{"expression": "tomorrow"}, {"expression": ["today"]}, {}, "soon", 5])
def test_unknown_default_is_refused(given: Any) -> None:
    for key in ("date", "datetime", "user"):
        with pytest.raises(InvalidValue):
            default(key, given)


def test_current_user_of_the_system_is_nobody() -> None:
    assert default("user", {"expression": "current_user"}, actor=actor(user_id=None)) is None


def test_set_decides_the_default_unless_the_field_does() -> None:
    choices = choice_set(*CHOICES, default="working")
    picklist, several = field_types.get("picklist"), field_types.get("multi_picklist")
    ctx = clean_context()
    assert picklist.default(field_spec("picklist", choice_set=choices), ctx) == "working"
    assert picklist.default(field_spec("picklist", choice_set=choices, default="done"), ctx) == "done"
    assert several.default(field_spec("multi_picklist", choice_set=choices, default=["done", "new"]), ctx) == [
        "new",
        "done",
    ]
    assert several.default(field_spec("multi_picklist", choice_set=choice_set(*CHOICES)), ctx) is None


def test_retired_choice_is_no_default_any_more() -> None:
    spec = field_spec("picklist", choice_set=choice_set(*CHOICES), default="old")
    assert field_types.get("picklist").default(spec, clean_context()) is None


# --- money and numbers -----------------------------------------------------------------------------------------


def currency_parts(raw: str, scale: int = 2, **options: Any) -> dict[str, Any]:
    currency: FieldType = field_types.get("currency")
    spec, ctx = field_spec("currency", {"scale": scale}), clean_context(**options)
    return currency.to_columns(spec, currency.clean(spec, raw, ctx), ctx)


def test_base_amount_is_the_amount_at_the_rate_of_the_day() -> None:
    assert currency_parts("100", currency="USD") == {"": Decimal("100.00"), "_base": Decimal("712.35")}
    assert currency_parts("100", currency="CNY") == {"": Decimal("100.00"), "_base": Decimal("100.00")}
    assert currency_parts("100", currency="") == {"": Decimal("100.00"), "_base": Decimal("100.00")}


def test_base_amount_is_rounded_half_up() -> None:
    half = clean_context(currency="USD", rate=lambda code, on: Decimal("0.5"))
    currency, spec = field_types.get("currency"), field_spec("currency", {"scale": 0})
    assert currency.to_columns(spec, Decimal(1), half)["_base"] == Decimal(1)
    assert currency.to_columns(spec, Decimal(-1), half)["_base"] == Decimal(-1)


def test_amount_without_a_rate_is_refused() -> None:
    with pytest.raises(InvalidValue) as refused:
        currency_parts("100", currency="EUR")
    assert refused.value.code == "invalid_choice"
    assert refused.value.params == {"currency": "EUR"}


def test_base_amount_must_fit_its_column_too() -> None:
    with pytest.raises(InvalidValue) as refused:
        currency_parts("9999999999999999.99", currency="USD")
    assert refused.value.code == "out_of_range"


def test_amount_is_shown_in_the_records_currency() -> None:
    currency, spec = field_types.get("currency"), field_spec("currency")
    assert isinstance(currency, CurrencyType)
    assert currency.to_text(spec, Decimal("1234.50"), display_context("zh-hans", currency="USD")) == "US$1,234.50"
    assert currency.to_text(spec, Decimal("1234.50"), display_context("en", currency="USD")) == "$1,234.50"
    assert currency.to_text(spec, Decimal("-5.00"), display_context("zh-hans")) == "-¥5.00"


def test_every_digit_of_a_large_amount_is_shown() -> None:
    assert money_text(Decimal("9999999999999999.99"), 2, "CNY", "zh-hans") == "¥9,999,999,999,999,999.99"
    assert number_text(Decimal("1234567890.12345678"), 8, "en") == "1,234,567,890.12345678"


def test_unknown_language_is_shown_as_english() -> None:
    assert date_text(date(2026, 1, 5), "xx-unknown") == "Jan 5, 2026"


@pytest.mark.parametrize("raw", ["0.1", 0.1, Decimal("0.1"), "1e-1", " 0.10 ", ".1"])
def test_a_tenth_is_exactly_a_tenth(raw: Any) -> None:
    assert exact_number(raw) == Decimal("0.1")


def test_noise_of_floats_does_not_pass() -> None:
    with pytest.raises(InvalidValue):
        fit(exact_number(1.1 + 2.2) or Decimal(0), 18, 2)


# --- choices ---------------------------------------------------------------------------------------------------


def test_stage_knows_probability_and_category() -> None:
    stage = field_types.get("stage")
    assert isinstance(stage, StageType)
    spec = field_spec("stage", choice_set=choice_set(*STAGES, SampleChoice("plain", "Plain", "普通")))
    assert (stage.category(spec, "won"), stage.probability(spec, "won")) == ("won", 100)
    assert (stage.category(spec, "qualify"), stage.probability(spec, "qualify")) == ("open", 20)
    assert (stage.category(spec, "plain"), stage.probability(spec, "plain")) == ("open", 0)
    assert (stage.category(spec, None), stage.probability(spec, "gone")) == ("open", 0)


def test_tag_has_the_colour_of_its_choice_and_no_other() -> None:
    choices = choice_set(*CHOICES, SampleChoice("evil", HOSTILE, HOSTILE, "red evil"))
    assert cell("picklist", "working", choice_set=choices) == '<span class="tag tag-orange">跟进中</span>'
    assert cell("picklist", "gone", choice_set=choices) == '<span class="tag tag-gray">gone</span>'
    assert 'class="tag tag-gray"' in cell("picklist", "evil", choice_set=choices)
    both = cell("multi_picklist", ["new", "done"], choice_set=choices)
    assert both.count('class="tag ') == 2


# --- auto-number -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "number", "expected"),
    [
        ("QT-{YYYY}{MM}-{0000}", 42, "QT-202601-0042"),
        ("{YY}{MM}{DD}/{0}", 7, "260105/7"),
        ("{000}", 12345, "12345"),
        ("合同-{00}-尾", 3, "合同-03-尾"),
    ],
)
def test_number_is_written_in_its_pattern(pattern: str, number: int, expected: str) -> None:
    assert render(pattern, number, date(2026, 1, 5)) == expected


# --- markup ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["text", "long_text", "email", "url", "phone", "auto_number", "picklist", "currency_code"]
)
def test_hostile_text_is_never_markup(key: str) -> None:
    shown = cell(key, HOSTILE)
    assert "<script" not in shown
    assert "&lt;script" in shown


@pytest.mark.parametrize("key", ["lookup", "user", "department", "poly_lookup"])
def test_hostile_name_is_never_markup(key: str) -> None:
    shown = cell(key, Reference("account", FIXED_IDS.records[0], HOSTILE))
    assert "<script" not in shown
    assert "&lt;script" in shown


def test_links_lead_where_they_should() -> None:
    record = FIXED_IDS.records[0]
    assert cell("lookup", Reference("account", record, "云途")) == f'<a href="/o/account/{record}">云途</a>'
    assert cell("email", "a@b.cn") == '<a href="mailto:a@b.cn">a@b.cn</a>'
    assert 'href="tel:+8613800138000"' in cell("phone", "138 0013 8000")
    link = cell("url", "https://example.com/a")
    assert 'href="https://example.com/a"' in link
    assert 'rel="noopener noreferrer nofollow"' in link


@pytest.mark.parametrize("value", ["javascript:alert(1)", "data:text/html,x", "//example.com"])
def test_address_that_came_in_past_the_type_is_no_link(value: str) -> None:
    assert "<a" not in cell("url", value)


def test_user_is_shown_with_a_stable_colour() -> None:
    lei = Reference("user", FIXED_IDS.users[0], "李雷")
    assert cell("user", lei) == cell("user", lei)
    assert '<span class="ava ava-' in cell("user", lei)
    assert ">李</span>李雷" in cell("user", lei)


# --- references ------------------------------------------------------------------------------------------------


def test_references_are_equal_by_what_they_point_at() -> None:
    one, two = FIXED_IDS.records[:2]
    assert Reference("account", one, "A") == Reference("account", one)
    assert hash(Reference("account", one, "A")) == hash(Reference("account", one))
    assert Reference("account", one) != Reference("account", two)
    assert Reference("account", one) != Reference("contact", one)


def test_is_me_and_mine_speak_of_the_caller() -> None:
    user, department = field_types.get("user"), field_types.get("department")
    ctx = clean_context()
    assert user.clean_operand(field_spec("user"), "is_me", "ignored", ctx) == (FIXED_IDS.users[0],)
    assert department.clean_operand(field_spec("department"), "under", "mine", ctx) == (FIXED_IDS.departments[0],)
    nobody = clean_context(actor=actor(user_id=None, department_id=None))
    assert user.clean_operand(field_spec("user"), "is_me", None, nobody) == (None,)


def test_what_happens_on_deletion_is_the_fields_choice() -> None:
    lookup, detail = field_types.get("lookup"), field_types.get("master_detail")
    for choice, rule in (("set_null", "SET NULL"), ("restrict", "RESTRICT"), ("cascade", "CASCADE")):
        spec = field_spec("lookup", {"target": "account", "on_delete": choice})
        assert lookup.columns(spec)[0].on_delete == rule
    assert lookup.columns(field_spec("lookup", {"target": "account"}))[0].on_delete == "SET NULL"
    assert detail.columns(field_spec("master_detail", {"target": "account"}))[0].on_delete == "CASCADE"
    assert detail.always_required


# --- widening --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        (("text", {"max_length": 50}), ("text", {"max_length": 60}), True),
        (("text", {"max_length": 50}), ("text", {"max_length": 40}), False),
        (("text", {}), ("long_text", {}), True),
        (("long_text", {}), ("text", {}), False),
        (("email", {}), ("text", {}), True),
        (("url", {}), ("text", {}), False),
        (("url", {}), ("long_text", {}), True),
        (("auto_number", {}), ("text", {}), True),
        (("phone", {}), ("text", {}), False),
        (("phone", {}), ("phone", {"default_region": "US"}), False),
        (("decimal", {"digits": 9, "scale": 2}), ("decimal", {"digits": 18, "scale": 2}), True),
        (("decimal", {"scale": 2}), ("decimal", {"scale": 3}), False),
        (("integer", {}), ("decimal", {}), False),
        (("lookup", {"target": "a"}), ("lookup", {"target": "b"}), False),
        (("lookup", {"target": "a"}), ("lookup", {"target": "a", "on_delete": "restrict"}), False),
        (("lookup", {"target": "a"}), ("lookup", {"target": "a", "related_label": {"en": "B"}}), True),
        (("poly_lookup", {"targets": ["a"]}), ("poly_lookup", {"targets": ["a", "b"]}), True),
        (("poly_lookup", {"targets": ["a", "b"]}), ("poly_lookup", {"targets": ["a"]}), False),
        (("picklist", {}), ("stage", {}), False),
        (("user", {}), ("user", {"active_only": False}), True),
    ],
)
def test_change_in_place_only_widens(old: Any, new: Any, allowed: bool) -> None:
    before, after = field_spec(*old), field_spec(*new)
    assert field_types.get(before.type).can_change_to(before, after) is allowed


def test_choice_schema_says_what_values_mean() -> None:
    spec = field_spec("picklist", choice_set=choice_set(*CHOICES))
    schema = field_types.get("picklist").json_schema(spec, "zh-hans")
    assert schema["enum"] == ["new", "working", "old", "done"]
    assert schema["x-enum-labels"]["working"] == "跟进中"


def test_search_finds_a_phone_with_and_without_its_prefix() -> None:
    words = field_types.get("phone").search_text(field_spec("phone"), "+86 138-0013-8000")
    assert "13800138000" in words
    assert "+86 138-0013-8000" in words


def test_settings_are_hashable_specs() -> None:
    assert hash(field_spec("decimal", {"min": "1"})) == hash(field_spec("decimal", FrozenDict({"min": "1"})))
