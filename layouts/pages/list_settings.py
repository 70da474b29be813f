"""The small forms around a list: choosing columns, saving what it shows as a view, changing a view."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import redirect
from crm_platform.kit.errors import NotFound, ValidationFailed
from layouts.documents import ListViewSpec
from layouts.models import ListView
from layouts.pages.common import ObjectDesk, desk, small_form
from layouts.pages.list_state import ListState, read_state
from layouts.pages.object_list import ListPage
from layouts.selectors import default_list_view, list_views
from layouts.services import (
    CUSTOMIZE,
    ListViewInput,
    choose_columns,
    create_list_view,
    delete_list_view,
    update_list_view,
)
from metadata.field_types import widgets
from objects.query.conditions import All, to_json

ONE_HOP_FIELDS = 3


class ViewForm(forms.Form):
    """Name of a list view, and for whom it is."""

    label = forms.CharField(label=gettext_lazy("Name of the view"), max_length=80, widget=widgets.TextInput)
    is_shared = forms.BooleanField(
        label=gettext_lazy("For everybody, not only for me"), required=False, widget=widgets.Switch
    )
    is_default = forms.BooleanField(label=gettext_lazy("Open the list with it"), required=False, widget=widgets.Switch)


@signed_in
def column_chooser(request: HttpRequest, object_name: str) -> HttpResponse:
    """Choose which columns a list has, in which order; kept for the caller and this view."""
    listed = list_at(request, object_name)
    if request.method == "POST":
        chosen = [] if "reset" in request.POST else request.POST.getlist("columns")
        choose_columns(listed.desk.actor, object_name, chosen, listed.state.view.key)
        return redirect(request, listed.state.url(listed.desk.list_url))
    return _show(request, "columns", {"desk": listed.desk, "list": listed, "choices": _column_choices(listed)})


@signed_in
def view_new(request: HttpRequest, object_name: str) -> HttpResponse:
    """Save the list as it stands as a view."""
    listed = list_at(request, object_name)
    form = _view_form(request, listed.desk.actor.has_function(CUSTOMIZE), {"label": ""})
    if request.method == "POST" and form.is_valid():
        given = _view_input(listed, form.cleaned_data)
        try:
            made = create_list_view(listed.desk.actor, object_name, given)
        except ValidationFailed as failure:
            form.add_error(None, [str(error.message) for error in failure.errors])
        else:
            messages.success(request, _("The view was saved."))
            return redirect(request, f"{listed.desk.list_url}?view={made.api_name if given.is_shared else made.uuid}")
    return _show(request, "view_form", {"desk": listed.desk, "list": listed, "form": form, "view": None})


@signed_in
def view_edit(request: HttpRequest, object_name: str, view_id: uuid.UUID) -> HttpResponse:
    """Rename a view, or make it the one that the list opens with."""
    opened = desk(request, object_name)
    view = _stored_view(opened, view_id)
    form = _view_form(request, False, {"label": view.label.text(opened.language), "is_default": view.is_default})
    if request.method == "POST" and form.is_valid():
        labels = {**view.label, ("" if view.is_own else opened.language): form.cleaned_data["label"]}
        given = ListViewInput(
            label=labels,
            columns=view.columns,
            conditions=view.conditions,
            order=view.order,
            is_default=form.cleaned_data["is_default"],
            position=_position(view_id),
        )
        try:
            update_list_view(opened.actor, view_id, given)
        except ValidationFailed as failure:
            form.add_error(None, [str(error.message) for error in failure.errors])
        else:
            return redirect(request, f"{opened.list_url}?view={view.key}")
    return _show(request, "view_form", {"desk": opened, "form": form, "view": view})


@require_POST
@signed_in
def view_delete(request: HttpRequest, object_name: str, view_id: uuid.UUID) -> HttpResponse:
    """Delete a view; the records stay."""
    opened = desk(request, object_name)
    delete_list_view(opened.actor, view_id)
    messages.success(request, _("The view was deleted."))
    return redirect(request, opened.list_url)


def list_at(request: HttpRequest, object_name: str) -> ListPage:
    """Return the list as the address says it, from its first record on."""
    opened = desk(request, object_name)
    views = list_views(opened.actor, opened.obj)
    try:
        state = read_state(request.GET, opened.obj, views, opened.policy)
    except ValidationFailed:
        state = ListState(default_list_view(views))
    return ListPage(opened, views, state.first_page())


def _column_choices(listed: ListPage) -> list[dict[str, Any]]:
    """Return every column that can be had, the shown ones first in their order."""
    opened = listed.desk
    shown = [column.path for column in listed.columns]
    rest = [field.name for field in opened.policy.visible_fields(opened.obj) if field.name not in shown]
    paths = [(path, True) for path in shown] + [(path, False) for path in [*rest, *_related_paths(opened, shown)]]
    return [{"path": path, "label": opened.path_label(path), "is_shown": is_shown} for path, is_shown in paths]


def _related_paths(opened: ObjectDesk, shown: list[str]) -> list[str]:
    """Return the first fields of what the object's lookups point at."""
    found: list[str] = []
    for lookup in opened.policy.readable_fields(opened.obj):
        target = lookup.main.references
        if target and target not in ("user", "department") and not lookup.spec.is_system:
            others = [item for item in opened.obj.target(target).spec.business_fields if item.type != "long_text"]
            names = [item.api_name for item in others if item.api_name != opened.obj.target(target).spec.name_field]
            found += [f"{lookup.spec.path_name}.{name}" for name in names[:ONE_HOP_FIELDS]]
    return [path for path in opened.readable(found) if path not in shown]


def _view_form(request: HttpRequest, may_share: bool, initial: dict[str, Any]) -> ViewForm:
    form = ViewForm(request.POST if request.method == "POST" else None, initial=initial)
    if not may_share:
        del form.fields["is_shared"]
    return form


def _view_input(listed: ListPage, cleaned: dict[str, Any]) -> ListViewInput:
    conditions = listed.state.conditions
    tree = conditions[0] if len(conditions) == 1 else All(conditions) if conditions else None
    return ListViewInput(
        label=cleaned["label"],
        columns=[column.path for column in listed.columns],
        conditions=to_json(tree),
        order=listed.state.shown_order,
        is_shared=cleaned.get("is_shared", False),
        is_default=cleaned["is_default"],
        position=1000,
    )


def _stored_view(opened: ObjectDesk, view_id: uuid.UUID) -> ListViewSpec:
    for view in list_views(opened.actor, opened.obj):
        if view.uuid == view_id:
            return view
    raise NotFound


def _position(view_id: uuid.UUID) -> int:
    return ListView.objects.values_list("position", flat=True).get(uuid=view_id)


def _show(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    return small_form(request, name, context, 422 if request.method == "POST" else 200)
