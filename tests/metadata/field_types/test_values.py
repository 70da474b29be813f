"""What the types of dates, names, codes, tags and documents promise by their parameters; no database."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.utils import timezone

from metadata.field_types import field_types
from metadata.field_types.bars import drawing, ean_is_right
from metadata.field_types.date_precision import limit_day
from metadata.field_types.person_name import PersonName, read_name
from metadata.field_types.values import InvalidValue
from tests.kit.field_specs import choice_set, clean_context, display_context, field_spec
from tests.kit.posting import posted
from tests.kit.samples.dates_and_choices import CHOICES


def clean(key: str, raw: Any, settings: Any = None) -> Any:
    return field_types.get(key).clean(field_spec(key, settings), raw, clean_context())


def text(key: str, value: Any, settings: Any = None, language: str = "en") -> str:
    return field_types.get(key).to_text(field_spec(key, settings), value, display_context(language))


def round_trip(key: str, value: Any, settings: Any) -> Any:
    """Return what a form that is sent back unchanged makes of a value."""
    field_type, spec = field_types.get(key), field_spec(key, settings)
    made = type("F", (forms.Form,), {"x": field_type.form_field(spec, "en")})
    initial = {"x": field_type.form_initial(spec, value, display_context())}
    form = made(posted(str(made(initial=initial)["x"])), initial=initial)
    assert form.is_valid(), form.errors
    assert not form.has_changed()
    return field_type.clean(spec, form.cleaned_data["x"], clean_context())


# --- dates -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("precision", "raw", "first", "written"),
    [
        ("month", "2026-05", date(2026, 5, 1), "2026-05"),
        ("month", "2026-05-17", date(2026, 5, 1), "2026-05"),
        ("quarter", "2026-Q3", date(2026, 7, 1), "2026-Q3"),
        ("quarter", "2026q2", date(2026, 4, 1), "2026-Q2"),
        ("year", "2026", date(2026, 1, 1), "2026"),
        ("year", date(2026, 5, 17), date(2026, 1, 1), "2026"),
    ],
)
def test_dates_are_as_exact_as_their_field(precision: str, raw: Any, first: date, written: str) -> None:
    settings = {"precision": precision}
    assert clean("date", raw, settings) == first
    assert text("date", first, settings) == written
    assert clean("date", written, settings) == first
    assert round_trip("date", first, settings) == first


@pytest.mark.parametrize(
    ("precision", "raw"), [("month", "2026-13"), ("quarter", "2026-Q5"), ("year", "26"), ("day", "2026")]
)
def test_other_periods_are_refused(precision: str, raw: str) -> None:
    with pytest.raises(InvalidValue):
        clean("date", raw, {} if precision == "day" else {"precision": precision})


def test_limits_count_from_today_and_hold_for_values_only() -> None:
    settings = {"min": "today-7d", "max": "today+1m"}  # today is the 16th of March 2026
    assert clean("date", "2026-03-09", settings) == date(2026, 3, 9)
    assert clean("date", "2026-04-16", settings) == date(2026, 4, 16)
    for raw in ("2026-03-08", "2026-04-17"):
        with pytest.raises(InvalidValue) as refused:
            clean("date", raw, settings)
        assert refused.value.code == "out_of_range"
    spec = field_spec("date", settings)
    assert field_types.get("date").clean_operand(spec, "eq", "1999-01-01", clean_context()) == (date(1999, 1, 1),)


@pytest.mark.parametrize(
    ("limit", "day"),
    [("today", date(2026, 1, 31)), ("today+1m", date(2026, 2, 28)), ("today-1y", date(2025, 1, 31)),
     ("today+2w", date(2026, 2, 14)), ("2020-01-05", date(2020, 1, 5)), ("today-99999y", date.min)],
)  # fmt: skip
def test_limits_stay_within_the_calendar(limit: str, day: date) -> None:
    assert limit_day(limit, date(2026, 1, 31)) == day


def test_moment_of_a_fixed_zone_is_shown_typed_and_searched_there() -> None:
    settings, moment = {"zone": "Asia/Tokyo", "precision": "minute"}, datetime(2026, 1, 4, 15, 30, tzinfo=UTC)
    assert clean("datetime", "2026-01-04T15:30:59Z", settings) == moment
    assert text("datetime", moment, settings, "zh-hans") == "2026-01-05 00:30 (Asia/Tokyo)"
    with timezone.override("America/New_York"):
        assert round_trip("datetime", moment, settings) == moment
    first, _end = field_types.get("datetime").clean_operand(
        field_spec("datetime", settings), "eq", "2026-01-05", clean_context()
    )
    assert first == datetime(2026, 1, 4, 15, 0, tzinfo=UTC)


# --- numbers ---------------------------------------------------------------------------------------------------
def test_numbers_of_articles_have_no_separators_where_none_are_wanted() -> None:
    assert text("integer", 1234567) == "1,234,567"
    assert text("integer", 1234567, {"thousands": False}) == "1234567"


@pytest.mark.parametrize(("value", "color"), [("10", "red"), ("50", "orange"), ("79.9", "orange"), ("80", "green")])
def test_bar_has_the_colour_of_its_band(value: str, color: str) -> None:
    bands = [{"from": "0", "color": "red"}, {"from": "50", "color": "orange"}, {"from": "80", "color": "green"}]
    spec = field_spec("slider", {"step": "0.1", "bands": bands})
    cell = field_types.get("slider").cell(spec, Decimal(value), display_context())
    assert f"level-{color}" in cell
    assert f'value="{value}"' in cell


def test_bands_are_written_one_a_line() -> None:
    slider = field_types.get("slider")
    settings = slider.check_settings({"bands": "50 orange\n0 red"})
    assert settings == {"bands": [{"from": "0", "color": "red"}, {"from": "50", "color": "orange"}]}
    assert "50 orange" in str(slider.settings_form(initial=settings)["bands"])


@pytest.mark.parametrize(
    ("settings", "raw", "expected"),
    [
        ({"unit": "h"}, "3", timedelta(hours=3)),
        ({"unit": "d"}, 2, timedelta(days=2)),
        ({}, "90", timedelta(minutes=90)),
    ],
)
def test_bare_numbers_count_the_smallest_unit(settings: Any, raw: Any, expected: timedelta) -> None:
    assert clean("duration", raw, settings) == expected
    assert round_trip("duration", expected, settings) == expected


# --- choices ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("display", "count"), [("radio", 0), ("badges", 4)])
def test_choices_are_shown_all_at_once(display: str, count: int) -> None:
    spec = field_spec("picklist", {"display": display}, choice_set=choice_set(*CHOICES))
    made = type("F", (forms.Form,), {"x": field_types.get("picklist").form_field(spec, "en")})
    html = str(made(initial={"x": "working"})["x"])
    assert html.count('type="radio"') == 4  # none, and the three that are in use
    assert posted(html)["x"] == "working"
    assert html.count('radio-badge"') == count
    assert posted(str(made(initial={"x": "old"})["x"]))["x"] == "old", "a retired choice stays where it is"


def test_vocabulary_decides_which_tags_there_are_and_how_they_are_spelt() -> None:
    settings = {"vocabulary": ["VIP", "展会"]}
    assert clean("tags", ["vip", "VIP", " 展会 "], settings) == ["VIP", "展会"]
    with pytest.raises(InvalidValue) as refused:
        clean("tags", ["other"], settings)
    assert refused.value.code == "invalid_choice"
    assert field_types.get("tags").check_settings({"vocabulary": "VIP\n展会, vip"}) == settings


# --- names -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "order", "name"),
    [
        ("李雷", "", PersonName("", "雷", "", "李")),
        ("欧阳娜娜", "", PersonName("", "娜娜", "", "欧阳")),
        ("司马", "", PersonName("", "马", "", "司")),
        ("王芳女士", "", PersonName("ms", "芳", "", "王")),
        ("Jane Smith", "", PersonName("", "Jane", "", "Smith")),
        ("Smith, Jane Ann", "", PersonName("", "Jane", "Ann", "Smith")),
        ("Prof. Jane Smith", "", PersonName("prof", "Jane", "", "Smith")),
        ("Nagy Anna", "family_first", PersonName("", "Anna", "", "Nagy")),
        ("Madonna", "", PersonName("", "", "", "Madonna")),
    ],
)
def test_names_are_read_as_they_are_written(written: str, order: str, name: PersonName) -> None:
    assert read_name(written, order) == name
    settings = {"order": order} if order else {}
    assert clean("person_name", text("person_name", name, settings), settings) == name


def test_name_is_typed_in_its_parts() -> None:
    name = PersonName("dr", "Jane", "Ann", "Smith")
    assert round_trip("person_name", name, {}) == name


# --- codes -----------------------------------------------------------------------------------------------------
def test_article_numbers_are_checked() -> None:
    assert ean_is_right("4006381333931")
    assert not ean_is_right("4006381333932")
    assert not ean_is_right("４006381333931")


def bars(svg: str) -> str:
    """Return the modules of a linear code, dark ones as 1, from the first bar to the last."""
    places = [int(x) for x in re.findall(r"M(\d+) ", svg)]
    return "".join("1" if x in set(places) else "0" for x in range(min(places), max(places) + 1))


def test_codes_are_drawn_as_the_standards_have_them() -> None:
    # The halves of 4006381333931 with the guards, as in the standard's own scheme of digits.
    left = "0001101" + "0100111" + "0101111" + "0111101" + "0001001" + "0110011"
    right = "1000010" + "1000010" + "1000010" + "1110100" + "1000010" + "1100110"
    assert bars(drawing("4006381333931", "ean13")) == f"101{left}01010{right}101"
    # "A" in Code 128 B: start, A, the check symbol (104 + 33) mod 103 = 34, stop.
    assert bars(drawing("A", "code128")) == "11010010000" + "10100011000" + "10001011000" + "1100011101011"


def test_a_value_never_gets_into_the_drawing() -> None:
    svg = drawing("<script>alert(1)</script>", "qr")
    assert "script" not in svg
    assert svg.startswith('<svg class="barcode-qr"')


# --- documents -------------------------------------------------------------------------------------------------
def test_document_says_where_it_breaks_its_schema() -> None:
    schema = {"type": "object", "properties": {"items": {"type": "array", "items": {"type": "integer"}}}}
    with pytest.raises(InvalidValue) as refused:
        clean("json", {"items": [1, "x"]}, {"schema": schema})
    assert refused.value.params == {"place": "items/1"}


def test_true_is_not_one_in_a_document() -> None:
    assert clean("json", {"a": True}) != clean("json", {"a": 1})
    assert clean("json", '{"b":1,"a":[]}') == clean("json", {"a": [], "b": 1})


@pytest.mark.parametrize(
    "schema",
    [{"$ref": "file:///etc/passwd"}, {"allOf": [{"$ref": "http://a.cn/x"}]}, {"patternProperties": {"(a+)+$": {}}}],
)
def test_schema_fetches_nothing_and_runs_no_wild_pattern(schema: Any) -> None:
    from crm_platform.kit.errors import ValidationFailed

    with pytest.raises(ValidationFailed):
        field_types.get("json").check_settings({"schema": schema})


def test_schema_that_refers_to_itself_without_end_is_an_error_and_no_crash() -> None:
    with pytest.raises(InvalidValue):
        clean("json", {"a": 1}, {"schema": {"$ref": "#"}})
