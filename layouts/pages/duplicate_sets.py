"""Sets of duplicates that wait for a decision: the list, one set, and what can be done with it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import function_required, signed_in
from crm_platform.console.htmx import redirect
from crm_platform.kit.context import Actor
from layouts.pages.duplicates import ShownCard, shown_cards
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ObjectSpec
from metadata.publishing import CUSTOMIZE
from objects.access.policy import AccessPolicy
from objects.duplicates import sets, sweep
from objects.duplicates.models import DuplicateSet
from objects.merging.rights import may_merge
from objects.merging.service import MAX_LOSERS
from objects.query.query import RecordQuery

PAGE_SIZE = 50


@dataclass(frozen=True)
class ShownSet:
    """One set in the list."""

    id: uuid.UUID
    icon: str
    object_label: str
    names: str
    rule: str
    score: int
    size: int
    at: datetime


@require_GET
@signed_in
def set_list(request: HttpRequest) -> HttpResponse:
    """The open sets of which the caller may see two records at least, the surest first."""
    actor = request.actor  # type: ignore[attr-defined]
    found = sets.open_sets(actor)
    shown = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [_row(actor, item, names) for item, names in _named(actor, list(shown.object_list))]
    sweepable = _sweepable(actor) if actor.has_function(CUSTOMIZE) else []
    return render(request, "layouts/duplicates/sets.html", {"page": shown, "rows": rows, "sweepable": sweepable})


@require_GET
@signed_in
def set_detail(request: HttpRequest, set_id: uuid.UUID) -> HttpResponse:
    """One set: its records side by side, with what can be done about them."""
    actor = request.actor  # type: ignore[attr-defined]
    found = sets.visible_set(actor, set_id)
    cards = shown_cards(sets.cards_of(actor, found), actor.language)
    context = {
        "found": found,
        "rule": _rule_label(found, actor.language),
        "cards": cards,
        "merge_url": _merge_url(actor, found, cards),
        "is_open": found.state == DuplicateSet.State.OPEN,
    }
    return render(request, "layouts/duplicates/set.html", context)


@require_POST
@signed_in
def set_dismiss(request: HttpRequest, set_id: uuid.UUID) -> HttpResponse:
    """Remember that the records of a set are different: they are not taken for the same again."""
    actor = request.actor  # type: ignore[attr-defined]
    sets.dismiss(actor, sets.visible_set(actor, set_id))
    messages.success(request, _("These records will not be taken for the same again."))
    return redirect(request, reverse("duplicate-sets"))


@require_POST
@function_required(CUSTOMIZE)
def set_sweep(request: HttpRequest) -> HttpResponse:
    """Look for duplicates among all records of an object, in the background."""
    actor = request.actor  # type: ignore[attr-defined]
    sweep.request_sweep(actor, request.POST.get("object", ""))
    messages.success(request, _("The search for duplicates has begun."))
    return redirect(request, reverse("duplicate-sets"))


def _sweepable(actor: Actor) -> list[tuple[str, str]]:
    objects = (spec for spec in current_snapshot().objects() if spec.duplicate_rules)
    return [(spec.api_name, (spec.plural_label or spec.label).text(actor.language)) for spec in objects]


def _named(actor: Actor, found: Sequence[DuplicateSet]) -> Iterable[tuple[DuplicateSet, str]]:
    """Yield each set with the names of its records that the caller may see."""
    by_object: dict[int, set[uuid.UUID]] = defaultdict(set)
    for item in found:
        for member in item.members.all():
            by_object[member.object_id].add(member.record_id)
    names: dict[uuid.UUID, str] = {}
    for object_id, ids in by_object.items():
        names |= _names(actor, object_id, ids)
    for item in found:
        known = [names[member.record_id] for member in item.members.all() if member.record_id in names]
        yield item, " · ".join(known[:4])


def _names(actor: Actor, object_id: int, ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    spec = current_snapshot().spec.object_by_id.get(object_id)
    if spec is None or not AccessPolicy.of(actor).can(spec.api_name, "read"):
        return {}
    query = RecordQuery(actor, spec.api_name).where_ids(ids)
    rows = query.fields("id", *query.name_fields()).page(len(ids)).rows
    return {uuid.UUID(row[0]): str(row[-1] or row[0]) for row in rows}


def _row(actor: Actor, item: DuplicateSet, names: str) -> ShownSet:
    spec = current_snapshot().spec.object_by_id[item.object_id]
    rule = _rule_label(item, actor.language)
    label = spec.label.text(actor.language)
    return ShownSet(item.pk, spec.icon, label, names, rule, item.score, item.size, item.created_at)


def _rule_label(item: DuplicateSet, language: str) -> str:
    spec = current_snapshot().spec.object_by_id.get(item.object_id)
    rules = spec.duplicate_rules if spec else ()
    return next((rule.label.text(language) for rule in rules if rule.uuid == item.rule_uuid), item.rule)


def _merge_url(actor: Actor, found: DuplicateSet, cards: Sequence[ShownCard]) -> str:
    """Return where the records of one object in a set can be merged; "" when there are no two of them."""
    spec: ObjectSpec = current_snapshot().spec.object_by_id[found.object_id]
    policy = AccessPolicy.of(actor)
    ids = [str(item.card.record_id) for item in cards if item.card.record_id and item.card.object.id == spec.id]
    if len(ids) < 2 or not may_merge(policy, spec.api_name):
        return ""
    query = urlencode({"ids": ",".join(ids[: MAX_LOSERS + 1])})
    return f"{reverse('record-merge', args=[spec.api_name])}?{query}"
