"""The form of a field: what all types share, and beside it the type's own parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.expression_checks import ROLLED_UP, result_type
from metadata.expressions.scope import lookup_target
from metadata.field_types import widgets
from metadata.field_types.base import FieldType, SettingsForm
from metadata.field_types.rollup import RollupType
from metadata.field_types.target_filters import ConditionsInput
from metadata.forms.api_names import propose_api_name
from metadata.forms.labels import initial_labels, label_fields, labels_of
from metadata.inputs import ChoiceInput, FieldInput
from metadata.names import CUSTOM_SUFFIX

FLAGS = ("is_required", "is_unique", "is_indexed", "is_searchable", "track_history")
EXPRESSIONS = {
    "date": [("today", _("today"))],
    "datetime": [("now", _("now"))],
    "user": [("current_user", _("the user who creates the record"))],
}


class FieldForm(forms.Form):
    """A new field of a type, or the changeable part of an existing one."""

    def __init__(self, *args: Any, field_type: FieldType, spec: FieldSpec | None = None, **kwargs: Any) -> None:
        self.field_type, self.spec = field_type, spec
        if spec is not None:
            kwargs.setdefault("initial", self._initial(spec))
        super().__init__(*args, **kwargs)
        self.fields.update(label_fields("label", _("Label")))
        if spec is None:
            self.fields["api_name"] = forms.CharField(
                label=_("API name"),
                required=False,
                max_length=40,
                help_text=_("For formulas and the API, for example amount__c. Left empty, it is made from the label."),
            )
        self.fields.update(label_fields("help_text", _("Help text"), required=False))
        self._add_default()
        self._add_flags()

    def field_input(self, taken: set[str], settings: dict[str, Any], choices: Sequence[ChoiceInput]) -> FieldInput:
        """Return the new field that the form describes."""
        data = self.cleaned_data
        labels = {code: text for code, text in labels_of(data, "label").items() if text}
        return FieldInput(
            api_name=self._api_name(labels, taken),
            type=self.field_type.key,
            label=labels,
            help_text={code: text for code, text in labels_of(data, "help_text").items() if text},
            settings=settings,
            choices=choices,
            choice_set=data.get("choice_set", ""),
            default=self._default(),
            backfill=data.get("backfill", False),
            **{name: data.get(name, False) for name in FLAGS},
        )

    def changes(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the changes that the form makes to an existing field."""
        data = self.cleaned_data
        texts = {name: labels_of(data, name) for name in ("label", "help_text")}
        flags = {name: data[name] for name in FLAGS if name in self.fields}
        default = {"default": self._default()} if "default" in self.fields else {}
        return {**texts, **flags, **default, "settings": settings}

    def use_choice_sets(self, names: list[tuple[str, str]]) -> None:
        """Offer the shared picklists instead of choices of the field's own."""
        self.fields["choice_set"] = forms.ChoiceField(
            label=_("Choices"), required=False, choices=[("", _("of its own, listed below")), *names]
        )
        self.order_fields(
            [name for name in (*self.fields,) if name not in FLAGS and name != "choice_set"] + ["choice_set"]
        )

    def _add_flags(self) -> None:
        labels = {
            "is_required": _("Required"),
            "is_unique": _("Unique"),
            "is_indexed": _("Indexed: fast to filter and sort by"),
            "is_searchable": _("Found by the search"),
            "track_history": _("Keep its history"),
        }
        for name, label in labels.items():
            if name == "is_required" and not self.field_type.can_be_required:
                continue
            if name == "is_unique" and not self.field_type.can_be_unique:
                continue
            self.fields[name] = forms.BooleanField(label=label, required=False, initial=name == "track_history")

    def _add_default(self) -> None:
        field_type = self.field_type
        if not field_type.can_be_default or field_type.uses_choices or field_type.is_read_only:
            return
        if field_type.key in EXPRESSIONS:
            options = [("", _("empty")), *EXPRESSIONS[field_type.key]]
            self.fields["default"] = forms.ChoiceField(label=_("Default"), required=False, choices=options)
        elif field_type.expression_type == "boolean":
            self.fields["default"] = forms.BooleanField(label=_("Ticked by default"), required=False)
        elif not field_type.is_reference:
            self.fields["default"] = forms.CharField(label=_("Default"), required=False, max_length=255)
        if self.spec is None and "default" in self.fields and field_type.expression_type != "boolean":
            self.fields["backfill"] = forms.BooleanField(
                label=_("Give existing records the default, too"), required=False
            )

    def _default(self) -> Any:
        value = self.cleaned_data.get("default")
        if self.field_type.key in EXPRESSIONS:
            return {"expression": value} if value else None
        return value if value not in ("", None) else None

    def _api_name(self, labels: dict[str, str], taken: set[str]) -> str:
        given = str(self.cleaned_data["api_name"]).strip()
        if given:
            return given if given.endswith(CUSTOM_SUFFIX) else given + CUSTOM_SUFFIX
        return propose_api_name(labels.get("en") or next(iter(labels.values())), taken)

    @staticmethod
    def _initial(spec: FieldSpec) -> dict[str, Any]:
        default = spec.default.get("expression") if hasattr(spec.default, "get") else spec.default
        texts = {**initial_labels(spec.label, "label"), **initial_labels(spec.help_text, "help_text")}
        return {**texts, **{name: getattr(spec, name) for name in FLAGS}, "default": default}


def settings_form(
    field_type: FieldType,
    objects: Sequence[ObjectSpec],
    data: Any = None,
    spec: FieldSpec | None = None,
    owner: ObjectSpec | None = None,
) -> SettingsForm:
    """Return the form of the type's parameters; targets become a choice of the organisation's objects."""
    initial = dict(spec.settings) if spec else None
    form = field_type.settings_form(data=data, initial=initial, prefix="settings")
    language = get_language() or "en"
    options = [(item.api_name, f"{item.label.text(language)} ({item.api_name})") for item in objects]
    if "target" in form.fields:
        form.fields["target"].widget = forms.Select(choices=[("", "—"), *options])
    if "targets" in form.fields:
        form.fields["targets"].widget = forms.SelectMultiple(choices=options)
    for field in form.fields.values():
        if isinstance(field.widget, ConditionsInput) and owner is not None:
            _place_conditions(form, field.widget, owner, spec)
        is_own = isinstance(field.widget, widgets.ExpressionInput) and "data-object-from" not in field.widget.attrs
        if is_own and owner is not None:
            field.widget.attrs.setdefault("data-object", owner.api_name)
    if isinstance(field_type, RollupType) and owner is not None:
        _offer_children(form, objects, owner, language)
    if spec is not None:
        for name in form.fixed:
            form.fields[name].disabled = True
    return form


def _place_conditions(form: SettingsForm, widget: ConditionsInput, owner: ObjectSpec, spec: FieldSpec | None) -> None:
    """Tell the editor of conditions which field it is for, and where it learns what that field points at."""
    editor = widget.editor
    editor["url"] = reverse("field-conditions", args=[owner.api_name])
    editor["field"] = spec.api_name if spec else ""
    if not editor["target"]:
        editor["target"] = str(spec.settings.get("target", "")) if spec else ""
        editor["target_from"] = "" if spec else form.add_prefix("target")


def _offer_children(form: SettingsForm, objects: Sequence[ObjectSpec], owner: ObjectSpec, language: str) -> None:
    """Let a roll-up choose among the objects that look up to its own, their lookups and their fields."""
    children = [
        (item, field) for item in objects for field in item.business_fields if lookup_target(field) == owner.api_name
    ]
    named = {item.api_name: item for item, _field in children}
    form.fields["object"].widget = widgets.Select(
        choices=[("", "—"), *((name, item.label.text(language)) for name, item in named.items())]
    )
    form.fields["lookup"].widget = widgets.Select(
        choices=[("", "—"), *((field.api_name, _path(item, field, language)) for item, field in children)]
    )
    summed = [
        (field.api_name, _path(item, field, language))
        for item in named.values()
        for field in item.business_fields
        if result_type(field) in ROLLED_UP
    ]
    form.fields["field"].widget = widgets.Select(choices=[("", "—"), *summed])
    form.fields["scale"].widget = forms.HiddenInput()
    form.fields["returns"].widget = forms.HiddenInput()


def _path(item: ObjectSpec, field: FieldSpec, language: str) -> str:
    return f"{item.label.text(language)} · {field.label.text(language)}"
