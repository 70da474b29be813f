"""Business objects: the object manager."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.field_types import field_types
from metadata.forms.errors import show_errors
from metadata.forms.object_form import ObjectForm
from metadata.limits import HIDDEN_DAYS
from metadata.models import BusinessField, BusinessObject
from metadata.publishing import CUSTOMIZE
from metadata.views.object_tabs import object_tabs

ALIASES = {
    "label": "label_zh_hans",
    "plural_label": "plural_label_zh_hans",
    "fields.0.settings.pattern": "name_pattern",
}


@require_GET
@function_required(CUSTOMIZE)
def object_list(request: ActorRequest) -> HttpResponse:
    """All objects, and those in the trash."""
    wanted = request.GET.get("q", "").strip().lower()
    rows: list[dict[str, Any]] = [
        {"spec": spec, "label": spec.label.text(request.actor.language), "field_count": len(spec.business_fields)}
        for spec in current_snapshot().objects()
    ]
    if wanted:
        rows = [row for row in rows if wanted in row["label"].lower() or wanted in row["spec"].api_name]
    trashed = BusinessObject.objects.filter(state=BusinessObject.State.TRASHED).order_by("-trashed_at")
    return render(request, "metadata/objects/list.html", {"rows": rows, "trashed": trashed, "query": wanted})


@function_required(CUSTOMIZE)
def object_new(request: ActorRequest) -> HttpResponse:
    """Make a new object; goes to its page, where fields are added."""
    form = ObjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        taken = set(BusinessObject.objects.values_list("api_name", flat=True))
        try:
            row = services.create_object(request.actor, form.object_input(taken))
        except ValidationFailed as failed:
            show_errors(failed, form, aliases=ALIASES)
        else:
            messages.success(request, _("The object is live. Now add its fields."))
            return redirect("metadata-object", row.api_name)
    return render(request, "metadata/objects/form.html", {"form": form, "spec": None}, status=form_status(request))


@require_GET
@function_required(CUSTOMIZE)
def object_detail(request: ActorRequest, object_name: str) -> HttpResponse:
    """An object with its fields."""
    spec = current_snapshot().object(object_name).spec
    language = request.actor.language
    fields = [
        {
            "spec": field,
            "label": field.label.text(language),
            "type": field_types.get(field.type),
            "is_name": field.api_name == spec.name_field,
        }
        for field in spec.business_fields
    ]
    hidden = list(BusinessField.objects.filter(business_object_id=spec.id, state=BusinessField.State.HIDDEN))
    for row in hidden:
        row.days_left = _days_left(row)  # type: ignore[attr-defined]
    context = {
        "spec": spec,
        "label": spec.label.text(language),
        "fields": fields,
        "hidden": hidden,
        "tabs": object_tabs(spec.api_name, "fields"),
    }
    return render(request, "metadata/objects/detail.html", context)


def _days_left(row: BusinessField) -> int:
    """Return for how many days a deleted field can still be restored."""
    gone = timezone.now() - row.hidden_at if row.hidden_at else timedelta()
    return max(0, HIDDEN_DAYS - gone.days)


@function_required(CUSTOMIZE)
def object_edit(request: ActorRequest, object_name: str) -> HttpResponse:
    """Change an object's labels, icon, colour and visibility."""
    spec = current_snapshot().object(object_name).spec
    form = ObjectForm(request.POST or None, spec=spec)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_object(request.actor, object_name, **form.changes())
        except ValidationFailed as failed:
            show_errors(failed, form, aliases=ALIASES)
        else:
            messages.success(request, _("Saved."))
            return redirect("metadata-object", object_name)
    label = spec.label.text(request.actor.language)
    context = {"form": form, "spec": spec, "label": label}
    return render(request, "metadata/objects/form.html", context, status=form_status(request))


@require_POST
@function_required(CUSTOMIZE)
def object_delete(request: ActorRequest, object_name: str) -> HttpResponseRedirect:
    """Put an object with all its records into the trash."""
    services.delete_object(request.actor, object_name)
    messages.success(request, _("The object is in the trash. Its records are kept for 30 days."))
    return redirect("metadata-objects")


@require_POST
@function_required(CUSTOMIZE)
def object_restore(request: ActorRequest, object_name: str) -> HttpResponseRedirect:
    """Bring an object back from the trash."""
    services.restore_object(request.actor, object_name)
    messages.success(request, _("The object is back with all its records."))
    return HttpResponseRedirect(reverse("metadata-object", args=[object_name]))
