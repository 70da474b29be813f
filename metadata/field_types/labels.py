"""Labels of objects for settings forms, and the form field of a text in every language; no field type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from metadata.field_types import widgets

MAX_LENGTH = 80


def object_choices() -> list[tuple[str, str]]:
    """Return the organisation's objects for a select, in the current language."""
    from metadata.compiler.current import current_snapshot  # the compiler imports the field types

    language = get_language() or settings.LANGUAGE_CODE
    return [(spec.api_name, spec.label.text(language)) for spec in current_snapshot().objects()]


def object_label(api_name: str, language: str) -> str:
    """Return an object's label; its API name when there is no such object."""
    from metadata.compiler.current import current_snapshot  # the compiler imports the field types

    spec = current_snapshot().spec.object_map.get(api_name)
    return spec.label.text(language) if spec else api_name


class LabelsField(forms.Field):
    """A text by locale: `{"en": …, "zh-hans": …}`; a plain text counts for every language."""

    widget = widgets.LabelsInput

    def to_python(self, value: Any) -> dict[str, str]:
        given = {"": value} if isinstance(value, str) else value or {}
        if not isinstance(given, Mapping) or not all(isinstance(text, str) for text in given.values()):
            raise forms.ValidationError(_("Enter a text for each language."))
        known = {"", *dict(settings.LANGUAGES)}
        texts = {str(locale): text.strip() for locale, text in given.items() if text.strip()}
        if not known >= texts.keys() or any(len(text) > MAX_LENGTH for text in texts.values()):
            raise forms.ValidationError(_("At most %(max)d characters in a known language.") % {"max": MAX_LENGTH})
        return texts
