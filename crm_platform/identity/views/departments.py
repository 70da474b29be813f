"""The department tree and the form of one department."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.identity import selectors, services
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.departments import DepartmentForm, MoveForm
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import StateConflict, ValidationFailed

managers_only = function_required(MANAGE_USERS)


@require_safe
@managers_only
def department_list(request: ActorRequest) -> HttpResponse:
    """Show the whole tree."""
    anyone = str(uuid.UUID(int=0))
    context = {
        "rows": selectors.department_tree(request.actor),
        "move_url": reverse("department-move", args=[anyone]).replace(anyone, "{id}"),
    }
    return render(request, "identity/departments.html", context)


@method_decorator(managers_only, name="dispatch")
class NewDepartment(View):
    def get(self, request: ActorRequest) -> HttpResponse:
        return _page(request, DepartmentForm(initial={"parent": request.GET.get("parent")}))

    def post(self, request: ActorRequest) -> HttpResponse:
        form = DepartmentForm(request.POST)
        if form.is_valid():
            data = form.cleaned_data
            try:
                made = services.create_department(
                    request.actor,
                    data["name"],
                    data["parent"].pk,
                    code=data["code"],
                )
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                messages.success(request, _("Created: %(name)s") % {"name": made.name})
                return redirect("departments")
        return _page(request, form, status=422)


@method_decorator(managers_only, name="dispatch")
class EditDepartment(View):
    def get(self, request: ActorRequest, department_id: uuid.UUID) -> HttpResponse:
        department = selectors.get_department(request.actor, department_id)
        initial = {
            "name": department.name,
            "code": department.code,
            "parent": selectors.parent_of(department),
        }
        return _page(request, DepartmentForm(initial=initial, department=department), department)

    def post(self, request: ActorRequest, department_id: uuid.UUID) -> HttpResponse:
        department = selectors.get_department(request.actor, department_id)
        form = DepartmentForm(request.POST, department=department)
        if form.is_valid():
            try:
                _save(request, department, form)
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                messages.success(request, _("Saved: %(name)s") % {"name": form.cleaned_data["name"]})
                return redirect("departments")
        return _page(request, form, department, status=422)


@require_POST
@managers_only
def move_department(request: ActorRequest, department_id: uuid.UUID) -> HttpResponse:
    """Put a department with all below it under another one, or say why it can't stand there."""
    department = selectors.get_department(request.actor, department_id)
    form = MoveForm(request.POST)
    try:
        parent_id = form.cleaned_data["parent"].pk if form.is_valid() else uuid.UUID(int=0)
        services.move_department(request.actor, department_id, parent_id)
    except ValidationFailed as failed:
        messages.error(request, " ".join(error.text for error in failed.errors))
    except StateConflict as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("Moved: %(name)s") % {"name": department.name})
    return redirect("departments")


@require_POST
@managers_only
def close_department(request: ActorRequest, department_id: uuid.UUID) -> HttpResponse:
    """Close a department, or say why it can't be closed."""
    try:
        services.deactivate_department(request.actor, department_id)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("The department is closed."))
    return redirect("departments")


@require_POST
@managers_only
def reopen_department(request: ActorRequest, department_id: uuid.UUID) -> HttpResponse:
    """Open a closed department again."""
    services.reactivate_department(request.actor, department_id)
    messages.success(request, _("The department is open again."))
    return redirect("departments")


@transaction.atomic
def _save(request: ActorRequest, department: Department, form: DepartmentForm) -> None:
    """Move first, so that the name is compared with the siblings of the new place."""
    data, actor = form.cleaned_data, request.actor
    before = selectors.parent_of(department)
    if "parent" in data and data["parent"] != before:
        services.move_department(actor, department.pk, data["parent"].pk)
    services.rename_department(actor, department.pk, data["name"], code=data["code"])


def _page(
    request: ActorRequest, form: DepartmentForm, department: Department | None = None, status: int = 200
) -> HttpResponse:
    return render(request, "identity/department_form.html", {"form": form, "department": department}, status=status)
