"""Who may open a page: decorators for views. What they may see on it is decided by the services."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from crm_platform.kit.errors import Forbidden, NotAuthenticated

PAGE_METHODS = ("GET", "HEAD", "POST")
View = Callable[..., HttpResponseBase]


def signed_in(view: View) -> View:
    """Let only signed-in callers through; others are sent to the sign-in page and come back afterwards.

    Pages are read and sent as forms: no other method reaches them.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.actor is None:  # type: ignore[attr-defined]
            raise NotAuthenticated
        if request.method not in PAGE_METHODS:
            return HttpResponseNotAllowed(PAGE_METHODS)
        return view(request, *args, **kwargs)

    return guarded


def function_required(*permissions: str) -> Callable[[View], View]:
    """Let only callers with one of the function permissions through, such as `metadata.customize`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(request.actor.has_function(item) for item in permissions):  # type: ignore[attr-defined]
                raise Forbidden
            return view(request, *args, **kwargs)

        return signed_in(guarded)

    return decorate
