"""The parts of a page's frame that are the same from page to page: rendered once, kept in this process.

The key of a part is everything that it shows: the names of organisation and person, the objects with their labels,
the functions held, the language, the entry that is marked. So it can be neither out of date nor another
organisation's. What differs from request to request (the token of forms, the address of the page, the words that
were searched for) stands in the kept text as a mark, and is put in its place each time.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable
from types import SimpleNamespace
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from crm_platform.console.context import Shell

MAX_KEPT = 1_000  # of about ten kilobytes

# Unknown outside of this process, so that no text of a user is taken for one.
TOKEN, ADDRESS, WORDS = (f"mark-{secrets.token_hex(16)}" for _mark in range(3))
ANY_REQUEST = SimpleNamespace(
    get_full_path=lambda: ADDRESS, resolver_match=SimpleNamespace(url_name="search"), GET={"q": WORDS}
)

_kept: OrderedDict[Hashable, str] = OrderedDict()


def rail(shell: Shell) -> SafeString:
    """Return the navigation rail as it stands on this page."""
    return mark_safe(_part("rail", shell, shell.active_url))  # noqa: S308 (a template's output)


def topbar(shell: Shell, context: Context) -> SafeString:
    """Return the bar above the page, with the person's menu."""
    actor = shell.actor
    text = _part("topbar", shell, (actor.name, actor.user_id) if actor else None)
    request: HttpRequest = context["request"]
    is_search = request.resolver_match is not None and request.resolver_match.url_name == "search"
    text = text.replace(TOKEN, escape(context["csrf_token"]))
    text = text.replace(ADDRESS, escape(request.get_full_path()))
    text = text.replace(WORDS, escape(request.GET.get("q", "")) if is_search else "")
    return mark_safe(text)  # noqa: S308 (a template's output, and escaped texts)


def kept(name: str, essence: Hashable, render: Callable[[], str]) -> SafeString:
    """Return a template's HTML for its essence: all that it shows, but for the language; rendered when it is new."""
    key = (name, translation.get_language(), essence)
    text = _kept.get(key)
    if text is None:
        text = _kept[key] = render()
        while len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)
    return mark_safe(text)  # noqa: S308 (a template's output)


def _part(name: str, shell: Shell, more: Hashable) -> str:
    template = f"console/partials/{name}.html"
    inside = {"shell": shell, "request": ANY_REQUEST, "csrf_token": TOKEN}
    return kept(template, (shell.essence, more), lambda: render_to_string(template, inside))
