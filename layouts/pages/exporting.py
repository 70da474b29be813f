"""What a list shows as a file: the small form that asks for columns and format, and the file."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.console.access import signed_in
from crm_platform.kit.errors import ValidationFailed
from layouts.pages.common import desk, small_form
from layouts.pages.list_settings import list_at
from layouts.pages.object_list import ListPage
from metadata.field_types import widgets
from objects.display.cells import Column, columns
from objects.exchange.exporting import CSV, MEDIA_TYPES, XLSX, export

SHOWN, ALL = "shown", "all"


class ExportForm(forms.Form):
    """Which columns, in which kind of file."""

    columns = forms.ChoiceField(
        label=_("Columns"),
        choices=[(SHOWN, _("Those that the list shows")), (ALL, _("All fields that I may read"))],
        initial=SHOWN,
        widget=widgets.Select,
    )
    format = forms.ChoiceField(
        label=_("Kind of file"),
        choices=[(XLSX, _("Excel workbook (.xlsx)")), (CSV, _("Text (.csv, UTF-8)"))],
        initial=XLSX,
        widget=widgets.Select,
    )


@signed_in
def record_export(request: HttpRequest, object_name: str) -> HttpResponse | FileResponse:
    """Ask what is wanted of the list as its address says it; `POST` answers with the file."""
    desk(request, object_name, "export")
    page = list_at(request, object_name)
    form = ExportForm(request.POST if request.method == "POST" else None, label_suffix="")
    if form.is_bound and form.is_valid():
        try:
            return _file(page, _columns(page, form.cleaned_data["columns"]), form.cleaned_data["format"])
        except ValidationFailed as failure:
            form.add_error(None, [str(error.text) for error in failure.errors])
    context = {"desk": page.desk, "list": page, "form": form}
    return small_form(request, "export", context, status=422 if form.errors else 200)


def _columns(page: ListPage, which: str) -> Sequence[Column]:
    if which == SHOWN:
        return page.columns
    return columns(page.desk, [field.name for field in page.desk.policy.visible_fields(page.desk.obj)])


def _file(page: ListPage, chosen: Sequence[Column], kind: str) -> FileResponse:
    made = export(page.desk, page.exported, chosen, kind)
    day = timezone.now().astimezone(page.desk.actor.zone).date()
    name = f"{page.desk.plural} {day.isoformat()}.{kind}"
    response = FileResponse(made.content, as_attachment=True, filename=name, content_type=MEDIA_TYPES[kind])
    response["Cache-Control"] = "private, no-store"
    return response
