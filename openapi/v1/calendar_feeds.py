"""Calendars for other programs: the file that they subscribe to, and the address at which the caller's own one is."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from rest_framework.request import Request

from objects.activities.feeds import end_feed, feed_of, make_feed, reader_of
from objects.activities.ical import ical
from objects.activities.models import CalendarFeed as Feed
from openapi import errors
from openapi.http import Endpoint, json_response, not_modified
from openapi.v1.public_forms import StrangersEndpoint

SCOPE = "calendar"
ICS = "text/calendar; charset=utf-8"


class CalendarFile(StrangersEndpoint):
    """`GET`: somebody's calendar. No key, no session: the address is the secret, and shows what its owner may read."""

    scopes = {"GET": None}

    def get(self, request: Request, token: str) -> HttpResponse:
        try:
            response = self._file(request, token)
        except Exception as error:  # the boundary of HTTP, as in errors.handle
            response = errors.handle(error, {})
        response["Cache-Control"] = "private, no-cache" if response.status_code < 400 else "no-store"
        return response

    def _file(self, request: Request, token: str) -> HttpResponse:
        now = timezone.now()
        actor = reader_of(token, now)
        site = request._request.build_absolute_uri("/").rstrip("/")
        with translation.override(actor.language):
            content = ical(actor, now.astimezone(actor.zone).date(), site)
        etag = hashlib.sha256(content).hexdigest()[:32]
        if not_modified(request, etag):
            return HttpResponse(status=304, headers={"ETag": f'"{etag}"'})
        headers = {"ETag": f'"{etag}"', "Content-Disposition": 'inline; filename="calendar.ics"'}
        return HttpResponse(content, content_type=ICS, headers=headers)


class CalendarFeed(Endpoint):
    """The address of the caller's own calendar: `GET` whether there is one, `POST` a new one, `DELETE` it.

    The address is told once, when it is made, and kept nowhere: so a repeated `POST` makes another one, whatever
    Idempotency-Key it carries, and ends the one before.
    """

    scopes = {"GET": SCOPE, "POST": SCOPE, "DELETE": SCOPE}

    def get(self, request: Request) -> HttpResponse:
        return json_response({"feed": _told(feed_of(self.actor))})

    def post(self, request: Request) -> HttpResponse:
        if self.is_dry_run(request):
            return json_response({"feed": _told(feed_of(self.actor)), "dry_run": True})
        url = feed_url(request._request, make_feed(self.actor))
        response = json_response({"feed": _told(feed_of(self.actor)), "url": url}, 201)
        response["Cache-Control"] = "no-store"
        return response

    def delete(self, request: Request) -> HttpResponse:
        if self.is_dry_run(request):
            return json_response({"ended": feed_of(self.actor) is not None, "dry_run": True})
        return json_response({"ended": end_feed(self.actor)})


def feed_url(request: Any, token: str) -> str:
    return str(request.build_absolute_uri(reverse("api-calendar-file", args=[token])))


def _told(feed: Feed | None) -> dict[str, datetime | None] | None:
    return {"created_at": feed.created_at, "last_read_at": feed.last_read_at} if feed is not None else None
