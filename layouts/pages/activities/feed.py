"""Subscribing to one's own calendar from other programs: the address, shown once."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment
from crm_platform.identity.freshness import fresh_to_send
from crm_platform.identity.requests import ActorRequest
from objects.activities.feeds import end_feed, feed_of, make_feed


@signed_in
@fresh_to_send
def calendar_feed(request: ActorRequest) -> HttpResponse:
    """Explain the address and show a new one, or end it; both need a fresh sign-in."""
    address = ""
    if request.method == "POST" and request.POST.get("act") == "end":
        if end_feed(request.actor):
            messages.success(request, _("The address no longer works."))
        return redirect("calendar")
    if request.method == "POST":
        path = reverse("api-calendar-file", args=[make_feed(request.actor)])
        address = request.build_absolute_uri(path)
    template = "feed.html" if is_fragment(request) else "feed_page.html"
    context = {"feed": feed_of(request.actor), "address": address}
    response = render(request, f"layouts/activities/{template}", context)
    response["Cache-Control"] = "no-store"
    return response
