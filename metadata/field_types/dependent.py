"""The parameters of choices that depend on another field: which field, and which choices each of its values allows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.frozen import thaw
from metadata.compiler.spec import FieldSpec
from metadata.field_types.base import SettingsForm

CONTROLLING, ALLOWED = "controlling_field", "allowed_values"
API_NAME = r"^[a-z][a-z0-9_]{0,39}$"


class MatrixField(forms.Field):
    """`{controlling value: [allowed values]}`; in a form it is kept as JSON, for it has a page of its own."""

    widget = forms.HiddenInput

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(thaw(value or {}), ensure_ascii=False)

    def to_python(self, value: Any) -> dict[str, list[str]]:
        try:
            given = json.loads(value) if isinstance(value, str) and value else thaw(value or {})
        except ValueError:
            given = None
        if not isinstance(given, Mapping) or not all(_is_row(key, row) for key, row in given.items()):
            raise forms.ValidationError(_("Say for each controlling value which values it allows."))
        return {key: list(dict.fromkeys(row)) for key, row in given.items()}


class DependencySettings(SettingsForm):
    controlling_field = forms.RegexField(
        API_NAME, label=_("Controlling field"), required=False, widget=forms.HiddenInput
    )
    allowed_values = MatrixField(label=_("Allowed values"), required=False)

    def settings(self) -> dict[str, Any]:
        found = super().settings()
        if CONTROLLING not in found:
            found.pop(ALLOWED, None)
        return found


def controlling_name(field: FieldSpec) -> str:
    """Return the API name of the field on which the choices depend, "" when they depend on none."""
    return str(field.settings.get(CONTROLLING, ""))


def controlling_key(value: Any) -> str:
    """Return a controlling value as the matrix names it: a choice by its value, a check box by true or false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def allowed_values(field: FieldSpec, controlling: Any) -> frozenset[str]:
    """Return the values that go with a controlling value: none unless the matrix says so."""
    matrix: Mapping[str, Any] = field.settings.get(ALLOWED) or {}
    return frozenset(matrix.get(controlling_key(controlling), ()))


def _is_row(key: Any, row: Any) -> bool:
    return isinstance(key, str) and isinstance(row, list | tuple) and all(isinstance(item, str) for item in row)
