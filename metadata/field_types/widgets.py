"""Form widgets of the field types, in Bootstrap's classes; templates are in `metadata/templates/fields/`.

No inline style or script: what needs JavaScript says `data-behaviour`, and the console brings the behaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings

from metadata.field_types.values import Reference

TEXT_SUFFIX = "__text"  # the visible text beside a hidden id
OBJECT_SUFFIX = "__object"


class _Styled(forms.Widget):
    """Gives the widget its CSS class; a class given by the caller wins."""

    css = "form-control"

    def __init__(self, attrs: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(attrs={"class": self.css, **(attrs or {})}, **options)


class TextInput(_Styled, forms.TextInput):
    template_name = "fields/input.html"


class EmailInput(_Styled, forms.EmailInput):
    template_name = "fields/input.html"


class UrlInput(TextInput):
    """Not of type `url`: browsers refuse `www.example.com` there, which the field type completes."""

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "url", "spellcheck": "false", **(attrs or {})})


class PhoneInput(TextInput):
    input_type = "tel"


class NumberInput(_Styled, forms.NumberInput):
    template_name = "fields/input.html"


class MoneyInput(NumberInput):
    css = "form-control text-end"


class PercentInput(NumberInput):
    template_name = "fields/percent.html"


class Textarea(_Styled, forms.Textarea):
    template_name = "fields/textarea.html"


class Switch(_Styled, forms.CheckboxInput):
    css = "form-check-input"
    template_name = "fields/switch.html"


class DateInput(_Styled, forms.DateInput):
    input_type = "date"
    template_name = "fields/input.html"

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateTimeInput(_Styled, forms.DateTimeInput):
    """Shows seconds only where there are any, so that saving a form unchanged changes nothing."""

    input_type = "datetime-local"
    template_name = "fields/input.html"

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%S" if value.second else "%Y-%m-%dT%H:%M")
        return str(value) if value else None


class _KeepsRetired(forms.widgets.ChoiceWidget):
    """Also shows a chosen value that is no longer offered, found in `known` (value → label)."""

    known: Mapping[str, str] = {}

    def optgroups(self, name: str, value: list[str], attrs: Mapping[str, Any] | None = None) -> list[Any]:
        groups: list[Any] = super().optgroups(name, value, dict(attrs or {}))
        shown = {str(option["value"]) for _, options, _ in groups for option in options}
        for item in value:
            if item in self.known and item not in shown:
                option = self.create_option(name, item, self.known[item], True, len(groups), attrs=dict(attrs or {}))
                groups.append((None, [option], len(groups)))
        return groups


class Select(_Styled, _KeepsRetired, forms.Select):
    css = "form-select"
    template_name = "fields/select.html"


class Chips(_KeepsRetired, forms.CheckboxSelectMultiple):
    """Check boxes that look like chips."""

    template_name = "fields/chips.html"


class Chosen(str):
    """The id that came from a lookup's hidden input, with the text that stood beside it."""

    text: str

    def __new__(cls, value: str, text: str = "") -> Chosen:
        chosen = super().__new__(cls, value)
        chosen.text = text
        return chosen


class ChosenRecord(dict[str, str]):
    """`{"object", "id"}` from a lookup to several objects, with the text that stood beside it."""

    def __init__(self, target: str, value: str, text: str) -> None:
        super().__init__(object=target, id=value)
        self.text = text


class LookupInput(_Styled):
    """A combo box: a hidden id and a visible text with suggestions from `/lookup/<object>`."""

    template_name = "fields/lookup.html"

    def __init__(self, target: str, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.target = target

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, dict(attrs or {}))
        chosen, text = chosen_parts(value)
        parts = {"url": f"/lookup/{self.target}", "chosen": chosen, "text": text, "text_name": name + TEXT_SUFFIX}
        context["widget"].update(parts)
        return context

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        value, text = data.get(name), data.get(name + TEXT_SUFFIX) or ""
        return Chosen(value or "", text) if text and isinstance(value, str | None) else value


class PolyLookupInput(LookupInput):
    """A combo box behind a select of the object. `labels` are (API name, function that returns its label)."""

    template_name = "fields/poly_lookup.html"

    def __init__(self, labels: Iterable[tuple[str, Callable[[], str]]], attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__("", attrs)
        self.labels = tuple(labels)

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        target = value.object if isinstance(value, Reference) else (value or {}).get("object", "")
        objects = [(key, label(), key == target) for key, label in self.labels]
        context["widget"].update({"objects": objects, "object_name": name + OBJECT_SUFFIX})
        return context

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        if isinstance(value, str) and value:
            return ChosenRecord(data.get(name + OBJECT_SUFFIX) or "", str(value), getattr(value, "text", ""))
        return value


def chosen_parts(value: Any) -> tuple[str, str]:
    """Return the id and the text that a lookup shows for a Reference, an id, or what a form sent."""
    if isinstance(value, Reference):
        return str(value.id), value.name or str(value.id)
    text = getattr(value, "text", "")
    found = str((value.get("id") if isinstance(value, Mapping) else value) or "")
    return found, text or found


class LabelsInput(forms.Widget):
    """One text input for each language of the installation; the value is a text by locale."""

    template_name = "fields/labels.html"

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, dict(attrs or {}))
        texts = value if isinstance(value, Mapping) else {settings.LANGUAGE_CODE: value or ""}
        inputs = [
            {"locale": locale, "language": language, "name": f"{name}__{locale}", "value": texts.get(locale, "")}
            for locale, language in settings.LANGUAGES
        ]
        context["widget"]["inputs"] = inputs
        return context

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        if name in data:
            return data[name]
        return {locale: data.get(f"{name}__{locale}") or "" for locale, _ in settings.LANGUAGES}

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in data and not any(f"{name}__{locale}" in data for locale, _ in settings.LANGUAGES)

    def id_for_label(self, id_: str | None) -> str:
        return f"{id_}_0" if id_ else ""
