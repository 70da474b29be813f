"""The request as the middleware leaves it, for annotations of views."""

from __future__ import annotations

from django.http import HttpRequest

from crm_platform.kit.context import Actor


class ActorRequest(HttpRequest):
    """A request behind `console.access.signed_in`: somebody is calling."""

    actor: Actor
