"""Dialogs by which owners keep records from returning: more days are asked for and answered, records are protected."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import time
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from crm_platform.console.access import signed_in
from crm_platform.console.forms import DateInput
from crm_platform.console.htmx import redirect
from crm_platform.identity.requests import ActorRequest
from crm_platform.jobs.schedules import wall_time
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, PlatformError
from metadata.compiler.compiled import CompiledObject
from metadata.field_types import widgets
from objects.extensions import RecordAction, record_actions
from workflows.pools.models import Pool
from workflows.pools.recycling import keeping
from workflows.pools.rules import pool_rules
from workflows.pools.views.common import dialog, show_refusal, way_back
from workflows.pools.views.records import OWNER, POOL, as_id

shown_or_sent = require_http_methods(["GET", "HEAD", "POST"])
GRANT, REFUSE = "grant", "refuse"
END_OF_DAY = time(23, 59)


class MoreTimeForm(forms.Form):
    """For how many days more, and why."""

    days = forms.IntegerField(label=gettext_lazy("Days"), min_value=1)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=keeping.MOST_REASON, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, data: Any, pool: Pool) -> None:
        super().__init__(data, initial={"days": pool.extension_days})
        most = pool.extension_days
        text = ngettext("At most %(count)d day.", "At most %(count)d days.", most) % {"count": most}
        self.fields["days"].help_text = text
        self.fields["days"].widget.attrs["max"] = most


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(
        label=gettext_lazy("Answer"),
        choices=[(GRANT, gettext_lazy("Grant")), (REFUSE, gettext_lazy("Refuse"))],
        widget=widgets.Select,
    )


class ProtectForm(forms.Form):
    until = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=DateInput, help_text=gettext_lazy("Empty: for good.")
    )


@shown_or_sent
@signed_in
def more_time(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Ask for how many days more, and why."""
    found = keeping.held(request.actor, object_name, record_id)
    form = MoreTimeForm(request.POST if "is_sent" in request.POST else None, found.pool)

    def act() -> str:
        data = form.cleaned_data
        keeping.ask_extension(request.actor, object_name, record_id, data["days"], data["reason"])
        return _("You have asked for more time. The record stays until there is an answer.")

    return _carry_out(request, found, form, act, (_("Ask for more time"), _("Ask")))


@shown_or_sent
@signed_in
def answer_more_time(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Show what an owner asks for, and grant or refuse it."""
    found = keeping.held(request.actor, object_name, record_id)
    row = keeping.waiting_extension(record_id)
    if row is None or not keeping.may_decide(request.actor, row):
        raise NotFound
    form = AnswerForm(request.POST if "is_sent" in request.POST else None)

    def act() -> str:
        is_granted = form.cleaned_data["answer"] == GRANT
        keeping.decide_extension(request.actor, row.pk, is_granted=is_granted)
        return _("The owner has more time.") if is_granted else _("The owner has no more time.")

    asked = ngettext("%(name)s: %(count)d day more. %(reason)s", "%(name)s: %(count)d days more. %(reason)s", row.days)
    title = asked % {"name": row.owner.name, "count": row.days, "reason": row.reason}
    return _carry_out(request, found, form, act, (_("Answer to a request for more time"), _("Save")), title)


@shown_or_sent
@signed_in
def protect(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Ask until when a record is protected, or whether that shall end."""
    found = keeping.held(request.actor, object_name, record_id)
    sent = request.POST if "is_sent" in request.POST else None
    if keeping.protection_of(found.id, found.owner_id) is not None:
        return _unprotect(request, found, forms.Form(sent))
    form = ProtectForm(sent)

    def act() -> str:
        day = form.cleaned_data["until"]
        until = wall_time(day, END_OF_DAY, request.actor.zone) if day else None
        keeping.protect(request.actor, object_name, record_id, until)
        return _("The record is protected.")

    used = keeping.protected_count(found.pool, found.object, found.owner_id)
    quota = _("%(name)s · %(used)d of %(cap)d protected") % {
        "name": found.name,
        "used": used,
        "cap": found.pool.protected_cap,
    }
    return _carry_out(request, found, form, act, (_("Protect from returning"), _("Protect")), quota)


def _unprotect(request: ActorRequest, found: keeping.Held, form: forms.Form) -> HttpResponse:
    def act() -> str:
        keeping.unprotect(request.actor, found.object.name, found.id)
        return _("The record is not protected any longer.")

    return _carry_out(request, found, form, act, (_("End the protection"), _("End it")))


def _carry_out(
    request: ActorRequest,
    found: keeping.Held,
    form: forms.Form,
    act: Callable[[], str],
    texts: tuple[str, str],
    title: str = "",
) -> HttpResponse:
    """Show a dialog about one record, or carry out its order and go back."""
    fallback = keeping.notices.record_url(found.object.name, found.id)
    if form.is_bound and form.is_valid():
        try:
            said = act()
        except PlatformError as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, said)
            return redirect(request, way_back(request, fallback))
    context = {
        "form": form,
        "ids": [found.id],
        "title": title or found.name,
        "heading": texts[0],
        "button": texts[1],
        "action_url": request.path,
        "next_url": way_back(request, fallback),
    }
    return dialog(request, context, 422 if form.is_bound else 200)


# --- where they are offered -----------------------------------------------------------------------------------
def register() -> None:
    """Put the dialogs onto records' pages; called once, when Django starts."""
    for action in (
        RecordAction(
            "pool-more-time",
            gettext_lazy("Ask for more time"),
            "calendar-clock",
            "record-more-time",
            _may_ask,
            position=40,
        ),
        RecordAction(
            "pool-more-time-answer",
            gettext_lazy("Answer to a request for more time"),
            "clock",
            "record-more-time-answer",
            _may_answer,
            is_main=True,
            position=5,
        ),
        RecordAction(
            "pool-protect",
            gettext_lazy("Protect from returning"),
            "shield-check",
            "record-protect",
            _may_protect,
            position=50,
        ),
    ):
        record_actions.register(action)


def _pool(actor: Actor, obj: CompiledObject, values: Mapping[str, Any]) -> Pool | None:
    """Return the pool to which a held record returns by rules."""
    key = as_id(values.get(POOL)) if obj.spec.has_pools and values.get(OWNER) is not None else None
    pool = pool_rules(actor).pools.get(key) if key else None
    return pool if pool is not None and pool.is_active and pool.recycles else None


def _is_mine(actor: Actor, values: Mapping[str, Any]) -> bool:
    return values.get(OWNER) is not None and values[OWNER].id == actor.user_id


def _may_ask(actor: Actor, obj: CompiledObject, values: Mapping[str, Any]) -> bool:
    pool = _pool(actor, obj, values)
    return pool is not None and pool.extension_days > 0 and _is_mine(actor, values)


def _may_answer(actor: Actor, obj: CompiledObject, values: Mapping[str, Any]) -> bool:
    pool = _pool(actor, obj, values)
    if pool is None or not pool.extension_days or _is_mine(actor, values):
        return False
    found = as_id(values.get("id"))
    row = keeping.waiting_extension(found) if found else None
    return row is not None and keeping.may_decide(actor, row)


def _may_protect(actor: Actor, obj: CompiledObject, values: Mapping[str, Any]) -> bool:
    pool = _pool(actor, obj, values)
    return pool is not None and pool.protected_cap > 0 and _is_mine(actor, values)
