"""The dialog in which a person adds a condition to a list, or changes one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment, redirect
from layouts.pages.common import ObjectDesk, desk
from layouts.pages.list_state import ListState, read_state
from layouts.selectors import list_views
from objects.display.condition_form import COUNT, OPERAND, ConditionForm
from objects.query.conditions import Condition

PLACE = "place"


def _state_of(request: HttpRequest, opened: ObjectDesk) -> ListState:
    """Return the list's state, leaving out the inputs of this form."""
    params = request.GET.copy()
    for name in [name for name in params if name.startswith((OPERAND, COUNT))]:
        del params[name]
    return read_state(params, opened.obj, list_views(opened.actor, opened.obj), opened.policy)


@require_safe
@signed_in
def filter_form(request: HttpRequest, object_name: str) -> HttpResponse:
    """Build or change one condition of a list; when it is complete, go back to the list with it."""
    opened = desk(request, object_name)
    state = _state_of(request, opened)
    place = request.GET.get(PLACE, "")
    number = int(place) if place.isdigit() and int(place) < len(state.conditions) else None
    existing = state.conditions[number] if number is not None else None
    known = existing if isinstance(existing, Condition) else None
    form = ConditionForm(opened, request.GET, known, is_sent="apply" in request.GET)
    if form.is_sent:
        condition = form.condition()
        if condition is not None:
            return redirect(request, state.with_condition(condition, number).url(opened.list_url))
    template = "console/components/filter_form.html" if is_fragment(request) else "layouts/lists/filter_page.html"
    context = {
        "desk": opened,
        "filter": form,
        "form_url": reverse("record-filter", args=[opened.name]),
        "list_url": opened.list_url,
        "state": state.first_page().query(),
        "place": number,
    }
    return render(request, template, context, status=422 if form.is_sent else 200)
