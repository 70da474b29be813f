"""Pins one snapshot for the whole of a request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from metadata.compiler.current import pinned_snapshot


class SnapshotMiddleware:
    """Opens the pin scope around the view; nothing is read until something asks for the snapshot."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with pinned_snapshot():
            return self.get_response(request)
