"""The bell, the page of all notifications, and what one wants to be told."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect as to_page
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import add_trigger, is_fragment, redirect
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.ids import parse_uuid
from crm_platform.notifications import selectors, services
from crm_platform.notifications.kinds import CHANNELS, kinds


@require_safe
@signed_in
def notification_list(request: ActorRequest) -> HttpResponse:
    """The caller's notifications, the newest first: all or the unread, of all kinds or of one."""
    unread, kind = request.GET.get("unread") == "1", request.GET.get("kind", "")
    page = selectors.notifications(
        request.actor, unread=unread, kind=kind if kind in kinds else "", cursor=request.GET.get("before")
    )
    context = {"page": page, "unread": unread, "kind": kind, "kinds": list(kinds)}
    template = "notifications/results.html" if is_fragment(request) else "notifications/list.html"
    return render(request, template, context)


@require_safe
@signed_in
def unread(request: ActorRequest) -> HttpResponse:
    """How many are unread, for the bell."""
    return JsonResponse({"unread": selectors.unread_count(request.actor)}, headers={"Cache-Control": "no-store"})


@require_safe
@signed_in
def latest(request: ActorRequest) -> HttpResponse:
    """The newest ones, below the bell."""
    return _latest(request)


@require_POST
@signed_in
def read(request: ActorRequest) -> HttpResponse:
    """Mark one (`id`) as read, or all up to the newest that the page showed (`until`)."""
    one = parse_uuid(request.POST.get("id"))
    services.mark_read(request.actor, [one] if one else None, until=parse_uuid(request.POST.get("until")))
    if request.POST.get("from") == "bell":
        return _latest(request)
    return redirect(request, "notifications")


@require_POST
@signed_in
def open_notification(request: ActorRequest, notification_id: uuid.UUID) -> HttpResponse:
    """Mark a notification as read and go where it leads."""
    found = selectors.get_notification(request.actor, notification_id)
    services.mark_read(request.actor, [found.id])
    return to_page(found.url or "notifications")


@method_decorator(signed_in, name="dispatch")
class Preferences(View):
    """Which kinds come through which channels."""

    def get(self, request: ActorRequest) -> HttpResponse:
        preferred = selectors.preferences(request.actor)
        rows = [(item, [(key, label, item.channels[key]) for key, label in CHANNELS.items()]) for item in preferred]
        return render(request, "notifications/preferences.html", {"rows": rows, "channels": CHANNELS.values()})

    def post(self, request: ActorRequest) -> HttpResponse:
        chosen = set(request.POST.getlist("on"))
        wanted = {kind.key: {channel: f"{kind.key}:{channel}" in chosen for channel in CHANNELS} for kind in kinds}
        services.set_preferences(request.actor, wanted)
        messages.success(request, _("Your settings are saved."))
        return to_page("account-notifications")


def _latest(request: ActorRequest) -> HttpResponse:
    page = selectors.notifications(request.actor, limit=selectors.LATEST)
    response = render(request, "notifications/latest.html", {"page": page})
    add_trigger(response, {"unread": {"count": selectors.unread_count(request.actor)}})
    return response
