"""Template tags and widgets: classes, labels, errors and what comes back from the browser."""

from __future__ import annotations

from types import SimpleNamespace

from django import forms
from django.http import QueryDict
from django.template import Context, Template

from crm_platform.console.forms import ChipSelect, LookupInput, LookupKind, LookupMultipleInput
from crm_platform.console.templatetags import console


class Sample(forms.Form):
    name = forms.CharField(max_length=3, help_text="In full")
    size = forms.ChoiceField(choices=[("s", "Small"), ("l", "Large")], widget=forms.RadioSelect)
    note = forms.CharField(widget=forms.Textarea, required=False)
    done = forms.BooleanField(required=False)


def render(source: str, **context: object) -> str:
    return Template("{% load console %}" + source).render(Context(context))


def test_field_has_label_help_and_errors_that_belong_to_it() -> None:
    html = render("{% render_field form.name %}", form=Sample({"name": "too long", "size": "s"}))
    assert '<label class="form-label" for="id_name">Name<span class="required"' in html
    assert 'class="form-control is-invalid"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_error"' in html


def test_form_shows_all_fields_each_in_its_shape() -> None:
    html = render("{% render_form form 2 %}", form=Sample())
    assert "form-grid-2" in html
    assert 'class="form-check" for="id_done"' in html
    assert 'role="group" aria-labelledby="id_size-label"' in html
    assert html.count('type="radio"') == 2
    assert "field-wide" in html
    assert 'rows="4"' in html


def test_field_may_depend_on_another() -> None:
    class Dependent(forms.Form):
        pattern = forms.CharField(widget=forms.TextInput({"data-show-when": "kind=number,date"}))

    html = render("{% render_field form.pattern %}", form=Dependent())
    assert 'data-behaviour="show-when" data-when="kind" data-values="number,date"' in html


def test_text_of_users_is_escaped() -> None:
    assert "<b>" not in console.tag("<b>x</b>", "red")
    assert "<b>" not in console.avatar("<b>")
    assert "&quot;" in console.icon("x", label='"')


def test_avatar_color_is_stable_and_within_the_palette() -> None:
    assert console.avatar_color("7") == console.avatar_color("7")
    assert {console.avatar_color(number) for number in range(200)} == set(range(10))


def test_language_codes_as_html_wants_them() -> None:
    assert [console.html_lang(code) for code in ("zh-hans", "en", "pt-br")] == ["zh-Hans", "en", "pt-BR"]


def test_lookup_shows_the_chosen_record_and_returns_its_id() -> None:
    widget = LookupInput("/lookup/account")
    html = widget.render("account", SimpleNamespace(id="7", name="云途", object="account"), {"id": "id_account"})
    assert 'data-behaviour="lookup"' in html
    assert 'name="account" value="7"' in html
    assert 'value="云途"' in html
    assert widget.value_from_datadict({"account": "8"}, {}, "account") == "8"
    assert widget.value_from_datadict({"account": ""}, {}, "account") is None


def test_lookup_to_several_kinds_returns_kind_and_id() -> None:
    widget = LookupInput("/lookup/{object}", kinds=[LookupKind("account", "客户"), LookupKind("lead", "线索")])
    html = widget.render("about", {"object": "lead", "id": "7", "name": "周敏"})
    assert '<option value="lead" selected>线索</option>' in html
    assert widget.value_from_datadict({"about": "7", "about_object": "lead"}, {}, "about") == {
        "object": "lead",
        "id": "7",
    }


def test_lookup_of_several_records_returns_all_ids() -> None:
    widget = LookupMultipleInput("/lookup/user")
    assert widget.render("team", ["1", {"id": "2", "name": "王磊"}]).count('type="hidden" name="team"') == 2
    assert widget.value_from_datadict(QueryDict("team=1&team=2"), {}, "team") == ["1", "2"]
    assert widget.value_from_datadict(QueryDict(""), {}, "team") == []


def test_chip_select_stays_a_select_without_javascript() -> None:
    html = ChipSelect(choices=[("a", "A"), ("b", "B")]).render("s", ["b"])
    assert html.startswith("<select")
    assert 'data-behaviour="multi-select"' in html
    assert '<option value="b" selected>' in html
