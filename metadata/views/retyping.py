"""The pages on which a field gets another type, and on which it goes out of use."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.jobs.models import Job
from crm_platform.kit.errors import NotFound, StateConflict, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata import services
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.dependencies import usages
from metadata.field_types import field_types
from metadata.field_types.base import FieldType
from metadata.forms.choices_form import BaseChoiceFormSet, choice_form_set
from metadata.forms.errors import choice_errors, show_errors
from metadata.forms.field_form import settings_form
from metadata.forms.type_change_form import OnFailureForm
from metadata.publishing import CUSTOMIZE
from metadata.retyping.preview import Preview
from metadata.retyping.requests import TypeChange, proposed_choices
from metadata.retyping.service import (
    cancel_type_change,
    change_type,
    pending_change,
    preview_of,
    preview_type_change,
)


@function_required(CUSTOMIZE)
def field_type(request: ActorRequest, object_name: str, field_name: str) -> HttpResponse:
    """Choose a type, then its parameters, look at the preview, and start; while a change runs, how it stands."""
    obj, field = _field(object_name, field_name)
    context = _context(request, obj, field)
    pending = pending_change(request.actor, object_name, field_name)
    if pending is not None:
        new_type = field_types.get(pending.successor.type)
        return render(request, "metadata/fields/type_pending.html", {**context, "pending": pending, "new": new_type})
    offered = [item for item in field_types if field.definition.can_convert_to(item.key)]
    wanted = request.GET.get("type", "")
    if wanted not in {item.key for item in offered}:
        return render(request, "metadata/fields/type_choice.html", {**context, "types": offered})
    page = _TypePage(request, obj, field, field_types.get(wanted))
    if request.method == "POST" and page.is_valid() and page.act():
        return redirect("metadata-field-type", object_name, field_name)
    return render(request, "metadata/fields/type_form.html", {**context, **page.context()}, status=page.status(request))


@require_POST
@function_required(CUSTOMIZE)
def field_type_cancel(request: ActorRequest, object_name: str, field_name: str) -> HttpResponseRedirect:
    """Give a change of type up."""
    cancel_type_change(request.actor, object_name, field_name)
    messages.success(request, _("The change is cancelled. The field is as it was."))
    return redirect("metadata-field", object_name, field_name)


@require_POST
@function_required(CUSTOMIZE)
def field_deprecate(request: ActorRequest, object_name: str, field_name: str) -> HttpResponseRedirect:
    """Take a field out of use, or back into use."""
    is_deprecated = request.POST.get("deprecated") == "1"
    services.update_field(request.actor, object_name, field_name, is_deprecated=is_deprecated)
    done = _("The field is deprecated: read only, and offered nowhere new.") if is_deprecated else _("Back in use.")
    messages.success(request, done)
    return redirect("metadata-field", object_name, field_name)


def _field(object_name: str, field_name: str) -> tuple[CompiledObject, CompiledField]:
    obj = current_snapshot().object(object_name)
    field = obj.fields.get(field_name)
    if field is None or field.spec.is_system:
        raise NotFound(_("There is no such field."))
    return obj, field


def _context(request: ActorRequest, obj: CompiledObject, field: CompiledField) -> dict[str, Any]:
    language = request.actor.language
    return {
        "spec": obj.spec,
        "object_label": obj.spec.label.text(language),
        "field": field.spec,
        "label": field.spec.label.text(language),
        "type": field.definition,
    }


class _TypePage:
    """The second step: parameters and choices of the new type, the preview, the start."""

    def __init__(self, request: ActorRequest, obj: CompiledObject, field: CompiledField, new: FieldType) -> None:
        data = request.POST or None
        self.request, self.obj, self.field, self.new = request, obj, field, new
        own = field.spec if new.key == field.spec.type else None
        self.settings = settings_form(new, current_snapshot().objects(), data)
        if own is not None:
            self.settings.initial = dict(own.settings)
        self.failure = OnFailureForm(data)
        self.choices: BaseChoiceFormSet | None = None
        if new.uses_choices:
            self.choices = choice_form_set(data, proposed_choices(obj, field, new.key), is_stage=new.key == "stage")
        self.preview: Preview | None = None
        self.job: Job | None = None

    def is_valid(self) -> bool:
        parts = [self.settings.is_valid(), self.failure.is_valid()]
        if self.choices is not None:
            parts.append(self.choices.is_valid())
        return all(parts)

    def act(self) -> bool:
        """Preview or start, whichever button was pressed; tells whether the change has begun (or is done)."""
        try:
            if "start" not in self.request.POST:
                self._look()
                return False
            if change_type(self.request.actor, self._wish()) is None:
                messages.success(self.request, _("The field has the new type."))
            else:
                messages.success(self.request, _("The change has begun. The field can be used all the while."))
            return True
        except ValidationFailed as failed:
            rest = choice_errors(failed.errors, self.choices) if self.choices is not None else list(failed.errors)
            show_errors(ValidationFailed(rest), self.failure, self.settings)
        except StateConflict as conflict:
            self.failure.add_error(None, str(conflict.message))
        return False

    def context(self) -> dict[str, Any]:
        return {
            "new": self.new,
            "settings_form": self.settings,
            "failure_form": self.failure,
            "choices": self.choices,
            "is_stage": self.new.key == "stage",
            "preview": self.preview,
            "job": self.job,
            "usages": usages(self.obj.spec, self.field.spec),
        }

    def status(self, request: ActorRequest) -> int:
        """A preview is a good answer to a form; only mistakes are not."""
        return 200 if self.preview is not None or self.job is not None else form_status(request)

    def _look(self) -> None:
        known = parse_uuid(self.request.POST.get("preview_job"))
        where = (self.request.actor, self.obj.name, self.field.name)
        found: Preview | Job | None
        if known is not None:
            self.job, found = preview_of(*where, known)
        else:
            found = preview_type_change(self.request.actor, self._wish())
        if isinstance(found, Job):
            self.job = found
        else:
            self.preview = found

    def _wish(self) -> TypeChange:
        return TypeChange(
            self.obj.name,
            self.field.name,
            self.new.key,
            self.settings.settings(),
            self.choices.choices() if self.choices is not None else (),
            on_failure=self.failure.cleaned_data["on_failure"],
        )
