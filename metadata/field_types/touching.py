"""Parameters by which a reference counts as work done on the record that it points at: an activity, or a follow-up."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.field_types import widgets

TOUCHES, TOUCHES_WHEN = "touches", "touches_when"
ACTIVITY, FOLLOW_UP = "activity", "follow_up"
_WHEN = re.compile(r"([a-z][a-z0-9_]{0,45})\s*=\s*([\w-]{1,100}(?:\s*,\s*[\w-]{1,100}){0,19})")


class TouchesWhen(NamedTuple):
    """The work counts as done once a picklist has one of these values."""

    field: str
    values: tuple[str, ...]


class TouchesField(forms.ChoiceField):
    """What a record that points at another one counts as there."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Counts for the other record as"),
            help_text=_("Sets the times of its last activity and last follow-up."),
            choices=[("", _("does not count")), (ACTIVITY, _("an activity")), (FOLLOW_UP, _("a follow-up"))],
            required=False,
            widget=widgets.Select,
        )


class TouchesWhenField(forms.CharField):
    """When the work is done: `status=done`. Whether such a field exists is checked when the model is published."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Done when"),
            help_text=_("A picklist of this object and its values, such as status=done; empty: as soon as it exists."),
            required=False,
            max_length=200,
            widget=widgets.TextInput,
        )

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value)).strip()
        if text and read_when(text) is None:
            raise forms.ValidationError(_("Name a field and its values, such as status=done."))
        return text


def read_when(text: str) -> TouchesWhen | None:
    """Return the field and values that a text names; None when it is none."""
    found = _WHEN.fullmatch(text)
    return TouchesWhen(found[1], tuple(part.strip() for part in found[2].split(","))) if found else None


def touches_when(field: FieldSpec) -> TouchesWhen | None:
    """Return when the work of a reference counts as done; None: at once."""
    text = field.settings.get(TOUCHES_WHEN)
    return read_when(text) if isinstance(text, str) else None


def moment_name(spec: ObjectSpec) -> str | None:
    """Return the field that says when the work of an object is done: its first date and time that is always there."""
    moments = (item.api_name for item in spec.business_fields if item.type == "datetime" and item.is_required)
    return next(moments, None)
