"""What only somebody may do who has proved a short while ago who they are: a session left open is not enough."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.identity.sessions import SessionStore

View = Callable[..., HttpResponseBase]


def is_fresh(request: HttpRequest) -> bool:
    """Tell whether the person in front of the browser has signed in, or proved who they are, a short while ago."""
    session: SessionStore = request.session  # type: ignore[assignment]
    return session.is_fresh(timezone.now())


def fresh_to_send(view: View) -> View:
    """Send people whose sign-in is old to the page where they prove who they are, instead of taking their form."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or is_fresh(request):
            return view(request, *args, **kwargs)
        messages.info(request, _("Confirm that it is you, then send the form again."))
        return redirect(f"{resolve_url('account-confirm')}?{urlencode({'next': request.path})}")

    return guarded
