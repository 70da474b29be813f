"""Labels in every language: one text input each, the reader's own language first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import get_language

from metadata.compiler.spec import Labels


def label_fields(attribute: str, title: Any, *, required: bool = True, long: bool = False) -> dict[str, forms.Field]:
    """Return one form field per language; only the reader's own language is required."""
    made: dict[str, forms.Field] = {}
    for code, name in _languages():
        widget = forms.Textarea(attrs={"rows": 2}) if long else forms.TextInput()
        made[field_name(attribute, code)] = forms.CharField(
            label=format_lazy("{title} ({name})", title=title, name=name),
            required=required and code == get_language(),
            widget=widget,
            max_length=500 if long else 80,
        )
    return made


def field_name(attribute: str, language: str) -> str:
    return f"{attribute}_{language.replace('-', '_')}"


def labels_of(cleaned: Mapping[str, Any], attribute: str) -> dict[str, str]:
    """Return the texts by language; an emptied one is kept as "", which removes its translation."""
    return {code: cleaned.get(field_name(attribute, code)) or "" for code, _name in settings.LANGUAGES}


def initial_labels(labels: Labels, attribute: str) -> dict[str, str]:
    """Return the forms' initial values; the untagged text stands in for the reader's own language."""
    return {
        field_name(attribute, code): labels.get(code) or (labels.get("", "") if code == get_language() else "")
        for code, _name in settings.LANGUAGES
    }


def _languages() -> list[tuple[str, str]]:
    return sorted(settings.LANGUAGES, key=lambda item: item[0] != get_language())
