"""Checking a field's parameters with its type's settings form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from metadata.field_types.base import FieldType


def clean_settings(field_type: FieldType, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cleaned settings of a field of this type; raises ValidationFailed naming each bad parameter."""
    form = field_type.settings_form(data=dict(settings))
    unknown = [name for name in settings if name not in form.fields]
    errors = [FieldError(f"settings.{name}", "unknown_field", _("Unknown parameter.")) for name in unknown]
    if not form.is_valid():
        errors += [
            FieldError(f"settings.{name}", "invalid_type", str(message))
            for name, messages in form.errors.items()
            for message in messages
        ]
    if errors:
        raise ValidationFailed(errors)
    return form.settings()
