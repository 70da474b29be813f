"""Dependent choices: the page on which an admin says which choices go with each value of another field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from crm_platform.console.access import function_required
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound, ValidationFailed
from crm_platform.kit.frozen import thaw
from metadata import services
from metadata.choice_dependencies import offered_controllers
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.field_types import field_types
from metadata.field_types.choices import active_choices, label_of
from metadata.field_types.dependent import ALLOWED, CONTROLLING, allowed_values, controlling_name
from metadata.publishing import CUSTOMIZE

PREFIX = "allow."


@dataclass(frozen=True)
class GridColumn:
    """A value of the controlling field: the name of its check boxes, and which of them are ticked."""

    value: str
    label: str
    ticked: frozenset[str]

    @property
    def name(self) -> str:
        return PREFIX + self.value


@function_required(CUSTOMIZE)
def field_dependency(request: ActorRequest, object_name: str, field_name: str) -> HttpResponse:
    """Choose the controlling field (`?controlling=`), then tick what goes with each of its values."""
    spec, field = _dependent(object_name, field_name)
    offered = offered_controllers(spec, field)
    wanted = request.GET.get("controlling", controlling_name(field))
    controlling = next((item for item in offered if item.api_name == wanted), None)
    language, errors = request.actor.language, []
    columns = _columns(field, controlling, language) if controlling else []
    if request.method == "POST":
        try:
            services.update_field(
                request.actor, object_name, field_name, settings=_settings(request, field, controlling, columns)
            )
        except ValidationFailed as failed:
            errors = [str(error.message) for error in failed.errors]
        else:
            messages.success(request, _("Saved."))
            return redirect("metadata-field", object_name, field_name)
    context = {
        "spec": spec,
        "field": field,
        "label": field.label.text(language),
        "object_label": spec.label.text(language),
        "controllers": [(item.api_name, item.label.text(language)) for item in offered],
        "controlling": controlling,
        "controlling_label": controlling.label.text(language) if controlling else "",
        "columns": columns,
        "choices": [(item.value, label_of(item, item.value, language)) for item in active_choices(field)],
        "errors": errors,
    }
    return render(request, "metadata/fields/dependency.html", context, status=422 if errors else 200)


def _dependent(object_name: str, field_name: str) -> tuple[ObjectSpec, FieldSpec]:
    spec = current_snapshot().object(object_name).spec
    field = spec.field_map.get(field_name)
    if field is None or field.is_system or CONTROLLING not in field_types.get(field.type).settings_form.base_fields:
        raise NotFound(_("There is no such field."))
    return spec, field


def _columns(field: FieldSpec, controlling: FieldSpec, language: str) -> list[GridColumn]:
    """Return a column for each value of the controlling field."""
    values = [(item.value, label_of(item, item.value, language)) for item in active_choices(controlling)]
    if controlling.type == "checkbox":
        values = [("true", _("Yes")), ("false", _("No"))]
    is_same = controlling_name(field) == controlling.api_name
    return [
        GridColumn(value, label, allowed_values(field, value) if is_same else frozenset()) for value, label in values
    ]


def _settings(
    request: ActorRequest, field: FieldSpec, controlling: FieldSpec | None, columns: list[GridColumn]
) -> dict[str, Any]:
    """Return the field's parameters with what was ticked; without a controlling field it depends on none.

    What retired values allowed stays as it was.
    """
    settings: dict[str, Any] = thaw(field.settings)
    before, name = settings.pop(ALLOWED, {}), settings.pop(CONTROLLING, None)
    if controlling is not None:
        kept = before if name == controlling.api_name else {}
        known = {choice.value for choice in active_choices(field)}
        ticked = {column.value: request.POST.getlist(column.name) for column in columns}
        rows = {value: [item for item in row if item in known] for value, row in ticked.items()}
        settings[CONTROLLING] = controlling.api_name
        settings[ALLOWED] = {value: row for value, row in {**kept, **rows}.items() if row}
    return settings
