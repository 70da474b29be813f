"""The departments to which a user belongs besides his own."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_platform.console.access import function_required
from crm_platform.identity import selectors, services
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.departments import OtherDepartmentForm
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.requests import ActorRequest
from crm_platform.identity.views.user_page import user_page
from crm_platform.kit.errors import ValidationFailed

managers_only = function_required(MANAGE_USERS)


@require_POST
@managers_only
def add_department(request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
    """Let the user belong to one more department."""
    user = selectors.get_user(request.actor, user_id)
    form = OtherDepartmentForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            services.add_user_department(request.actor, user_id, data["department"].pk, title=data["title"])
        except ValidationFailed as failed:
            show_failure(form, failed)
        else:
            messages.success(request, _("Saved: %(name)s") % {"name": user.name})
            return redirect("user-edit", user_id)
    return user_page(request, user, department_form=form, status=422)


@require_POST
@managers_only
def remove_department(request: ActorRequest, user_id: uuid.UUID, department_id: uuid.UUID) -> HttpResponse:
    """Let the user no longer belong to it."""
    department = selectors.get_department(request.actor, department_id)
    services.remove_user_department(request.actor, user_id, department_id)
    messages.success(request, _("Removed: %(name)s") % {"name": department.name})
    return redirect("user-edit", user_id)
