"""Multi-lookup: points at several records of another object, and may say something about each of them."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import SettingsForm
from metadata.field_types.link_inputs import ATTRIBUTE_LABELS, ATTRIBUTES
from metadata.field_types.lookup import TargetSettings
from metadata.field_types.reference_lists import MaxChosenSettings, ReferenceListType
from metadata.field_types.registry import field_types


class MultiLookupSettings(MaxChosenSettings, TargetSettings):
    fixed = ("target", "link_attributes")
    link_attributes = forms.MultipleChoiceField(
        label=_("Said about each link"),
        help_text=_("It can't be changed later."),
        choices=list(ATTRIBUTE_LABELS.items()),
        required=False,
        widget=widgets.Chips,
    )
    field_order = ("target", "max_chosen", "link_attributes", "filter", "related_label")


class MultiLookupType(ReferenceListType):
    """Always indexed: the pages of what it points at list the records that do, and a purge looks for them."""

    key = "multi_lookup"
    label = _("Lookup of several records")
    icon = "arrows-exchange"
    settings_form: ClassVar[type[SettingsForm]] = MultiLookupSettings
    can_be_default = False
    is_always_indexed = True

    def attributes(self, field: FieldSpec) -> tuple[str, ...]:
        chosen = field.settings.get("link_attributes", ())
        return tuple(name for name in ATTRIBUTES if name in chosen)

    def related_label(self, field: FieldSpec) -> Any:
        """Return the heading of the related list by locale; empty when none was given."""
        return field.settings.get("related_label") or {}


field_types.register(MultiLookupType())
