"""What a pool demands of owners, and how the demands on one record stand."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from crm_platform.console.forms import form_status
from crm_platform.console.htmx import is_fragment
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound, ValidationFailed
from objects.query.query import RecordQuery
from workflows.pools.services.settings import get_pool
from workflows.pools.views.common import show_refusal
from workflows.pools.views.setup.fields import ConditionField, number
from workflows.pools.views.setup.pools import managers_only, sent, tabs
from workflows.sla.models import SlaPolicy
from workflows.sla.reading import latest
from workflows.sla.settings import LONGEST, NAMES, policy_of, save_policy


class SlaForm(forms.Form):
    """What a pool demands."""

    is_active = forms.BooleanField(label=gettext_lazy("In force"), required=False)
    first_response = number(
        gettext_lazy("First follow-up within minutes"),
        gettext_lazy("Since somebody got the record. 0: no demand."),
        least=0,
        most=LONGEST,
        required=True,
    )
    next_response = number(
        gettext_lazy("Then again within minutes"),
        gettext_lazy("Since the follow-up before. 0: no demand."),
        least=0,
        most=LONGEST,
        required=True,
    )
    in_hours = forms.BooleanField(label=gettext_lazy("Only working hours count"), required=False)
    notifies_manager = forms.BooleanField(
        label=gettext_lazy("Tell the owner's manager, too, when it is missed"), required=False
    )

    def __init__(self, data: Any, policy: SlaPolicy) -> None:
        super().__init__(data)
        self.fields["condition"] = ConditionField(policy.pool.business_object.api_name, _("Only for records that fit"))
        for name in NAMES:
            self.fields[name].initial = getattr(policy, name)


@managers_only
def pool_sla(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Show and change what a pool demands of the owners of its records."""
    pool, policy = get_pool(request.actor, pool_id), policy_of(request.actor, pool_id)
    form = SlaForm(sent(request), policy)
    if request.method == "POST" and form.is_valid():
        try:
            save_policy(request.actor, pool_id, form.cleaned_data)
        except ValidationFailed as failed:
            show_refusal(form, failed)
        else:
            messages.success(request, _("Saved: %(name)s") % {"name": pool.label})
            return redirect("pool-sla", pool_id=pool_id)
    context = {"pool": pool, "form": form, "tabs": tabs(pool, "pool-sla")}
    return render(request, "workflows/sla/settings.html", context, status=form_status(request))


@require_safe
@signed_in
def sla_panel(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Show how the latest demand on a record that one sees stands."""
    if not RecordQuery(request.actor, object_name).visible_ids([record_id]):
        raise NotFound
    clock = latest(record_id)
    is_late = clock is not None and clock.due_at < timezone.now()
    context = {"object_name": object_name, "record_id": record_id, "clock": clock, "is_late": is_late}
    name = "panel" if is_fragment(request) else "panel_page"
    return render(request, f"workflows/sla/{name}.html", context)
