"""Fields: the wizard that adds them, the form that changes them."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound, ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.dependencies import usages
from metadata.field_types import field_types
from metadata.field_types.base import FieldType
from metadata.field_types.dependent import CONTROLLING
from metadata.forms.choices_form import BaseChoiceFormSet, choice_form_set
from metadata.forms.errors import choice_errors, show_errors
from metadata.forms.field_form import FieldForm, settings_form
from metadata.forms.field_rules_form import FieldRulesForm
from metadata.models import BusinessField
from metadata.publishing import CUSTOMIZE

GROUPS = {
    "text": gettext_lazy("Text"),
    "number": gettext_lazy("Numbers"),
    "date": gettext_lazy("Date and time"),
    "choice": gettext_lazy("Choices"),
    "place": gettext_lazy("Places"),
    "file": gettext_lazy("Files"),
    "reference": gettext_lazy("Relations"),
    "computed": gettext_lazy("Computed"),
    "system": gettext_lazy("Automatic"),
}
ALIASES = {"label": "label_zh_hans", "help_text": "help_text_zh_hans"}


@require_GET
@function_required(CUSTOMIZE)
def field_types_page(request: ActorRequest, object_name: str) -> HttpResponse:
    """First step of the wizard: choose a type."""
    spec = current_snapshot().object(object_name).spec
    offered = sorted((t for t in field_types if t.for_admins), key=lambda t: list(GROUPS).index(t.group))
    groups = [(GROUPS[group], list(types)) for group, types in groupby(offered, key=lambda t: t.group)]
    context = {"spec": spec, "label": spec.label.text(request.actor.language), "groups": groups}
    return render(request, "metadata/fields/types.html", context)


@function_required(CUSTOMIZE)
def field_new(request: ActorRequest, object_name: str, type_key: str) -> HttpResponse:
    """Second step: label, name, parameters, choices."""
    spec = current_snapshot().object(object_name).spec
    field_type = _offered_type(type_key)
    page = _FieldPage(request, spec, field_type)
    if request.method == "POST" and page.is_valid():
        taken = set(BusinessField.objects.filter(business_object_id=spec.id).values_list("api_name", flat=True))
        given = replace(
            page.form.field_input(taken, page.settings.settings(), page.given_choices()), **page.rules.changes()
        )
        try:
            services.add_field(request.actor, object_name, given)
        except ValidationFailed as failed:
            page.show(failed)
        else:
            messages.success(request, _("The field is live: on pages, in filters and in the API."))
            if "another" in request.POST:
                return redirect("metadata-field-types", object_name)
            return redirect("metadata-object", object_name)
    return _show(request, page.context())


@function_required(CUSTOMIZE)
def field_edit(request: ActorRequest, object_name: str, field_name: str) -> HttpResponse:
    """Change a field; its choices, where it has its own, are changed on the same page."""
    spec = current_snapshot().object(object_name).spec
    field = spec.field_map.get(field_name)
    if field is None or field.is_system:
        raise NotFound(_("There is no such field."))
    page = _FieldPage(request, spec, field_types.get(field.type), field)
    if request.method == "POST" and page.is_valid():
        try:
            services.update_field(
                request.actor,
                object_name,
                field_name,
                **page.form.changes(page.settings.settings()),
                **page.rules.changes(),
            )
            if page.choices is not None and field.choice_set is not None:
                services.update_choices(request.actor, field.choice_set.api_name, page.choices.choices())
        except ValidationFailed as failed:
            page.show(failed)
        else:
            messages.success(request, _("Saved."))
            return redirect("metadata-object", object_name)
    return _show(request, {**page.context(), "usages": usages(spec, field)})


@require_POST
@function_required(CUSTOMIZE)
def field_delete(request: ActorRequest, object_name: str, field_name: str) -> HttpResponseRedirect:
    """Hide a field; it can be restored for 30 days."""
    services.delete_field(request.actor, object_name, field_name)
    messages.success(request, _("The field is deleted. It can be restored for 30 days."))
    return redirect("metadata-object", object_name)


@require_POST
@function_required(CUSTOMIZE)
def field_restore(request: ActorRequest, object_name: str, field_name: str) -> HttpResponseRedirect:
    """Bring a deleted field back with its values."""
    services.restore_field(request.actor, object_name, field_name)
    messages.success(request, _("The field is back with its values."))
    return redirect("metadata-object", object_name)


def _show(request: ActorRequest, context: dict[str, Any]) -> HttpResponse:
    return render(request, "metadata/fields/form.html", context, status=form_status(request))


def _offered_type(key: str) -> FieldType:
    if key not in field_types or not field_types.get(key).for_admins:
        raise NotFound(_("There is no such field type."))
    return field_types.get(key)


class _FieldPage:
    """The three forms of the page of one field: what all fields share, the type's parameters, the choices."""

    def __init__(
        self, request: ActorRequest, spec: ObjectSpec, field_type: FieldType, field: FieldSpec | None = None
    ) -> None:
        data = request.POST or None
        self.request, self.spec, self.type, self.field = request, spec, field_type, field
        self.form = FieldForm(data, field_type=field_type, spec=field)
        self.settings = settings_form(field_type, current_snapshot().objects(), data, field, spec)
        self.rules = FieldRulesForm(data, spec=spec, field_type=field_type, field=field)
        self.choices: BaseChoiceFormSet | None = None
        if field_type.uses_choices:
            self._add_choices(data)

    def is_valid(self) -> bool:
        parts = [self.form.is_valid(), self.settings.is_valid(), self.rules.is_valid()]
        if self.choices is not None:
            parts.append(self.choices.is_valid())
        return all(parts)

    def given_choices(self) -> list[Any]:
        if self.choices is None or self.form.cleaned_data.get("choice_set"):
            return []
        return self.choices.choices()

    def show(self, failed: ValidationFailed) -> None:
        rest = choice_errors(failed.errors, self.choices) if self.choices is not None else list(failed.errors)
        aliases = {**ALIASES, **self.type.error_places}
        show_errors(ValidationFailed(rest), self.form, self.settings, self.rules, aliases=aliases)

    def context(self) -> dict[str, Any]:
        language = self.request.actor.language
        return {
            "spec": self.spec,
            "object_label": self.spec.label.text(language),
            "field": self.field,
            "label": self.field.label.text(language) if self.field else "",
            "type": self.type,
            "note": self.type.admin_note(self.field) if self.field else "",
            "form": self.form,
            "settings_form": self.settings,
            "rules_form": self.rules,
            "choices": self.choices,
            "is_stage": self.type.key == "stage",
            "can_depend": self.field is not None and CONTROLLING in self.type.settings_form.base_fields,
        }

    def _add_choices(self, data: Any) -> None:
        if self.field is None:
            shared = [s for s in current_snapshot().spec.choice_sets if s.is_shared]
            self.form.use_choice_sets([(s.api_name, s.label.text(self.request.actor.language)) for s in shared])
        elif self.field.choice_set is None or self.field.choice_set.is_shared:
            return
        choice_set = self.field.choice_set if self.field else None
        self.choices = choice_form_set(data, choice_set, is_stage=self.type.key == "stage")
