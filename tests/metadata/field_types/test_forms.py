"""Forms of the field types: what a browser sends back unchanged changes nothing; markup is safe and accessible."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone
from django.utils.translation import override

from metadata.field_types import field_types
from metadata.field_types.values import Reference
from metadata.field_types.widgets import Chosen
from tests.kit.field_samples import FIXED_IDS, field_samples
from tests.kit.field_specs import choice_set, clean_context, display_context, field_spec, spec_of, value_of
from tests.kit.posting import posted
from tests.kit.samples.dates_and_choices import CHOICES

ALL = field_samples()
ASKS_ORGANIZATION = {"currency_code", "poly_lookup"}  # their forms list what the organisation has
PURE = [samples for key, samples in ALL.items() if key not in ASKS_ORGANIZATION]


def form_of(form_field: forms.Field, *args: Any, **options: Any) -> forms.Form:
    form_field.required = False
    form_field.label = "Sample"
    return type("SampleForm", (forms.Form,), {"sample": form_field})(*args, **options)


def show(form_field: forms.Field, value: Any = None) -> str:
    return str(form_of(form_field, initial={"sample": value})["sample"])


@pytest.mark.parametrize("samples", PURE, ids=lambda samples: samples.key)
def test_form_sent_back_unchanged_changes_nothing(samples: Any) -> None:
    field_type, spec = field_types.get(samples.key), spec_of(samples)
    with override("en"), timezone.override("Asia/Shanghai"):
        for item in samples.valid:
            initial = {"sample": field_type.form_initial(spec, value_of(samples, item), display_context())}
            html = str(form_of(field_type.form_field(spec, "en"), initial=initial)["sample"])
            form = form_of(field_type.form_field(spec, "en"), posted(html), initial=initial)
            assert form.is_valid(), form.errors
            assert not form.has_changed(), item.raw
            if field_type.is_sealed and item.value is not None:
                assert field_type.is_same_input(spec, form.cleaned_data["sample"], value_of(samples, item))
                continue
            if samples.key != "datetime" or item.value is None or not item.value.microsecond:
                value = field_type.clean(spec, form.cleaned_data["sample"], clean_context())
                assert value == item.value, item.raw


@pytest.mark.parametrize("samples", PURE, ids=lambda samples: samples.key)
def test_form_has_no_inline_style_or_handler_and_its_label_finds_it(samples: Any) -> None:
    form_field = field_types.get(samples.key).form_field(spec_of(samples), "en")
    bound = form_of(form_field)["sample"]
    html = str(bound)
    assert not re.search(r"\bstyle=|\bon[a-z]+=|<script", html)
    if bound.id_for_label:
        assert f'id="{bound.id_for_label}"' in html


def test_percent_form_speaks_of_percent() -> None:
    percent = field_types.get("percent")
    form = form_of(percent.form_field(field_spec("percent"), "en"), {"sample": "12.5"})
    assert form.is_valid()
    assert str(form.cleaned_data["sample"]) == "0.125"


def test_naive_form_input_is_read_in_the_users_zone() -> None:
    moment = field_types.get("datetime")
    with timezone.override("Asia/Shanghai"):
        form = form_of(moment.form_field(field_spec("datetime"), "en"), {"sample": "2026-01-05T10:00"})
        assert form.is_valid()
        value = moment.clean(field_spec("datetime"), form.cleaned_data["sample"], clean_context())
    assert value.isoformat() == "2026-01-05T02:00:00+00:00"


@pytest.mark.parametrize("key", ["picklist", "multi_picklist"])
def test_retired_choice_is_offered_only_where_it_is_chosen(key: str) -> None:
    spec = field_spec(key, choice_set=choice_set(*CHOICES))
    fresh = show(field_types.get(key).form_field(spec, "zh-hans"))
    assert "新建" in fresh
    assert "旧的" not in fresh
    kept = show(field_types.get(key).form_field(spec, "zh-hans"), ["old"] if key == "multi_picklist" else "old")
    assert posted(kept)["sample"] == "old"
    sent = {"sample": ["old"]} if key == "multi_picklist" else {"sample": "old"}
    assert form_of(field_types.get(key).form_field(spec, "zh-hans"), sent).is_valid()


def test_many_choices_become_a_list_with_a_search_box() -> None:
    many = choice_set(*(type(CHOICES[0])(f"v{n}", f"V{n}", f"选{n}") for n in range(11)))
    html = show(field_types.get("multi_picklist").form_field(field_spec("multi_picklist", choice_set=many), "en"))
    assert '<select name="sample"' in html
    assert 'data-behaviour="multi-select"' in html


def test_lookup_shows_the_name_and_sends_the_id() -> None:
    lookup, spec = field_types.get("lookup"), spec_of(ALL["lookup"])
    account = Reference("account", FIXED_IDS.records[0], '云途 "信息" <b>')
    html = show(lookup.form_field(spec, "en"), account)
    assert 'data-url="/lookup/account"' in html
    assert "<b>" not in html
    assert posted(html)["sample"] == str(account.id)
    assert posted(html)["sample_text"] == account.name


def test_lookup_shown_again_keeps_the_chosen_name() -> None:
    lookup, spec = field_types.get("lookup"), spec_of(ALL["lookup"])
    sent = {"sample": str(FIXED_IDS.records[0]), "sample_text": "云途信息"}
    html = str(form_of(lookup.form_field(spec, "en"), sent)["sample"])
    assert posted(html).dict() == sent


def test_text_that_was_not_chosen_is_an_error_not_an_empty_field() -> None:
    lookup, spec = field_types.get("lookup"), spec_of(ALL["lookup"])
    form = form_of(lookup.form_field(spec, "en"), {"sample": "", "sample_text": "云途"})
    assert form.has_error("sample", "not_chosen")
    assert 'value="云途"' in str(form["sample"])


def test_lookup_to_several_objects_sends_object_and_id() -> None:
    poly, spec = field_types.get("poly_lookup"), spec_of(ALL["poly_lookup"])
    sent = {"sample": str(FIXED_IDS.records[0]), "sample_text": "李雷", "sample_object": "contact"}
    form = form_of(poly.form_field(spec, "en"), sent)
    assert form.is_valid()
    assert form.cleaned_data["sample"] == {"object": "contact", "id": str(FIXED_IDS.records[0])}
    assert isinstance(form["sample"].value(), Chosen)


def test_labels_are_asked_for_in_every_language() -> None:
    form = field_types.get("lookup").settings_form({"target": "account", "related_label": {"zh-hans": "商机"}})
    html = str(form["related_label"])
    assert posted(html).dict() == {"related_label__zh-hans": "商机", "related_label__en": ""}
    again = field_types.get("lookup").settings_form({"target": "account", **posted(html).dict()})
    assert again.is_valid()
    assert again.settings() == {"target": "account", "related_label": {"zh-hans": "商机"}}


def test_number_inputs_say_their_limits() -> None:
    html = show(field_types.get("integer").form_field(field_spec("integer", {"min": 1, "max": 9}), "en"))
    assert 'min="1"' in html
    assert 'max="9"' in html
    assert 'type="number"' in html


def test_large_numbers_are_shown_plainly() -> None:
    html = show(field_types.get("integer").form_field(field_spec("integer"), "zh-hans"), 1234567)
    assert posted(html)["sample"] == "1234567"


@pytest.mark.parametrize("samples", PURE, ids=lambda samples: samples.key)
def test_console_renders_the_field_with_label_and_error(samples: Any) -> None:
    form_field = field_types.get(samples.key).form_field(spec_of(samples), "zh-hans")
    form = form_of(form_field, {})
    form.add_error("sample", "不对")
    html = Template("{% load console %}{% render_field form.sample %}").render(Context({"form": form}))
    assert "Sample" in html
    assert "不对" in html
    assert not re.search(r'class="[^"]*\b([\w-]+)\b(?: [^"]*)? \1[ "]', html), "a class is given twice"
    assert html.count("aria-invalid") == 1 or samples.key == "multi_picklist"


@pytest.mark.parametrize("key", field_types.keys())
def test_console_renders_the_settings_of_every_type(key: str) -> None:
    form = field_types.get(key).settings_form()
    for name in ("target", "targets"):  # these list the organisation's objects
        if name in form.fields:
            form.fields[name].widget.choices = [("account", "客户")]
    html = Template("{% load console %}{% render_form form %}").render(Context({"form": form}))
    assert not re.search(r"\bstyle=|\bon[a-z]+=|<script", html)
    for name in form.fields:
        assert f'name="{name}' in html
