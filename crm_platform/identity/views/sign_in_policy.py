"""What the organisation asks of those who sign in, what a profile asks besides, and everybody's sign-ins."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_safe

from crm_platform.console.access import function_required
from crm_platform.console.htmx import is_fragment
from crm_platform.identity import selectors, services, sign_in_history, throttle
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.sign_in import HistoryForm, PolicyForm, ProfileSignInForm
from crm_platform.identity.freshness import fresh_to_send
from crm_platform.identity.functions import MANAGE_ORGANIZATION, MANAGE_USERS, VIEW_AUDIT
from crm_platform.identity.models import Profile
from crm_platform.identity.requests import ActorRequest
from crm_platform.identity.services.sign_in_policy import policy_of
from crm_platform.kit.errors import NotFound, ValidationFailed


@method_decorator([function_required(MANAGE_ORGANIZATION), fresh_to_send], name="dispatch")
class SignInPolicyPage(View):
    def get(self, request: ActorRequest) -> HttpResponse:
        return self._page(request, PolicyForm(initial=policy_of(selectors.organization_settings())))

    def post(self, request: ActorRequest) -> HttpResponse:
        form = PolicyForm(request.POST)
        if form.is_valid():
            try:
                services.update_sign_in_policy(request.actor, form.policy())
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                messages.success(request, _("The settings are saved."))
                return redirect("sign-in-policy")
        return self._page(request, form, 422)

    @staticmethod
    def _page(request: ActorRequest, form: PolicyForm, status: int = 200) -> HttpResponse:
        profiles = Profile.objects.order_by("id") if request.actor.has_function(MANAGE_USERS) else ()
        return render(request, "identity/sign_in_policy.html", {"form": form, "profiles": profiles}, status=status)


@method_decorator([function_required(MANAGE_USERS), fresh_to_send], name="dispatch")
class ProfileSignInPage(View):
    def get(self, request: ActorRequest, profile_id: uuid.UUID) -> HttpResponse:
        profile = _profile(profile_id)
        return self._page(request, ProfileSignInForm(initial=ProfileSignInForm.initial_of(profile)), profile)

    def post(self, request: ActorRequest, profile_id: uuid.UUID) -> HttpResponse:
        profile, form = _profile(profile_id), ProfileSignInForm(request.POST)
        if form.is_valid():
            required, address = form.cleaned_data["requires_second_factor"], throttle.client_address(request)
            try:
                services.update_profile_sign_in(request.actor, profile_id, form.networks(), required, address)
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                messages.success(request, _("Saved: %(name)s") % {"name": profile.name})
                return redirect("sign-in-policy")
        return self._page(request, form, profile, 422)

    @staticmethod
    def _page(request: ActorRequest, form: ProfileSignInForm, profile: Profile, status: int = 200) -> HttpResponse:
        context = {"form": form, "profile": profile, "address": throttle.client_address(request)}
        return render(request, "identity/profile_sign_in.html", context, status=status)


@require_safe
@function_required(VIEW_AUDIT)
def history(request: ActorRequest) -> HttpResponse:
    """Show everybody's sign-ins, the newest first, by user, outcome and address."""
    form = HistoryForm(request.actor, request.GET, auto_id="history_%s")
    page = sign_in_history.sign_ins(request.actor, form.wanted(), request.GET.get("before"))
    kept = request.GET.copy()
    kept.pop("before", None)
    context = {"form": form, "page": page, "records": page.records, "query": kept.urlencode()}
    template = "identity/sign_in_history_results.html" if is_fragment(request) else "identity/sign_in_history.html"
    return render(request, template, context)


def _profile(profile_id: uuid.UUID) -> Profile:
    found = Profile.objects.filter(uuid=profile_id).first()
    if found is None:
        raise NotFound(_("There is no such profile."))
    return found
