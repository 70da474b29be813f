"""Finding records of every object: the search page, and the panel below the box in the top bar."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment
from crm_platform.kit.context import Actor
from objects.display.desk import plural_label
from objects.search.service import SearchGroup
from objects.search.service import search as find

PANEL_HITS, PAGE_HITS, ONE_OBJECT_HITS = 4, 8, 50


@require_GET
@signed_in
def search(request: HttpRequest) -> HttpResponse:
    """Show what fits the words, by object; `object` narrows to one."""
    actor = request.actor  # type: ignore[attr-defined]
    text, only = request.GET.get("q", "").strip()[:200], request.GET.get("object", "")
    in_panel = is_fragment(request) and "fragment" in request.GET
    limit = PANEL_HITS if in_panel else ONE_OBJECT_HITS if only else PAGE_HITS
    found = find(actor, text, [only] if only else None, limit) if text else []
    context = {"text": text, "only": only, "groups": [_group(actor, group) for group in found]}
    return render(request, "layouts/search/panel.html" if in_panel else "layouts/search/page.html", context)


def _group(actor: Actor, group: SearchGroup) -> dict[str, Any]:
    spec = group.object
    hits = [
        {"title": hit.title, "subtitle": hit.subtitle, "url": reverse("record", args=[hit.object, hit.id])}
        for hit in group.hits
    ]
    label = plural_label(spec).text(actor.language)
    return {"spec": spec, "label": label, "hits": hits, "has_more": group.has_more}
