"""Form widgets of the console that Django does not have: the lookup box, chips, a switch; the status of a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class LookupKind:
    """One of the kinds of record that a lookup box offers: API name and label."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class LookupChoice:
    """A chosen record as the box shows it; `object` is its kind where there are several."""

    id: str
    name: str
    object: str = ""


class LookupInput(forms.Widget):
    """A box that finds records by name, sending the id of the chosen one.

    `url` answers `?q=` with JSON `[{id, name, subtitle, object}]`; with `kinds` it holds `{object}` in the place
    of the kind, and the value is an `{"object", "id"}` mapping. Initial values may be any object with `id`,
    `name` and, for several kinds, `object`; a bare id is shown as it is.
    """

    template_name = "console/widgets/lookup.html"
    is_multiple = False
    sent_fields: tuple[str, ...] = ()  # controls of the same form whose values narrow what is offered

    def __init__(
        self, url: str, *, kinds: Iterable[LookupKind] = (), create_url: str = "", attrs: dict[str, Any] | None = None
    ) -> None:
        self.url = url
        self.kinds = tuple(kinds)
        self.create_url = create_url
        super().__init__(attrs)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        chosen = [as_choice(item) for item in self._items(value)]
        first = chosen[0] if chosen and not self.is_multiple else None
        context["widget"].update(
            url=self.url,
            kinds=self.kinds,
            create_url=self.create_url,
            is_multiple=self.is_multiple,
            sent_fields=",".join(self.sent_fields),
            chosen=chosen,
            value=first.id if first else "",
            text=first.name if first else "",
            object=first.object if first else "",
        )
        return context

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        value = data.get(name) or None
        if value is None or not self.kinds:
            return value
        return {"object": data.get(f"{name}_object") or self.kinds[0].name, "id": value}

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in data

    @staticmethod
    def _items(value: Any) -> list[Any]:
        return [] if value in (None, "") else [value]


class LookupMultipleInput(LookupInput):
    """The same box for several records, whose ids are sent as several values of one name."""

    is_multiple = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return data.getlist(name) if hasattr(data, "getlist") else list(data.get(name) or [])

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return False  # no chosen record sends nothing at all

    @staticmethod
    def _items(value: Any) -> list[Any]:
        return [] if value in (None, "") else list(value)


def as_choice(value: Any) -> LookupChoice:
    """Return what a box shows for a reference, a mapping or a bare id."""
    if isinstance(value, Mapping):
        return LookupChoice(
            str(value.get("id", "")), str(value.get("name", value.get("id", ""))), str(value.get("object", ""))
        )
    if hasattr(value, "id"):
        name = getattr(value, "name", None) or value.id
        return LookupChoice(str(value.id), str(name), str(getattr(value, "object", "") or ""))
    return LookupChoice(str(value), str(value))


class ChipSelect(forms.SelectMultiple):
    """Several choices, shown as chips; without JavaScript the plain list that it is."""

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        behaviour = {
            "data-behaviour": "multi-select",
            "data-label-none": _("Nothing found"),
            "data-label-clear": _("Remove"),
        }
        super().__init__({**behaviour, **(attrs or {})}, choices)


class DateInput(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateTimeInput(forms.DateTimeInput):
    """The browser's own picker of date and time, to the minute."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class IconChoice(forms.RadioSelect):
    """One of several icons, shown as tiles."""

    template_name = "console/widgets/icon_choice.html"


class ColorChoice(forms.RadioSelect):
    """One of the colours of tags and objects, shown as dots; a choice's value is the colour's name."""

    template_name = "console/widgets/color_choice.html"


def form_status(request: HttpRequest) -> int:
    """Return the status of a page that shows a form: 422 when it was sent and came back with mistakes."""
    return 422 if request.method == "POST" else 200
