"""How pages speak to htmx: when to answer with a fragment, how to redirect, how to raise a toast."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect as django_redirect


def is_fragment(request: HttpRequest) -> bool:
    """Tell whether only a fragment is wanted: an htmx request that is no boosted or restored page."""
    htmx: Any = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def redirect(request: HttpRequest, to: str, *args: Any, **kwargs: Any) -> HttpResponse:
    """Send the browser to another page, from a form as well as from an htmx request."""
    response = django_redirect(to, *args, **kwargs)
    if not is_fragment(request):
        return response
    return HttpResponse(headers={"HX-Redirect": response["Location"]})


def add_trigger(response: HttpResponseBase, events: Mapping[str, Any]) -> None:
    """Add browser events to the answer of an htmx request, keeping those that are there already."""
    present = json.loads(response.headers.get("HX-Trigger", "{}"))
    response.headers["HX-Trigger"] = json.dumps({**present, **events})
