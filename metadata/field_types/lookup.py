"""Lookup: points at a record of another object."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.choices import CallableChoiceIterator
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import SettingsForm
from metadata.field_types.labels import LabelsField, object_choices
from metadata.field_types.references import ReferenceType
from metadata.field_types.registry import field_types
from metadata.field_types.target_filters import TargetFilterField
from metadata.field_types.touching import TouchesField, TouchesWhenField

ON_DELETE = {"set_null": "SET NULL", "restrict": "RESTRICT", "cascade": "CASCADE"}
API_NAME = r"^[a-z][a-z0-9_]{0,39}$"


class TargetSettings(SettingsForm):
    """Parameters of every type that points at one object. Whether it exists is checked when publishing."""

    fixed: ClassVar[tuple[str, ...]] = ("target",)

    target = forms.RegexField(
        API_NAME,
        label=_("Object"),
        help_text=_("What the field points at. It can't be changed later."),
        widget=widgets.Select(choices=CallableChoiceIterator(object_choices)),
    )
    related_label = LabelsField(
        label=_("Heading of the related list"),
        help_text=_("Shown on the page of the other object; the name of this object unless you say otherwise."),
        required=False,
    )
    filter = TargetFilterField()


class OpensToOwnerField(forms.BooleanField):
    """Whether somebody who owns a record sees, without changing them, the records that point at it."""

    def __init__(self) -> None:
        super().__init__(
            label=_("The owner of the other record sees this one"),
            help_text=_("He may read it, whoever owns it."),
            required=False,
            widget=widgets.Switch,
        )


class LookupSettings(TargetSettings):
    fixed = ("target", "on_delete")
    flags = ("opens_to_owner",)
    on_delete = forms.ChoiceField(
        label=_("When the other record is deleted"),
        help_text=_("It can't be changed later."),
        choices=[
            ("set_null", _("Empty this field")),
            ("restrict", _("Refuse while records point at it")),
            ("cascade", _("Delete the records that point at it, too")),
        ],
        required=False,
        widget=widgets.Select,
    )
    opens_to_owner = OpensToOwnerField()
    touches = TouchesField()
    touches_when = TouchesWhenField()
    field_order = ("target", "on_delete", "opens_to_owner", "touches", "touches_when", "filter", "related_label")


class LookupType(ReferenceType):
    key = "lookup"
    label = _("Lookup")
    icon = "arrow-up-right-circle"
    settings_form: ClassVar[type[SettingsForm]] = LookupSettings

    def on_delete(self, field: FieldSpec) -> str:
        return ON_DELETE[str(field.settings.get("on_delete", "set_null"))]

    def related_label(self, field: FieldSpec) -> Any:
        """Return the heading of the related list by locale; empty when none was given."""
        return field.settings.get("related_label") or {}


field_types.register(LookupType())
