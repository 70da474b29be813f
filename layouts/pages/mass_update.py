"""One value for a field of all selected rows of a list: which field, which value, and what became of each record."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import redirect
from layouts.pages.bulk import ask, report, selected_ids
from layouts.pages.common import ObjectDesk, desk, safe_next
from layouts.pages.record_form import RecordForm, form_fields
from layouts.pages.typed_names import resolve_typed
from metadata.compiler.compiled import CompiledField
from metadata.field_types import widgets
from metadata.field_types.attachments import AttachmentType
from objects.records.service import RecordService

FIELD, APPLY = "_field", "_apply"
OWNER = "owner_id"  # changes by a transfer, which ends shares and may keep a place on the team


class FieldForm(forms.Form):
    """Asks which field is to be set."""

    def __init__(self, fields: Sequence[CompiledField], language: str, chosen: str) -> None:
        super().__init__(initial={FIELD: chosen})
        choices = [("", _("Choose a field")), *((item.name, item.spec.label.text(language)) for item in fields)]
        self.fields[FIELD] = forms.ChoiceField(label=gettext_lazy("Field"), choices=choices, widget=widgets.Select)


@require_POST
@signed_in
def mass_update(request: HttpRequest, object_name: str) -> HttpResponse:
    """Ask for a field and its value, then set it on the selected records, each as if it were changed alone."""
    opened = desk(request, object_name, "mass_update")
    opened.policy.require(object_name, "edit")
    ids = selected_ids(opened, request, "edit")
    fields = _fields(opened)
    chosen = next((item for item in fields if item.name == request.POST.get(FIELD)), None)
    form = _value_form(opened, chosen, request.POST if APPLY in request.POST else None) if chosen else None
    if form is not None and form.is_bound and form.is_valid():
        rows = [{"id": item, **form.submitted()} for item in ids]
        results = RecordService(opened.actor).bulk_update(object_name, rows, all_or_none=False)
        problems = [result.errors[0].text for result in results if result.errors]
        done = len(results) - len(problems)
        text = ngettext("%(count)d record was changed.", "%(count)d records were changed.", done) % {"count": done}
        report(request, text, done, problems)
        return redirect(request, safe_next(request, opened.list_url))
    which = FieldForm(fields, opened.language, chosen.name if chosen else "")
    context = {"desk": opened, "ids": ids, "which": which, "form": form}
    return ask(request, "mass_update", context, 422 if form is not None and form.errors else 200)


def _fields(opened: ObjectDesk) -> list[CompiledField]:
    """Return the fields of which many records can take one value."""
    editable = form_fields(opened.actor, opened.obj, opened.layout, opened.policy.editable_fields(opened.obj))
    return [
        item
        for item in editable
        if not (item.name == OWNER or item.spec.is_unique or isinstance(item.type, AttachmentType))
    ]


def _value_form(opened: ObjectDesk, field: CompiledField, data: QueryDict | None) -> RecordForm:
    given = resolve_typed(opened, [field], data) if data is not None else None
    return RecordForm(opened.obj, [field], opened.display(), values={}, data=given)
