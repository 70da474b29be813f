"""Inputs that the forms of pools share: conditions, fields of an object, lists written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_platform.console.forms import ChipSelect
from metadata.compiler.compiled import CompiledField
from metadata.compiler.current import current_snapshot
from metadata.field_types.choices import active_choices, label_of
from metadata.field_types.target_filters import TargetFilterField

NEWEST = "-created_at"
MOST = 1_000_000
SYSTEM_ORDERS = ("last_followup_at", "last_owner_change_at")


class ConditionField(TargetFilterField):
    """A condition about the records of one object: rows in the console, JSON without scripts; None for none."""

    def __init__(self, target: str, label: Any, help_text: Any = "") -> None:
        super().__init__(label=label, target=target)
        self.help_text = help_text
        editor = self.widget.editor  # type: ignore[attr-defined]
        editor["url"] = reverse("sharing-conditions")

    def clean(self, value: Any) -> dict[str, Any] | None:
        return super().clean(value) or None


class LinesField(forms.CharField):
    """Several short texts, one per line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea({"rows": 5}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        text = str(super().clean(value) or "")
        return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


class DaysField(forms.CharField):
    """Several numbers of days, such as "3, 1"."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(item) for item in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[int]:
        parts = [part for part in re.split(r"[\s,，、;；]+", str(super().clean(value) or "")) if part]
        if not all(part.isdecimal() and 0 < int(part) <= 365 for part in parts if len(part) < 6) or any(
            len(part) > 5 for part in parts
        ):
            raise forms.ValidationError(_("Enter numbers of days, such as 3, 1."))
        return sorted({int(part) for part in parts}, reverse=True)


def number(label: Any, help_text: Any = "", *, most: int = MOST, least: int = 1, required: bool = False) -> Any:
    return forms.IntegerField(label=label, help_text=help_text, min_value=least, max_value=most, required=required)


def compiled_fields(object_name: str) -> Iterator[CompiledField]:
    """Yield the business fields of an object that are in use."""
    for field in current_snapshot().object(object_name).fields.values():
        if not (field.spec.is_system or field.spec.is_deprecated):
            yield field


def masked_field(object_name: str, language: str) -> forms.MultipleChoiceField:
    """Return the choice of fields that stay masked until a record is claimed."""
    choices = [(field.name, field.spec.label.text(language)) for field in compiled_fields(object_name)]
    return forms.MultipleChoiceField(
        choices=choices,
        required=False,
        widget=ChipSelect(),
        label=_("Masked until claimed"),
        help_text=_("Members see these fields in part only, and can neither filter nor sort by them."),
    )


def order_field(object_name: str, language: str, present: Sequence[str]) -> forms.ChoiceField:
    """Return the choice of the order in which "claim next" takes records; the value is written with commas."""
    choices = [("", _("What came first")), (NEWEST, _("What came last"))]
    obj = current_snapshot().object(object_name)
    sortable = [*compiled_fields(object_name), *(obj.fields[name] for name in SYSTEM_ORDERS)]
    for field in sortable:
        if field.type.is_sortable and field.type.expression_type in ("number", "date", "datetime", "choice"):
            label = field.spec.label.text(language)
            choices.append((f"-{field.name}", _("%(field)s, highest first") % {"field": label}))
            choices.append((field.name, _("%(field)s, lowest first") % {"field": label}))
    kept = ",".join(present)
    if kept and kept not in dict(choices):
        choices.append((kept, kept))
    return forms.ChoiceField(choices=choices, required=False, label=_("What “claim next” takes first"))


def choice_fields(object_name: str) -> list[CompiledField]:
    """Return the fields of an object with one of several choices."""
    return [field for field in compiled_fields(object_name) if field.spec.type in ("picklist", "stage")]


def choices_of(object_name: str, name: str, language: str) -> list[tuple[str, str]]:
    """Return the choices of a field; none where there is no such field."""
    obj = current_snapshot().spec.object_map.get(object_name)
    spec = obj.field_map.get(name) if obj else None
    if spec is None or spec.choice_set is None:
        return []
    return [(item.value, label_of(item, item.value, language)) for item in active_choices(spec)]


def usual_status(object_name: str) -> str:
    """Return the field that says how far records of an object are; "" without any."""
    spec = current_snapshot().spec.object_map[object_name]
    return next((name for name in ("stage", "status") if name in spec.field_map), "")
