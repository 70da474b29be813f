"""Addresses that came in with a request: where a form may send the browser afterwards."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def own_path(request: HttpRequest, wanted: str) -> str:
    """Return `wanted` when it is a path of this host, else "": never another site, never a name of a view."""
    is_own = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, request.is_secure()
    )
    return wanted if is_own else ""
