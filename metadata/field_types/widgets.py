"""Form widgets of the field types, in Bootstrap's classes; templates are in `metadata/templates/fields/`.

No inline style or script: what needs JavaScript says `data-behaviour`, and the console brings the behaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_platform.console import forms as console_forms

TEXT_SUFFIX = "_text"  # the visible text beside a hidden id
OBJECT_SUFFIX = "_object"


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


class SecretInput(TextInput):
    """Shows dots; a form that comes back keeps what was typed, as it does for every other input."""

    input_type = "password"

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "new-password", **(attrs or {})})


class PhoneInput(TextInput):
    input_type = "tel"


class PlaceInput(TextInput):
    """Latitude and longitude as text, with a button that asks the device where it is; `ending` is put behind."""

    template_name = "fields/place.html"

    def __init__(self, attrs: Mapping[str, Any] | None = None, *, ending: str = "") -> None:
        super().__init__({"inputmode": "decimal", "placeholder": "22.54,114.05", **(attrs or {})})
        self.ending = ending

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, dict(attrs or {}))
        context["widget"]["ending"] = self.ending
        return context


class CheckInInput(PlaceInput):
    """A place, together with what the browser says of the device, in a hidden input."""

    template_name = "fields/check_in.html"

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        said = value if isinstance(value, Mapping) else {"place": value, "device": ""}
        context = super().get_context(name, said["place"], attrs)
        context["widget"].update(device=said["device"], device_name=f"{name}_device")
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, str]:
        sent = {"place": data.get(name), "device": data.get(f"{name}_device")}
        return {part: item if isinstance(item, str) else "" for part, item in sent.items()}

    def posted(self, name: str, value: Any) -> dict[str, list[str]]:
        """Return what a browser sends for the inputs when they are left alone."""
        said = value if isinstance(value, Mapping) else {"place": "", "device": ""}
        inputs = ((name, said["place"]), (f"{name}_device", said["device"]))
        return {key: [text] if text else [] for key, text in inputs}


class NumberInput(_Styled, forms.NumberInput):
    template_name = "fields/input.html"


class MoneyInput(NumberInput):
    css = "form-control text-end"


class PercentInput(NumberInput):
    template_name = "fields/percent.html"


class Textarea(_Styled, forms.Textarea):
    template_name = "fields/textarea.html"


class ExpressionInput(Textarea):
    """A formula or condition, which the console's expression editor helps to write; without JavaScript plain text.

    `data-object` says whose names it uses, `data-returns` which type is needed (or `…-from`, the control of the same
    form that knows), `data-purpose` what it is for.
    """

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        behaviour = {"data-behaviour": "expression-editor", "class": "form-control code-input"}
        super().__init__({**behaviour, "spellcheck": "false", "rows": 3, **(attrs or {})})

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, dict(attrs or {}))
        context["widget"]["attrs"].update(
            {
                "data-names-url": reverse("metadata-expression-names"),
                "data-check-url": reverse("metadata-expression-check"),
                "data-label-use": _("Use “{text}”"),
                "data-label-sound": _("Gives: {type}"),
            }
        )
        return context


class CodeArea(Textarea):
    """Several lines in letters of one width."""

    css = "form-control code-input"

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__({"spellcheck": "false", **(attrs or {})})


class RichTextArea(Textarea):
    """HTML, for which the console brings an editor; without JavaScript the HTML itself can be changed."""

    template_name = "fields/rich_text.html"

    def __init__(self, features: Iterable[str], attrs: Mapping[str, Any] | None = None) -> None:
        self.features = tuple(features)
        super().__init__(attrs)

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, dict(attrs or {}))
        context["widget"]["features"] = self.features
        return context


class Switch(_Styled, forms.CheckboxInput):
    css = "form-check-input"
    template_name = "fields/input.html"


class DateInput(_Styled, console_forms.DateInput):
    template_name = "fields/input.html"


class DateTimeInput(_Styled, console_forms.DateTimeInput):
    """Shows seconds only where there are any, so that saving a form unchanged changes nothing."""

    template_name = "fields/input.html"

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%S" if value.second else "%Y-%m-%dT%H:%M")
        return str(value) if value else None


class MonthInput(TextInput):
    """The browser's own picker of months; where there is none, a text such as 2026-03."""

    input_type = "month"

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__({"placeholder": "YYYY-MM", **(attrs or {})})


class TimeInput(_Styled, forms.TimeInput):
    """The browser's own time picker; shows seconds only where there are any."""

    input_type = "time"
    template_name = "fields/input.html"

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, time):
            return value.isoformat("seconds" if value.second else "minutes")
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
    """Check boxes that look like chips; for a handful of choices."""

    template_name = "fields/chips.html"


class Radios(_KeepsRetired, forms.RadioSelect):
    """All choices at once, one of them chosen; with `colors` (value → colour) as badges, else as plain buttons."""

    template_name = "fields/radios.html"

    def __init__(self, colors: Mapping[str, str] | None = None) -> None:
        self.colors = colors or {}
        super().__init__()

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, dict(attrs or {}))
        for _group, options, _index in context["widget"]["optgroups"]:
            for option in options:
                option["color"] = self.colors.get(str(option["value"])) or "gray"
        context["widget"]["is_colored"] = bool(self.colors)
        return context


class TagsInput(TextInput):
    """Tags separated by commas; the console shows them as chips and suggests those of `url` or `known`."""

    template_name = "fields/tags.html"

    def __init__(self, url: str, known: Iterable[str] = ()) -> None:
        self.known = tuple(known)
        super().__init__({"autocomplete": "off", "data-behaviour": "tags", **({"data-url": url} if url else {})})

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, dict(attrs or {}))
        context["widget"]["known"] = self.known
        return context


class ColorInput(TextInput):
    """The digits of a colour beside the browser's own picker; without JavaScript the digits alone."""

    template_name = "fields/color.html"

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__({"placeholder": "#1677ff", "spellcheck": "false", **(attrs or {})})


class IconInput(_KeepsRetired, console_forms.IconChoice):
    """Icons as tiles, the first of which takes the icon away."""

    template_name = "fields/icons.html"


class RatingInput(Radios):
    """Radio buttons that look like a row of stars; the first, without a star, takes the rating away."""

    template_name = "fields/rating.html"
    known: Mapping[str, str] = {"0": "0"}

    def __init__(self, drawing: str) -> None:
        self.drawing = drawing
        super().__init__()

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["drawing"] = self.drawing
        return context


class SliderInput(NumberInput):
    """A number beside a bar that sets it; without JavaScript the number alone."""

    template_name = "fields/slider.html"

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, dict(attrs or {}))
        context["widget"]["limits"] = {key: self.attrs[key] for key in ("min", "max", "step") if key in self.attrs}
        return context


class ChipSelect(_Styled, _KeepsRetired, console_forms.ChipSelect):
    """A list with a search box; for many choices."""

    css = "form-select"
    template_name = "fields/select.html"


@dataclass(frozen=True)
class Chosen:
    """What a lookup box sent: the id of the chosen record ("" for none), its kind, and the text that was shown."""

    id: str
    name: str
    object: str


class LookupInput(console_forms.LookupInput):
    """The console's lookup box over one or more targets; a form shown again still shows the chosen name.

    `targets` are (API name, function that returns its label), asked for when the box is drawn.
    """

    def __init__(self, targets: Iterable[tuple[str, Callable[[], str]]], attrs: dict[str, Any] | None = None) -> None:
        self.targets = tuple(targets)
        self.is_poly = len(self.targets) > 1
        super().__init__("/lookup/{object}" if self.is_poly else f"/lookup/{self.targets[0][0]}", attrs=attrs)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        if self.is_poly:
            self.kinds = tuple(console_forms.LookupKind(target, label()) for target, label in self.targets)
        return super().get_context(name, value, {**(attrs or {}), "name": name + TEXT_SUFFIX})

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        value, text = data.get(name) or "", data.get(name + TEXT_SUFFIX) or ""
        if not isinstance(value, str) or not (value or text):
            return value or None
        kind = data.get(name + OBJECT_SUFFIX) or self.targets[0][0]
        return Chosen(value, text or value, kind if isinstance(kind, str) else "")


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
