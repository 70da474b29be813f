"""Inputs of values that consist of parts: a person's name, a period, a range; no field type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise

Parts = list[Any]


class PartsInput(forms.MultiWidget):
    """Several inputs side by side, each with a label of its own; `split` makes their values out of one value."""

    template_name = "fields/parts.html"
    use_fieldset = False

    def __init__(self, parts: Mapping[str, tuple[Promise | str, forms.Widget]], split: Callable[[Any], Parts]) -> None:
        self.labels = [label for label, _widget in parts.values()]
        self.split = split
        super().__init__({name: widget for name, (_label, widget) in parts.items()})

    def decompress(self, value: Any) -> list[Any]:
        return [None] * len(self.widgets) if value is None else self.split(value)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        given = dict(attrs or {})
        given.pop("class", None)  # meant for a single input
        is_invalid = given.pop("aria-invalid", None) is not None
        context: dict[str, Any] = super().get_context(name, value, given)
        inputs = context["widget"]["subwidgets"]
        for label, part in zip(self.labels, inputs, strict=True):
            part["attrs"]["aria-label"] = label
            if is_invalid:
                part["attrs"]["class"] = f"{part['attrs'].get('class', '')} is-invalid".strip()
        if is_invalid:
            inputs[0]["attrs"]["aria-invalid"] = "true"
        context["widget"]["parts"] = list(zip(self.labels, inputs, strict=True))
        return context

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0" if id_ else ""


class PartsField(forms.MultiValueField):
    """The form field of such a value: `join` makes it out of the parts, None when all are empty."""

    widget: PartsInput

    def __init__(self, fields: tuple[forms.Field, ...], widget: PartsInput, join: Callable[[Parts], Any]) -> None:
        self.join = join
        super().__init__(fields, widget=widget, require_all_fields=False)
        for field in self.fields:
            field.required = False

    def compress(self, data_list: list[Any]) -> Any:
        return self.join(data_list) if any(item not in (None, "") for item in data_list) else None
