"""Master-detail: the record belongs to another one, is deleted with it and seen by whoever sees it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.lookup import LookupType, TargetSettings
from metadata.field_types.registry import field_types


class MasterDetailSettings(TargetSettings):
    reparentable = forms.TypedChoiceField(
        label=_("Moving to another master"),
        choices=[("True", _("Allowed")), ("False", _("Refused once the record is saved"))],
        coerce=lambda value: value == "True",
        empty_value=None,
        required=False,
        widget=widgets.Select,
    )
    field_order = ("target", "reparentable", "filter", "related_label")


class MasterDetailType(LookupType):
    """Always required. The column stays nullable, for records made before the field was added."""

    key = "master_detail"
    label = _("Master-detail")
    icon = "hierarchy"
    settings_form = MasterDetailSettings
    always_required = True
    can_be_default = False

    def is_reparentable(self, field: FieldSpec) -> bool:
        """Tell whether a record may move to another master."""
        return bool(field.settings.get("reparentable", True))

    def on_delete(self, field: FieldSpec) -> str:
        return "CASCADE"


field_types.register(MasterDetailType())
