"""Who works with a pool, whose limits differ from the others', and how much people hold over all pools."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound, ValidationFailed
from metadata.compiler.current import current_snapshot
from objects.access.naming import names_of
from objects.access.principals import NO_TERRITORIES
from objects.display.desk import plural_label
from objects.display.principals import PrincipalForm, UserField
from workflows.pools.models import HoldCap, Pool, PoolMember, PoolQuota
from workflows.pools.services import settings
from workflows.pools.services.inputs import HoldCapInput, MemberInput
from workflows.pools.views.common import show_refusal
from workflows.pools.views.setup.fields import ConditionField, number
from workflows.pools.views.setup.pools import managers_only, tabs

MEMBER, QUOTA = "member", "quota"  # what a form of the page is about


class MemberForm(PrincipalForm):
    """Another member or administrator of a pool."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_principal("member", _("Who"), NO_TERRITORIES)
        self.fields["is_admin"] = forms.BooleanField(label=_("Administrator of the pool"), required=False)


class QuotaForm(forms.Form):
    """Limits of one person; what is empty is as for all others."""

    hold_cap = number(gettext_lazy("Holds at most"), least=0)
    daily_cap = number(gettext_lazy("Claims in a day at most"), least=0)

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user_id"] = UserField(language, _("Person"))
        self.order_fields(["user_id"])


class CapForm(PrincipalForm):
    """How much somebody may hold over all pools."""

    cap = number(gettext_lazy("Holds at most"), least=0, required=True)

    def __init__(self, *args: Any, target: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_principal("member", _("Who"), NO_TERRITORIES)
        self.fields["uncounted"] = ConditionField(target, _("Records that take no room"))
        self.order_fields([name for name in self.fields if name.startswith("member")])


# --- members and quotas ---------------------------------------------------------------------------------------
@managers_only
def pool_people(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Show who works with a pool; take another member, or another person's limits."""
    row = settings.get_pool(request.actor, pool_id)
    about = request.POST.get("about", "")
    language = request.actor.language
    member_form = MemberForm(request.POST if about == MEMBER else None, language=language)
    quota_form = QuotaForm(request.POST if about == QUOTA else None, language=language)
    if about == MEMBER and member_form.is_valid() and _add_member(request, row, member_form):
        return redirect("pool-people", pool_id=pool_id)
    if about == QUOTA and quota_form.is_valid() and _set_quota(request, row, quota_form):
        return redirect("pool-people", pool_id=pool_id)
    members = list(row.members.order_by("-is_admin", "pk"))
    names = names_of(member.principal for member in members)
    context = {
        "pool": row,
        "tabs": tabs(row, "pool-people"),
        "members": [(member, names[member.principal]) for member in members],
        "quotas": PoolQuota.objects.filter(pool=row).select_related("user").order_by("user__name"),
        "member_form": member_form,
        "quota_form": quota_form,
    }
    return render(request, "workflows/settings/people.html", context, status=form_status(request))


def _add_member(request: ActorRequest, row: Pool, form: MemberForm) -> bool:
    given = MemberInput(principal=form.principal("member"), is_admin=form.cleaned_data["is_admin"])
    kept = [item for item in _members(row.members.all()) if item.principal != given.principal]
    try:
        settings.set_members(request.actor, row.pk, [*kept, given])
    except ValidationFailed as failed:
        _tell(form, failed)
        return False
    messages.success(request, _("The members are saved."))
    return True


def _set_quota(request: ActorRequest, row: Pool, form: QuotaForm) -> bool:
    data = form.cleaned_data
    limits = {"hold_cap": data["hold_cap"], "daily_cap": data["daily_cap"]}
    try:
        settings.set_quota(request.actor, row.pk, data["user_id"], **limits)
    except ValidationFailed as failed:
        show_refusal(form, failed)
        return False
    messages.success(request, _("The limits are saved."))
    return True


@require_POST
@managers_only
def member_remove(request: ActorRequest, pool_id: uuid.UUID, member_id: int) -> HttpResponse:
    """Take a member out of a pool."""
    row = settings.get_pool(request.actor, pool_id)
    settings.set_members(request.actor, pool_id, _members(row.members.exclude(pk=member_id)))
    messages.success(request, _("The members are saved."))
    return redirect("pool-people", pool_id=pool_id)


@require_POST
@managers_only
def quota_remove(request: ActorRequest, pool_id: uuid.UUID, user_id: uuid.UUID) -> HttpResponse:
    """Let a person's limits be as the others'."""
    settings.set_quota(request.actor, pool_id, user_id)
    messages.success(request, _("The limits are saved."))
    return redirect("pool-people", pool_id=pool_id)


def _members(rows: Iterable[PoolMember]) -> list[MemberInput]:
    return [MemberInput(principal=row.principal, is_admin=row.is_admin) for row in rows]


# --- over all pools ---------------------------------------------------------------------------------------------
@managers_only
def hold_caps(request: ActorRequest, object_name: str) -> HttpResponse:
    """Show how much people may hold over all pools of an object; take another cap, the last in order."""
    spec = current_snapshot().spec.object_map.get(object_name)
    if spec is None or not spec.has_pools:
        raise NotFound
    given = request.POST if request.method == "POST" else None
    form = CapForm(given, language=request.actor.language, target=object_name)
    rows = list(HoldCap.objects.filter(business_object=spec.id))
    if given is not None and form.is_valid():
        data = form.cleaned_data
        cap = HoldCapInput(principal=form.principal("member"), cap=data["cap"], uncounted=data["uncounted"])
        try:
            settings.set_hold_caps(request.actor, object_name, [*_caps(rows), cap])
        except ValidationFailed as failed:
            _tell(form, failed)
        else:
            messages.success(request, _("The limits are saved."))
            return redirect("pool-caps", object_name=object_name)
    names = names_of(row.principal for row in rows)
    context = {
        "object_name": object_name,
        "label": plural_label(spec).text(request.actor.language),
        "caps": [(row, names[row.principal]) for row in rows],
        "form": form,
    }
    return render(request, "workflows/settings/caps.html", context, status=form_status(request))


@require_POST
@managers_only
def hold_cap_remove(request: ActorRequest, object_name: str, cap_id: int) -> HttpResponse:
    """Take a cap away."""
    rows = HoldCap.objects.filter(business_object__api_name=object_name).exclude(pk=cap_id)
    settings.set_hold_caps(request.actor, object_name, _caps(rows))
    messages.success(request, _("The limits are saved."))
    return redirect("pool-caps", object_name=object_name)


def _caps(rows: Iterable[HoldCap]) -> list[HoldCapInput]:
    return [HoldCapInput(principal=row.principal, cap=row.cap, uncounted=row.uncounted) for row in rows]


def _tell(form: PrincipalForm, failed: ValidationFailed) -> None:
    """Show what is wrong: with a principal, at the input in which it was chosen."""
    for error in failed.errors:
        name = "member" if error.field == "principal" else error.field
        form.add_error(form.place_of(name), error.text)
