"""Duplicates while somebody writes: the warning above a form, the hint beside it, the search before creating."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import redirect
from crm_platform.kit.errors import ValidationFailed
from layouts.pages.common import ObjectDesk, desk
from layouts.pages.record import open_record
from layouts.pages.record_form import RecordForm, form_fields
from layouts.pages.typed_names import resolve_typed
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from objects.duplicates.checking import Searched, check_record, check_values, search
from objects.duplicates.errors import DuplicateDetected, RuleFinding, TooManyChecks
from objects.duplicates.plan import object_plan
from objects.duplicates.results import Card
from objects.records.service import Consent

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
# Buttons that save all the same: each says in its value what else was agreed to before.
ALLOW, ALLOW_WARNINGS, REASON = "_duplicates", "_warnings", "_duplicates_reason"
# By which values of a search a new record of an object begins.
PREFILL = {"name": ("name",), "phone": ("mobile", "phone"), "email": ("email",), "company": ("company", "name")}


@dataclass(frozen=True)
class ShownCard:
    """A card with the address of its record, where the reader may see it."""

    card: Card
    label: str
    url: str


@dataclass(frozen=True)
class ShownFinding:
    """What one rule has found, as the form shows it."""

    label: str
    message: str
    count: int
    is_more: bool
    cards: tuple[ShownCard, ...]


def consent_of(request: HttpRequest) -> Consent:
    """Return what the form agrees to: duplicates, which need a reason, and warnings of rules."""
    reason = request.POST.get(REASON, "").strip()
    return Consent(
        duplicates=_allows_duplicates(request) and bool(reason), warnings=_allows_warnings(request), reason=reason
    )


def _allows_duplicates(request: HttpRequest) -> bool:
    return ALLOW in request.POST or "duplicates" in request.POST.get(ALLOW_WARNINGS, "")


def _allows_warnings(request: HttpRequest) -> bool:
    return ALLOW_WARNINGS in request.POST or "warnings" in request.POST.get(ALLOW, "")


def shown_findings(findings: Iterable[RuleFinding], language: str) -> list[ShownFinding]:
    """Return findings for the templates."""
    return [
        ShownFinding(item.label, item.message, item.count, item.is_more, tuple(shown_cards(item.cards, language)))
        for item in findings
    ]


def shown_cards(cards: Iterable[Card], language: str) -> list[ShownCard]:
    """Return cards with their addresses."""
    return [
        ShownCard(
            card,
            card.object.label.text(language),
            reverse("record", args=[card.object.api_name, card.record_id]) if card.record_id else "",
        )
        for card in cards
    ]


@dataclass(frozen=True)
class Warned:
    """The notice above a form that can be saved all the same: its record exists already, or rules warn."""

    findings: list[ShownFinding]
    can_override: bool
    lacks_reason: bool
    reason: str
    messages: tuple[str, ...] = ()  # of rules
    carries: str = "allow"  # the value of the button


def warning(request: HttpRequest, detected: DuplicateDetected, language: str) -> Warned:
    """Return what the form shows when duplicates stood against saving."""
    reason = request.POST.get(REASON, "").strip()
    lacks_reason = _allows_duplicates(request) and not reason
    carries = "allow warnings" if _allows_warnings(request) else "allow"
    return Warned(shown_findings(detected.rules, language), detected.can_override, lacks_reason, reason, (), carries)


def are_warnings(failure: ValidationFailed) -> bool:
    """Tell whether rules that only warn are all that stands against saving."""
    return bool(failure.errors) and all(
        error.code == "validation_rule_failed" and error.params.get("severity") == "warning" for error in failure.errors
    )


def rule_warning(request: HttpRequest, form: RecordForm, failure: ValidationFailed) -> Warned:
    """Return what the form shows when rules warn: each message after the label of its field."""
    texts = []
    for error in failure.errors:
        name, text = form.place_of(error)
        texts.append(f"{form.fields[name].label}: {text}" if name else text)
    carries = "allow duplicates" if _allows_duplicates(request) else "allow"
    return Warned([], True, False, request.POST.get(REASON, "").strip(), tuple(texts), carries)


# --- the hint beside the form of a new record -----------------------------------------------------------------
def hint_triggers(opened: ObjectDesk) -> str:
    """Return when the form asks for duplicates: the changes of the fields that rules compare; "" for never."""
    plan = object_plan(current_snapshot(), opened.name)
    editable = {field.name for field in opened.policy.editable_fields(opened.obj, for_create=True)}
    names = sorted({name for rule in plan.rules for name in rule.fields} & editable)
    return ", ".join(f"change delay:400ms from:#id_{name}" for name in names)


@require_POST
@signed_in
def duplicate_hint(request: HttpRequest, object_name: str) -> HttpResponse:
    """Show what the values in a form would duplicate, as far as they can be read already."""
    opened = desk(request, object_name, "create")
    editable = opened.policy.editable_fields(opened.obj, for_create=True)
    fields = form_fields(opened.actor, opened.obj, opened.layout, editable)
    data = resolve_typed(opened, fields, request.POST)
    form = RecordForm(opened.obj, fields, opened.display(), values={}, data=data)
    form.is_valid()
    try:
        findings = check_values(opened.actor, object_name, form.submitted())
    except TooManyChecks as refused:
        return render(request, "layouts/duplicates/hint.html", {"refused": str(refused.message)})
    context = {"findings": shown_findings(findings, opened.language)}
    return render(request, "layouts/duplicates/hint.html", context)


# --- what rules find for a record -----------------------------------------------------------------------------
@require_GET
@signed_in
def record_duplicates(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Show what each duplicate rule finds for a record: the way to try out a rule."""
    page = open_record(request, object_name, record_id)
    context: dict[str, Any] = {"record": page, "desk": page.desk}
    try:
        findings = check_record(page.desk.actor, object_name, record_id)
    except TooManyChecks as refused:
        return render(request, "layouts/duplicates/record.html", {**context, "refused": str(refused.message)})
    context["findings"] = shown_findings(findings, page.desk.language)
    return render(request, "layouts/duplicates/record.html", context)


@require_GET
@signed_in
def try_rules(request: HttpRequest, object_name: str) -> HttpResponse:
    """Lead from a record's address or id, as somebody has pasted it, to what the rules find for it."""
    desk(request, object_name)
    found = _UUID.findall(request.GET.get("record", ""))
    if not found:
        messages.error(request, _("This is no address of a record."))
        return redirect(request, reverse("metadata-duplicate-rules", args=[object_name]))
    return redirect(request, reverse("record-duplicates", args=[object_name, found[-1]]))


# --- the search before something is created -------------------------------------------------------------------
class SearchForm(forms.Form):
    """By what people know somebody."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100, required=False)
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=40, required=False)
    email = forms.CharField(label=gettext_lazy("E-mail"), max_length=200, required=False)
    company = forms.CharField(label=gettext_lazy("Company"), max_length=200, required=False)


@dataclass(frozen=True)
class ShownGroup:
    """The records of one object that a search has found."""

    label: str
    icon: str
    color: str
    cards: list[ShownCard]


@require_GET
@signed_in
def check(request: HttpRequest) -> HttpResponse:
    """Look for a person or company in all objects, before a record is made for them."""
    actor = request.actor  # type: ignore[attr-defined]
    form = SearchForm(request.GET or None)
    words = {name: text for name, text in form.cleaned_data.items() if text} if form.is_valid() else {}
    context: dict[str, Any] = {"form": form, "is_asked": bool(words), "groups": [], "offers": []}
    if words:
        try:
            found = search(actor, words)
        except TooManyChecks as refused:
            return render(request, "layouts/duplicates/check.html", {**context, "refused": str(refused.message)})
        context["groups"] = [_group(item, actor.language) for item in found]
        context["offers"] = _offers(actor, words)
    return render(request, "layouts/duplicates/check.html", context)


def _group(found: Searched, language: str) -> ShownGroup:
    spec = found.object
    label = (spec.plural_label or spec.label).text(language)
    return ShownGroup(label, spec.icon, spec.color, shown_cards(found.cards, language))


def _offers(actor: Any, words: dict[str, str]) -> list[dict[str, str]]:
    """Return what can be created with the words that were searched for: objects that duplicate rules know."""
    policy, snapshot, offers = AccessPolicy.of(actor), current_snapshot(), []
    for spec in snapshot.objects():
        if not object_plan(snapshot, spec.api_name).rules or not policy.can(spec.api_name, "create"):
            continue
        values: dict[str, str] = {}
        editable = {field.name for field in policy.editable_fields(snapshot.object(spec.api_name), for_create=True)}
        for word, names in PREFILL.items():
            name = next((item for item in names if item in editable), None)
            if word in words and name is not None:
                values.setdefault(name, words[word])
        label = _("New %(object)s") % {"object": spec.label.text(actor.language)}
        url = f"{reverse('record-new', args=[spec.api_name])}?{urlencode(values)}"
        offers.append({"label": label, "icon": spec.icon, "url": url})
    return offers
