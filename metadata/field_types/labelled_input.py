"""The widget of several addresses with labels; no field type itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from django import forms


class LabelledInput(forms.Widget):
    """Rows of a label and an address; there is always an empty one for the next."""

    template_name = "fields/labelled.html"

    def __init__(self, input_type: str = "text", suggestions: Iterable[Any] = (), attrs: Any = None) -> None:
        super().__init__({"class": "form-control", **(attrs or {})})
        self.input_type, self.suggestions = input_type, tuple(suggestions)

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, dict(attrs or {}))
        rows = [{"label": label, "value": text} for label, text in self._rows(value)]
        context["widget"].update(rows=rows or [{}], suggestions=self.suggestions, type=self.input_type)
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[tuple[str, str]]:
        texts, labels = (_all_sent(data, key) for key in (name, f"{name}_label"))
        return [(label, text) for text, label in zip_longest(texts, labels[: len(texts)], fillvalue="")]

    def posted(self, name: str, value: Any) -> dict[str, list[str]]:
        """Return what a browser sends for the rows when they are left alone."""
        rows = self._rows(value) or [("", "")]
        return {name: [text for _label, text in rows], f"{name}_label": [label for label, _text in rows]}

    @staticmethod
    def _rows(value: Any) -> list[tuple[str, str]]:
        return [(item[0], item[1]) if isinstance(item, tuple) else (item.label, item.value) for item in value or ()]


def _all_sent(data: Any, name: str) -> list[str]:
    found = data.getlist(name) if hasattr(data, "getlist") else data.get(name) or []
    return [str(item) for item in (found if isinstance(found, list | tuple) else [found])]
