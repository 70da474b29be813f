"""What the pages of pools share: a pool as its member works with it, what became of an order, dialogs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_platform.console.addresses import own_path
from crm_platform.console.htmx import is_fragment
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, PlatformError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from objects.display.desk import RecordDesk
from workflows.pools.outcomes import Outcome
from workflows.pools.services.seats import Seat, seat

MAX_SELECTED = 200
SHOWN_FAILURES = 5


class WaitingDesk(RecordDesk):
    """What waits in a pool, as one of its members sees it; its list and records have addresses within the pool."""

    def __init__(self, actor: Actor, held: Seat) -> None:
        self.seat, self.pool = held, held.pool
        super().__init__(actor, held.pool.business_object.api_name, policy=held.policy)

    @property
    def is_admin(self) -> bool:
        return self.seat.is_admin

    @property
    def may_claim(self) -> bool:
        return self.seat.may_claim

    @cached_property
    def list_url(self) -> str:  # type: ignore[override]
        return reverse("pool", args=[self.pool.pk])


def open_pool(request: ActorRequest, pool_id: uuid.UUID) -> WaitingDesk:
    """Open a pool for the caller of a request; NotFound for who has nothing to do with it."""
    return WaitingDesk(request.actor, seat(request.actor, pool_id))


def open_as_admin(request: ActorRequest, pool_id: uuid.UUID) -> WaitingDesk:
    """Open a pool whose administrator the caller is; others are refused."""
    opened = open_pool(request, pool_id)
    opened.seat.require_admin()
    return opened


def open_to_look(request: ActorRequest, pool_id: uuid.UUID) -> WaitingDesk:
    """Open a pool for somebody who sees what waits in it."""
    opened = open_pool(request, pool_id)
    if not opened.seat.may_look:
        raise Forbidden(_("What waits in this pool is assigned by its administrators."))
    return opened


def selected(request: HttpRequest) -> list[uuid.UUID]:
    """Return the ids that a form sends, each once, in order."""
    given = dict.fromkeys(parsed for item in request.POST.getlist("ids") if (parsed := parse_uuid(item)))
    return list(given)[:MAX_SELECTED]


def report(request: HttpRequest, outcomes: Sequence[Outcome], done: str) -> int:
    """Tell what became of an order; `done` is what is said of those that went well. Return how many those are."""
    well = sum(outcome.is_ok for outcome in outcomes)
    problems = [str(outcome.message) for outcome in outcomes if not outcome.is_ok]
    if well:
        messages.success(request, done)
    if problems:
        reasons = " ".join(dict.fromkeys(problems[:SHOWN_FAILURES]))
        text = ngettext(
            "%(count)d record stayed where it is: %(reasons)s",
            "%(count)d records stayed where they are: %(reasons)s",
            len(problems),
        )
        messages.error(request, text % {"count": len(problems), "reasons": reasons})
    return well


def show_refusal(form: forms.Form, refused: PlatformError) -> None:
    """Show why an order was refused: at the fields that it is about, else above the form."""
    errors = refused.errors if isinstance(refused, ValidationFailed) else ()
    for error in errors:
        form.add_error(error.field if error.field in form.fields else None, error.text)
    if not errors:
        form.add_error(None, str(refused.message))


def way_back(request: HttpRequest, fallback: str) -> str:
    """Return the page from which a dialog was opened, or that its form names."""
    if is_fragment(request) and "next" not in request.POST:
        return request.htmx.current_url_abs_path or fallback  # type: ignore[attr-defined]
    return own_path(request, request.POST.get("next") or request.GET.get("next") or "") or fallback


def dialog(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Ask something: in a dialog for htmx, else on a page of its own.

    `context` has the heading, the form, the address it is sent to, the label of its button, the ids it is about.
    """
    name = "dialog" if is_fragment(request) else "dialog_page"
    return render(request, f"workflows/records/{name}.html", context, status=status)
