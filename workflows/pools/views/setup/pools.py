"""All pools by object, a new one, and the settings of each."""

from __future__ import annotations

import uuid
from collections import defaultdict
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import PlatformError, StateConflict, ValidationFailed, VersionConflict
from metadata.compiler.current import current_snapshot
from objects.display.desk import plural_label
from workflows.pools.models import HoldCap, Pool, PoolMember, RecycleRule
from workflows.pools.services import settings
from workflows.pools.services.inputs import MemberInput, PoolInput
from workflows.pools.services.seats import MANAGE
from workflows.pools.views.common import show_refusal
from workflows.pools.views.setup.forms import NewPoolForm, PoolForm

managers_only = function_required(MANAGE)


def sent(request: ActorRequest) -> Any:
    """Return what a form sends, None while it is only shown."""
    return request.POST if request.method == "POST" else None


def tabs(pool: Pool, active: str) -> list[dict[str, Any]]:
    """Return the pages of one pool's settings."""
    members = PoolMember.objects.filter(pool=pool).count()
    rules = RecycleRule.objects.filter(pool=pool).count()
    assigning = pool.assignment_rules.count()
    pages = (
        ("pool-edit", _("Settings"), None),
        ("pool-people", _("Members and quotas"), members),
        ("assignment-rules", _("Assignment rules"), assigning),
        ("pool-sla", _("Response times"), None),
        ("pool-rules", _("Return by rules"), rules),
    )
    return [
        {"label": label, "url": reverse(name, args=[pool.pk]), "is_active": name == active, "count": count}
        for name, label, count in pages
    ]


@require_safe
@managers_only
def pool_settings(request: ActorRequest) -> HttpResponse:
    """Show the pools of every object that may have some."""
    by_object: dict[int, list[Pool]] = defaultdict(list)
    members = Count("members", distinct=True)
    rules = Count("recycle_rules", distinct=True)
    for row in Pool.objects.select_related("business_object").annotate(member_count=members, rule_count=rules):
        by_object[row.business_object_id].append(row)
    caps = dict(HoldCap.objects.order_by().values_list("business_object_id").annotate(Count("pk")))
    language = request.actor.language
    groups = [
        {
            "spec": spec,
            "label": plural_label(spec).text(language),
            "pools": by_object.get(spec.id, []),
            "caps": caps.get(spec.id, 0),
        }
        for spec in current_snapshot().objects()
        if spec.has_pools
    ]
    return render(request, "workflows/settings/pools.html", {"groups": groups})


@managers_only
def pool_new(request: ActorRequest) -> HttpResponse:
    """Make a pool with its first members; the rest is settled on its pages."""
    initial = {"object": request.GET.get("object", "")}
    form = NewPoolForm(sent(request), language=request.actor.language, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        given = PoolInput(
            object=data["object"], label=data["label"], description=data["description"], mode=data["mode"]
        )
        try:
            made = _make(request, given, form.principal("member"))
        except ValidationFailed as failed:
            for error in failed.errors:
                name = "member" if error.field == "principal" else error.field
                form.add_error(form.place_of(name), error.text)
        else:
            messages.success(request, _("Created: %(name)s") % {"name": made.label})
            return redirect("pool-edit", pool_id=made.pk)
    return render(request, "workflows/settings/pool_new.html", {"form": form}, status=form_status(request))


def _make(request: ActorRequest, given: PoolInput, member: str) -> Pool:
    made = settings.create_pool(request.actor, given)
    if member:
        settings.set_members(request.actor, made.pk, [MemberInput(principal=member)])
    return made


@managers_only
def pool_edit(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Show and change the settings of a pool."""
    row = settings.get_pool(request.actor, pool_id)
    form = PoolForm(sent(request), row, request.actor.language)
    if request.method == "POST" and form.is_valid() and _save(request, row, form):
        messages.success(request, _("Saved: %(name)s") % {"name": form.cleaned_data["label"]})
        return redirect("pool-edit", pool_id=pool_id)
    context = {"pool": row, "form": form, "tabs": tabs(row, "pool-edit"), "version": _version(request) or row.version}
    return render(request, "workflows/settings/pool.html", context, status=form_status(request))


def _save(request: ActorRequest, row: Pool, form: PoolForm) -> bool:
    try:
        settings.update_pool(request.actor, row.pk, form.changes(), _version(request))
    except VersionConflict:
        form.add_error(None, _("Somebody else has changed this pool meanwhile. Load the page anew."))
    except ValidationFailed as failed:
        show_refusal(form, failed)
    else:
        return True
    return False


def _version(request: ActorRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


@require_POST
@managers_only
def pool_delete(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Delete a pool, or say what stands against it."""
    row = settings.get_pool(request.actor, pool_id)
    try:
        settings.delete_pool(request.actor, pool_id)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
        return redirect("pool-edit", pool_id=pool_id)
    messages.success(request, _("Deleted: %(name)s") % {"name": row.label})
    return redirect("pool-settings")


def told(form: forms.Form, refused: PlatformError, names: dict[str, str]) -> None:
    """Show a refusal at the inputs that stand for the services' members, as `names` says."""
    if not isinstance(refused, ValidationFailed):
        form.add_error(None, str(refused.message))
        return
    for error in refused.errors:
        place = names.get(error.field or "", error.field or "")
        form.add_error(place if place in form.fields else None, error.text)
