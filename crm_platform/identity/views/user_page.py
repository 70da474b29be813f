"""The page of one user: the form, what he is, where else he belongs, and what he leaves behind."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import timezone

from crm_platform.identity import selectors
from crm_platform.identity.affiliations import affiliations_of
from crm_platform.identity.belongings import belongings_of
from crm_platform.identity.forms.departments import OtherDepartmentForm
from crm_platform.identity.forms.users import UserForm, user_initial
from crm_platform.identity.models import User
from crm_platform.identity.requests import ActorRequest

# Of a layer above, which may not be there.
HANDOVER, SIMULATION = "/setup/handover/{user_id}", "/setup/access/simulate/{user_id}"


def user_page(
    request: ActorRequest,
    user: User,
    *,
    form: UserForm | None = None,
    department_form: OtherDepartmentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page of a user; forms that hold mistakes are shown with them."""
    context = {
        "form": form or UserForm(initial=user_initial(user)),
        "department_form": department_form or OtherDepartmentForm(),
        "person": user,
        "standing": selectors.standing_of(request.actor, user, timezone.now()),
        "affiliations": affiliations_of(request.actor, user),
        "can_be_invited": user.is_active and not user.has_usable_password(),
        "belongings": () if user.is_active else belongings_of(request.actor, user.pk),
        "handover_url": _url(HANDOVER, user),
        "simulate_url": _url(SIMULATION, user),
    }
    return render(request, "identity/user_form.html", context, status=status)


def _url(address: str, user: User) -> str | None:
    url = address.format(user_id=user.pk)
    try:
        resolve(url)
    except Resolver404:
        return None
    return url
