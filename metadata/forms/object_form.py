"""The form of a business object."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_platform.console.forms import ColorChoice, IconChoice
from crm_platform.console.icons import OBJECT_ICONS
from metadata.compiler.spec import ObjectSpec
from metadata.field_types.choices import COLORS
from metadata.forms.api_names import propose_api_name
from metadata.forms.labels import initial_labels, label_fields, labels_of
from metadata.inputs import ObjectInput
from metadata.names import CUSTOM_SUFFIX

PLAIN = ("icon", "color", "in_navigation", "is_searchable", "has_pools")


class ObjectForm(forms.Form):
    """A new object, or the changeable part of an existing one."""

    def __init__(self, *args: Any, spec: ObjectSpec | None = None, **kwargs: Any) -> None:
        self.spec = spec
        if spec is not None:
            kwargs.setdefault("initial", self._initial(spec))
        super().__init__(*args, **kwargs)
        self.fields.update(label_fields("label", _("Label")))
        if spec is None:
            self.fields["api_name"] = forms.CharField(
                label=_("API name"),
                required=False,
                max_length=40,
                help_text=_(
                    "For formulas and the API, for example work_order__c. Left empty, it is made from the label."
                ),
            )
        self.fields.update(label_fields("plural_label", _("Plural label"), required=False))
        self.fields["icon"] = forms.ChoiceField(
            label=_("Icon"), choices=[(name, name) for name in self._icons()], initial="box", widget=IconChoice
        )
        self.fields["color"] = forms.ChoiceField(
            label=_("Colour"), choices=[(name, name) for name in COLORS], initial="blue", widget=ColorChoice
        )
        if spec is None:
            self.fields.update(label_fields("name_label", _("Label of the name field"), required=False))
            self.fields["name_type"] = forms.ChoiceField(
                label=_("The name is"),
                choices=[("text", _("typed by people")), ("auto_number", _("a number drawn automatically"))],
            )
            self.fields["name_pattern"] = forms.CharField(
                label=_("Number pattern"),
                required=False,
                max_length=60,
                initial="{YYYY}{MM}-{0000}",
                widget=forms.TextInput({"data-show-when": "name_type=auto_number"}),
                help_text=_("Only for automatic numbers, for example WO-{YYYY}{MM}-{0000}."),
            )
            self.fields["open_to_profiles"] = forms.BooleanField(
                label=_("Everybody may work with its records, within the reach of their role"),
                required=False,
                initial=True,
            )
        self.fields["in_navigation"] = forms.BooleanField(
            label=_("Show in the navigation"), required=False, initial=True
        )
        self.fields["is_searchable"] = forms.BooleanField(
            label=_("Found by the global search"), required=False, initial=True
        )
        self.fields["has_pools"] = forms.BooleanField(
            label=_("Records may wait in pools"),
            required=False,
            help_text=_("Records without an owner wait in a pool, from which people claim them."),
        )

    def object_input(self, taken: set[str]) -> ObjectInput:
        """Return the new object that the form describes."""
        data = self.cleaned_data
        labels = {code: text for code, text in labels_of(data, "label").items() if text}
        names = {code: text for code, text in labels_of(data, "name_label").items() if text}
        is_number = data["name_type"] == "auto_number"
        made = ObjectInput(
            api_name=self._api_name(labels, taken),
            label=labels,
            plural_label={code: text for code, text in labels_of(data, "plural_label").items() if text},
            icon=data["icon"],
            color=data["color"],
            name_type=data["name_type"],
            name_settings={"pattern": data["name_pattern"]} if is_number and data["name_pattern"] else {},
            in_navigation=data["in_navigation"],
            is_searchable=data["is_searchable"],
            has_pools=data["has_pools"],
            open_to_profiles=data["open_to_profiles"],
        )
        return replace(made, name_label=names) if names else made

    def changes(self) -> dict[str, Any]:
        """Return the changes that the form makes to an existing object."""
        data = self.cleaned_data
        texts = {name: labels_of(data, name) for name in ("label", "plural_label")}
        return {**texts, **{name: data[name] for name in PLAIN}}

    def _api_name(self, labels: dict[str, str], taken: set[str]) -> str:
        given = str(self.cleaned_data["api_name"]).strip()
        if given:
            return given if given.endswith(CUSTOM_SUFFIX) else given + CUSTOM_SUFFIX
        return propose_api_name(labels.get("en") or next(iter(labels.values())), taken)

    def _icons(self) -> list[str]:
        current = [self.spec.icon] if self.spec and self.spec.icon not in OBJECT_ICONS else []
        return [*current, *OBJECT_ICONS]

    @staticmethod
    def _initial(spec: ObjectSpec) -> dict[str, Any]:
        texts = {**initial_labels(spec.label, "label"), **initial_labels(spec.plural_label, "plural_label")}
        return {**texts, **{name: getattr(spec, name) for name in PLAIN}}
