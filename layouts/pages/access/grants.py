"""The matrices of a profile or permission set: objects by actions, and the fields of one object by levels."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.console.forms import form_status
from crm_platform.identity.functions import MODIFY_ALL_DATA, VIEW_ALL_DATA
from crm_platform.identity.requests import ActorRequest
from crm_platform.identity.services.access import functions_of
from crm_platform.kit.errors import ValidationFailed
from layouts.pages.access.holders import Kind, frame, managers_only
from metadata.compiler.current import current_snapshot
from metadata.field_types import field_types
from objects.access.field_grants import FieldLevel
from objects.access.grants import GRANTABLE
from objects.access.services.field_levels import field_levels_for, level_name, set_field_levels
from objects.access.services.grants import GroupOwner, grants_matrix, set_grants
from objects.access.services.type_grants import set_type_rights, type_rights_for

ACTION_LABELS = {
    "read": gettext_lazy("Read"),
    "create": gettext_lazy("Create"),
    "edit": gettext_lazy("Edit"),
    "delete": gettext_lazy("Delete"),
    "import": gettext_lazy("Import"),
    "export": gettext_lazy("Export"),
    "mass_update": gettext_lazy("Mass update"),
    "merge": gettext_lazy("Merge"),
    "convert": gettext_lazy("Convert records"),
    "transfer": gettext_lazy("Transfer"),
    "share": gettext_lazy("Share"),
    "restore": gettext_lazy("Restore"),
    "view_all": gettext_lazy("View all"),
    "modify_all": gettext_lazy("Modify all"),
}
LEVEL_LABELS = {
    FieldLevel.HIDDEN: gettext_lazy("Hidden"),
    FieldLevel.MASKED: gettext_lazy("Masked"),
    FieldLevel.READ: gettext_lazy("Read"),
    FieldLevel.EDIT: gettext_lazy("Read and edit"),
}


@managers_only
def object_matrix(request: ActorRequest, kind: Kind, **ids: UUID) -> HttpResponse:
    """Show and set what may be done with every object: one table, saved as one act."""
    row = kind.row(ids)
    if request.method == "POST":
        chosen = {action: set(request.POST.getlist(action)) for action in GRANTABLE}
        known = current_snapshot().spec.object_map
        wanted = {
            name: [action for action in GRANTABLE if name in chosen[action]]
            for name in request.POST.getlist("object")
            if name in known  # one may have been deleted since the page was opened
        }
        set_grants(request.actor, row, wanted)
        messages.success(request, _("Saved: %(name)s") % {"name": row.name})
        return redirect(kind.url("objects", row))
    matrix, language = grants_matrix(request.actor, row), request.actor.language
    lines = [
        {
            "name": spec.api_name,
            "label": spec.label.text(language),
            "fields_url": kind.url("fields", row, object_name=spec.api_name),
            "cells": [
                {"action": action, "label": ACTION_LABELS[action], "is_on": action in matrix[spec.api_name]}
                for action in GRANTABLE
            ],
        }
        for spec in current_snapshot().objects()
        if spec.api_name in matrix
    ]
    columns = [{"action": action, "label": ACTION_LABELS[action]} for action in GRANTABLE]
    context = {**frame(kind, row, "objects"), "lines": lines, "columns": columns, "notice": _object_notice(row)}
    return render(request, "layouts/access/object_matrix.html", context)


@managers_only
def field_matrix(request: ActorRequest, kind: Kind, object_name: str, **ids: UUID) -> HttpResponse:
    """Show and set what may be done with the fields of one object."""
    row, problems = kind.row(ids), []
    levels = field_levels_for(request.actor, row, object_name)
    if request.method == "POST":
        given = {name: request.POST[f"field.{name}"] for name in levels if f"field.{name}" in request.POST}
        try:
            with transaction.atomic():
                set_field_levels(request.actor, row, object_name, given)
                _save_types(request, row, object_name)
        except ValidationFailed as failed:
            problems = [error.text for error in failed.errors]
        else:
            messages.success(request, _("Saved: %(name)s") % {"name": row.name})
            return redirect(kind.url("fields", row, object_name=object_name))
    language, snapshot, types = request.actor.language, current_snapshot(), _type_lines(request, row, object_name)
    context = {
        **frame(kind, row, "fields"),
        "object_name": object_name,
        "object_label": snapshot.object(object_name).spec.label.text(language),
        "objects": _object_links(kind, row, object_name, language),
        "columns": [{"level": level_name(level), "label": label} for level, label in LEVEL_LABELS.items()],
        "lines": _field_lines(object_name, levels, language),
        "types": types,
        "default_type": next((item["name"] for item in types if item["is_default"]), ""),
        "problems": problems,
        "notice": _field_notice(request, row, object_name),
    }
    return render(request, "layouts/access/field_matrix.html", context, status=form_status(request))


def _object_links(kind: Kind, row: GroupOwner, object_name: str, language: str) -> list[dict[str, Any]]:
    return [
        {
            "label": spec.label.text(language),
            "url": kind.url("fields", row, object_name=spec.api_name),
            "is_active": spec.api_name == object_name,
        }
        for spec in current_snapshot().objects()
    ]


def _field_lines(object_name: str, levels: dict[str, FieldLevel], language: str) -> list[dict[str, Any]]:
    fields = current_snapshot().object(object_name).fields
    return [
        {
            "name": name,
            "label": fields[name].spec.label.text(language),
            "type": field_types.get(fields[name].spec.type).label,
            "cells": [
                {"level": level_name(item), "label": label, "is_on": item == level}
                for item, label in LEVEL_LABELS.items()
            ],
        }
        for name, level in levels.items()
        if name in fields
    ]


def _save_types(request: ActorRequest, row: GroupOwner, object_name: str) -> None:
    if current_snapshot().object(object_name).spec.record_types and "types" in request.POST:
        default = request.POST.get("default_type", "")
        set_type_rights(request.actor, row, object_name, request.POST.getlist("type"), default)


def _type_lines(request: ActorRequest, row: GroupOwner, object_name: str) -> list[dict[str, Any]]:
    """Return the object's record types, with those that may be used and the usual one."""
    types = current_snapshot().object(object_name).spec.record_types
    if not types:
        return []
    rights = type_rights_for(request.actor, row, object_name)
    return [
        {
            "name": item.api_name,
            "label": item.label.text(request.actor.language),
            "color": item.color,
            "is_active": item.is_active,
            "is_used": item.api_name in rights.used,
            "is_default": item.api_name == rights.default,
        }
        for item in types
    ]


def _object_notice(row: Any) -> str:
    """Return what overrides the matrix of objects, in words."""
    functions = functions_of(row)
    if MODIFY_ALL_DATA in functions:
        return _("The function “Change all records of every object” allows everything here, whatever is ticked.")
    if VIEW_ALL_DATA in functions:
        return _("The function “Read all records of every object” allows reading here, whatever is ticked.")
    return ""


def _field_notice(request: ActorRequest, row: Any, object_name: str) -> str:
    """Return what makes the levels of fields idle, in words."""
    if MODIFY_ALL_DATA in functions_of(row):
        return _("The function “Change all records of every object” allows all fields, whatever is set here.")
    if "read" not in grants_matrix(request.actor, row).get(object_name, ()):
        return _("The object itself may not be read. Levels of fields count together with what other rights open.")
    return ""
