"""The parameter by which a field points only at what fits: a condition tree of the filter format, as JSON."""

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


class ConditionsInput(widgets.Textarea):
    """A condition tree as JSON, for which the console brings rows of field, operator and value.

    `target` is what the conditions are about, where that is always the same; else `data-target-from` names the
    control that knows. `data-url` answers with the rows; without it, or without JavaScript, the JSON is edited.
    """

    template_name = "fields/conditions.html"
    css = "form-control code-input"

    def __init__(self, target: str = "", attrs: Mapping[str, Any] | None = None) -> None:
        self.editor = {"target": target, "target_from": "", "url": "", "field": ""}
        super().__init__({"rows": 3, "spellcheck": "false", **(attrs or {})})

    def __deepcopy__(self, memo: Any) -> ConditionsInput:
        copied: ConditionsInput = super().__deepcopy__(memo)
        copied.editor = {**self.editor}
        return copied

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, dict(attrs or {}))
        context["widget"]["editor"] = self.editor
        return context


class TargetFilterField(forms.Field):
    """Reads JSON or what it stands for. Whether its names exist is checked when the model is published."""

    def __init__(self, label: Any = "", target: str = "") -> None:
        super().__init__(
            label=label or _("Only records that fit"),
            help_text=_("Only what meets all conditions can be chosen; without any, everything can be."),
            required=False,
            widget=ConditionsInput(target),
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
