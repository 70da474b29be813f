"""Phones: several numbers with labels, the first of which is the main one; found whatever their format."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metadata.field_types.labelled import LabelledType
from metadata.field_types.phone import PhoneSettings, PhoneType
from metadata.field_types.registry import field_types


class PhonesType(LabelledType):
    key = "phones"
    label = _("Phones")
    icon = "device-mobile"
    settings_form = PhoneSettings
    one = PhoneType()
    input_type = "tel"
    suggestions = (_("Mobile"), _("Work"), _("Home"), _("Fax"))


field_types.register(PhonesType())
