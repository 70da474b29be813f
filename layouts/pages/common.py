"""What every page of records starts from: the caller, the object, how its values are shown."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from crm_platform.console.addresses import own_path
from crm_platform.console.htmx import is_fragment
from layouts.documents import Layout
from layouts.selectors import default_layout
from objects.access.services.object_defaults import is_controlled_by_master
from objects.display.desk import RecordDesk


class ObjectDesk(RecordDesk):
    """An object as the pages of records show it: along with its layout."""

    @cached_property
    def is_shared_apart(self) -> bool:
        """Whether records of the object can be shared one by one: those of a master follow it."""
        return not is_controlled_by_master(self.name)

    @cached_property
    def layout(self) -> Layout:
        return default_layout(self.obj)


def desk(request: HttpRequest, object_name: str, action: str = "read") -> ObjectDesk:
    """Open an object for the caller of a request."""
    return ObjectDesk(request.actor, object_name, action)  # type: ignore[attr-defined]


def safe_next(request: HttpRequest, fallback: str) -> str:
    """Return where the form wants to go afterwards, as long as it stays on this host."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return own_path(request, wanted) or fallback


def small_form(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Answer with a small form of the list: in a dialog for htmx, else on a page of its own."""
    inner = f"layouts/lists/{name}.html"
    if is_fragment(request):
        return render(request, inner, {**context, "is_dialog": True}, status=status)
    return render(request, "layouts/lists/small_page.html", {**context, "inner": inner}, status=status)
