"""The parameter by which a lookup points only at records that fit: a condition tree of the filter format, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.frozen import thaw
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets

FILTER = "filter"


class TargetFilterField(forms.Field):
    """Reads JSON or what it stands for. Whether its names exist is checked when the model is published."""

    widget = widgets.Textarea

    def __init__(self) -> None:
        super().__init__(
            label=_("Only records that fit"),
            help_text=_(
                'A filter as in the API, for example {"field": "account_id", "op": "eq", "value": {"field": '
                '"account_id"}}; the inner field is one of this object. While that is empty, it restricts nothing.'
            ),
            required=False,
            widget=widgets.Textarea({"rows": 3, "spellcheck": "false"}),
        )

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or not value else json.dumps(thaw(value), ensure_ascii=False)

    def to_python(self, value: Any) -> dict[str, Any]:
        try:
            given = json.loads(value) if isinstance(value, str) and value.strip() else value or {}
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, Mapping):
            raise forms.ValidationError(_("This is not a filter."))
        return dict(given)


def target_filter(field: FieldSpec) -> Mapping[str, Any]:
    """Return the condition that what the field points at must meet; empty when there is none.

    A roll-up has a parameter of that name, too: an expression.
    """
    found = field.settings.get(FILTER)
    return found if isinstance(found, Mapping) else {}
