"""The organisation's settings and its logo."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_safe

from crm_platform.console.access import function_required
from crm_platform.files.serving import send
from crm_platform.identity import selectors, services
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.organization import OrganizationForm, organization_initial
from crm_platform.identity.functions import MANAGE_ORGANIZATION
from crm_platform.identity.models import OrganizationSettings
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import ValidationFailed


@method_decorator(function_required(MANAGE_ORGANIZATION), name="dispatch")
class OrganizationSettingsPage(View):
    def get(self, request: ActorRequest) -> HttpResponse:
        return _page(request, OrganizationForm(initial=organization_initial(selectors.organization_settings())))

    def post(self, request: ActorRequest) -> HttpResponse:
        form = OrganizationForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                _save(request, form)
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                messages.success(request, _("The settings are saved."))
                return redirect("organization-settings")
        return _page(request, form, status=422)


@require_safe
def logo(request: HttpRequest) -> HttpResponseBase:
    """Send the logo; also to strangers, because the sign-in page shows it."""
    row = OrganizationSettings.objects.select_related("logo").first()
    if row is None or row.logo is None:
        raise Http404
    response = send(request, row.logo)
    response["Cache-Control"] = "private, max-age=300"
    return response


@transaction.atomic
def _save(request: ActorRequest, form: OrganizationForm) -> None:
    actor, upload = request.actor, form.cleaned_data["logo"]
    services.update_organization(actor, form.organization_input())
    if upload:
        services.set_logo(actor, upload.read(services.MAX_LOGO_BYTES + 1))
    elif form.cleaned_data["remove_logo"]:
        services.remove_logo(actor)


def _page(request: ActorRequest, form: OrganizationForm, status: int = 200) -> HttpResponse:
    has_logo = OrganizationSettings.objects.filter(logo__isnull=False).exists()
    return render(request, "identity/organization.html", {"form": form, "has_logo": has_logo}, status=status)
