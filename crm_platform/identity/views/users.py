"""The list of users and the form of one user."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.console.htmx import is_fragment
from crm_platform.identity import selectors, services
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.users import NewUserForm, PasswordForm, UserForm, user_initial
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.requests import ActorRequest
from crm_platform.identity.views.invitations import show_invitation
from crm_platform.identity.views.user_page import user_page
from crm_platform.kit.errors import StateConflict, ValidationFailed

PAGE_SIZE = 50
managers_only = function_required(MANAGE_USERS)


@require_safe
@managers_only
def user_list(request: ActorRequest) -> HttpResponse:
    """Show users by name, state and text; htmx gets only the table."""
    state = request.GET.get("state", "active")
    state = state if state in selectors.USER_STATES else "active"
    text = request.GET.get("q", "").strip()[:100]
    found = selectors.users(request.actor, text=text, state=state)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "q": text,
        "state": state,
        "tabs": _tabs(request, state),
        "previous_url": _page_url(request, page.previous_page_number()) if page.has_previous() else None,
        "next_url": _page_url(request, page.next_page_number()) if page.has_next() else None,
        "summary": _("%(first)s–%(last)s of %(count)s")
        % {"first": page.start_index(), "last": page.end_index(), "count": page.paginator.count},
    }
    template = "identity/users_results.html" if is_fragment(request) else "identity/users.html"
    return render(request, template, context)


@method_decorator([sensitive_post_parameters("password"), managers_only], name="dispatch")
class NewUser(View):
    def get(self, request: ActorRequest) -> HttpResponse:
        return _form_page(request, NewUserForm(initial={"department": request.GET.get("department")}))

    def post(self, request: ActorRequest) -> HttpResponse:
        form = NewUserForm(request.POST)
        if form.is_valid():
            try:
                made = services.create_user(
                    request.actor,
                    form.user_input(),
                    form.cleaned_data["password"] or None,
                )
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                messages.success(request, _("Created: %(name)s") % {"name": made.name})
                return redirect("users") if made.has_usable_password() else show_invitation(request, made)
        return _form_page(request, form, status=422)


@method_decorator(managers_only, name="dispatch")
class EditUser(View):
    def get(self, request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
        user = selectors.get_user(request.actor, user_id)
        return _form_page(request, UserForm(initial=user_initial(user)), user)

    def post(self, request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
        user = selectors.get_user(request.actor, user_id)
        form = UserForm(request.POST)
        if form.is_valid():
            try:
                services.update_user(request.actor, user_id, **vars(form.user_input()))
            except ValidationFailed as failed:
                show_failure(form, failed)
            except StateConflict as refused:
                form.add_error(None, str(refused.message))
            else:
                messages.success(request, _("Saved: %(name)s") % {"name": form.cleaned_data["name"]})
                return redirect("users")
        return _form_page(request, form, user, status=422)


@method_decorator([sensitive_post_parameters("password"), managers_only], name="dispatch")
class ResetPassword(View):
    def get(self, request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
        user = selectors.get_user(request.actor, user_id)
        return _password_page(request, PasswordForm(), user)

    def post(self, request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
        user = selectors.get_user(request.actor, user_id)
        form = PasswordForm(request.POST)
        if form.is_valid():
            try:
                services.reset_password(request.actor, user_id, form.cleaned_data["password"])
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                messages.success(request, _("The password of %(name)s is changed.") % {"name": user.name})
                return redirect("users")
        return _password_page(request, form, user, status=422)


@require_POST
@managers_only
def deactivate_user(request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
    """Lock an account, or say why that is not possible."""
    try:
        user = services.deactivate_user(request.actor, user_id)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("Deactivated: %(name)s") % {"name": user.name})
        return redirect("user-edit", user.pk)
    return redirect("users")


@require_POST
@managers_only
def reactivate_user(request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
    """Open an account again, or say why that is not possible."""
    try:
        user = services.reactivate_user(request.actor, user_id)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("Active again: %(name)s") % {"name": user.name})
    return redirect("users")


def _tabs(request: ActorRequest, state: str) -> list[dict[str, object]]:
    labels = {"active": _("Active"), "inactive": _("Deactivated"), "all": _("All")}
    return [
        {"label": label, "url": "?" + _query(request, state=key), "is_active": key == state}
        for key, label in labels.items()
    ]


def _page_url(request: ActorRequest, number: int) -> str:
    return "?" + _query(request, page=str(number))


def _query(request: ActorRequest, **changes: str) -> str:
    """Return the present query string with some members replaced; another state starts at page 1."""
    query = request.GET.copy()
    query.pop("page", None)
    for name, value in changes.items():
        query[name] = value
    return query.urlencode()


def _form_page(request: ActorRequest, form: UserForm, user: User | None = None, status: int = 200) -> HttpResponse:
    return user_page(request, user, form=form, status=status) if user else _new_page(request, form, status)


def _new_page(request: ActorRequest, form: UserForm, status: int) -> HttpResponse:
    return render(request, "identity/user_form.html", {"form": form, "person": None}, status=status)


def _password_page(request: ActorRequest, form: PasswordForm, user: User, status: int = 200) -> HttpResponse:
    return render(request, "identity/password_form.html", {"form": form, "person": user}, status=status)
