"""Why somebody may or may not do something, and who can do it to a record."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, PlatformError
from crm_platform.kit.ids import parse_uuid
from layouts.pages.access.links import OBJECT_OF_RECORD, RECORD, USER, AccessLinks, explain_url
from layouts.pages.common import ObjectDesk
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ObjectSpec
from metadata.field_types import widgets
from objects.access.audience import PAGE, may_ask, who_can
from objects.access.explaining import explain
from objects.access.explanation import ACTION_LABELS, Cause, Explanation, Step
from objects.access.policy import AccessPolicy
from objects.access.reach import SCOPED_ACTIONS
from objects.display import cells
from objects.query.query import RecordQuery

# The pages of what steps name; who manages users may open them.
PAGES = {
    "role": "role",
    "profile": "profile",
    "permission_set": "permission-set",
    "group": "group",
    "sharing_rule": "sharing-rule-edit",
    "restriction_rule": "restriction-rule-edit",
}


class ExplainForm(forms.Form):
    """Who, which record, what, and maybe which field; people who don't manage users ask about themselves."""

    def __init__(self, data: Any, *, actor: Actor, specs: Iterable[ObjectSpec], asked: ObjectSpec | None) -> None:
        super().__init__(data)
        language = actor.language
        if actor.has_function(MANAGE_USERS):
            self.fields[USER] = forms.Field(
                label=_("Person"), required=False, widget=widgets.LookupInput([(USER, lambda: _("User"))])
            )
        targets = [(spec.api_name, lambda spec=spec: spec.label.text(language)) for spec in specs]
        self.fields[RECORD] = forms.Field(
            label=_("Object and record"),
            required=False,
            help_text=_("Without a record, only the rights on the object are explained."),
            widget=widgets.LookupInput(targets),
        )
        self.fields["action"] = forms.ChoiceField(label=_("Action"), choices=list(ACTION_LABELS.items()))
        if asked is not None:
            readable = AccessPolicy.of(actor).visible_fields(current_snapshot().object(asked.api_name))
            names = [(field.name, field.spec.label.text(language)) for field in readable]
            self.fields["field"] = forms.ChoiceField(
                label=_("Field"), choices=[("", gettext_lazy("The whole record")), *names], required=False
            )


@dataclass(frozen=True)
class ShownStep:
    """A step as the page shows it; `url` leads to what it names."""

    step: Step
    url: str
    steps: tuple[ShownStep, ...]


@require_safe
@signed_in
def explanation(request: ActorRequest) -> HttpResponse:
    """Show the form, and the trace once somebody and something are chosen."""
    actor = request.actor
    specs = AccessPolicy.of(actor).readable_objects()
    if not specs:
        return render(request, "layouts/access/explain.html", {"form": None})
    asked = _asked(specs, request.GET)
    data = None if asked is None else _completed(actor, asked.api_name, request.GET)
    form = ExplainForm(data, actor=actor, specs=specs, asked=asked)
    context: dict[str, Any] = {"form": form}
    if asked is not None and form.is_valid():
        try:
            found = _explained(actor, asked.api_name, form.cleaned_data)
        except NotFound:
            form.add_error(RECORD, _("There is no such record."))
        else:
            context |= _shown(actor, asked, found)
    return render(request, "layouts/access/explain.html", context)


@require_safe
@signed_in
def record_access(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Show who can do something to a record, and why each of them."""
    actor, page = request.actor, request.GET.get("page", "1")
    number = min(int(page), 1000) if page.isascii() and page.isdigit() and len(page) < 5 else 1
    number, text = max(number, 1), request.GET.get("q", "").strip()[:100]
    action = request.GET.get("action", "read")
    action = action if action in SCOPED_ACTIONS else "read"
    found = who_can(actor, object_name, record_id, action, offset=(number - 1) * PAGE, text=text)
    spec = current_snapshot().object(object_name).spec
    context = {
        "object_label": spec.label.text(actor.language),
        "title": _title(actor, object_name, record_id),
        "record_url": reverse("record", args=[object_name, record_id]),
        "tabs": _tabs(object_name, record_id, action, text),
        "found": found,
        "q": text,
        "action": action,
        "people": [(item, explain_url(object_name, record_id, action, item.user_id)) for item in found.people],
        "previous_url": _page_url(number - 1, action, text) if number > 1 else None,
        "next_url": _page_url(number + 1, action, text) if found.has_more else None,
        "can_explain": actor.has_function(MANAGE_USERS),
    }
    return render(request, "layouts/access/record_access.html", context)


def _asked(specs: Sequence[ObjectSpec], given: QueryDict) -> ObjectSpec | None:
    """Return the object that is asked about; a box for records of one object alone does not name it."""
    if len(specs) == 1 and RECORD in given:
        return specs[0]
    return next((spec for spec in specs if spec.api_name == given.get(OBJECT_OF_RECORD)), None)


def _completed(actor: Actor, object_name: str, given: QueryDict) -> QueryDict:
    """Return the question with names for what links give by id."""
    data = given.copy()
    data.setdefault("action", "read")
    user_id = parse_uuid(data.get(USER, ""))
    if user_id is None and actor.user_id is not None:
        data[USER], user_id = str(actor.user_id), actor.user_id
    if user_id is not None and not data.get(USER + widgets.TEXT_SUFFIX) and actor.has_function(MANAGE_USERS):
        name = User.objects.filter(pk=user_id).values_list("name", flat=True).first()
        data[USER + widgets.TEXT_SUFFIX] = name or str(user_id)
    record_id = parse_uuid(data.get(RECORD, ""))
    if record_id is not None and not data.get(RECORD + widgets.TEXT_SUFFIX):
        data[RECORD + widgets.TEXT_SUFFIX] = _title(actor, object_name, record_id)
    return data


def _title(actor: Actor, object_name: str, record_id: uuid.UUID) -> str:
    """Return what a record is called, for those who see it; its id otherwise."""
    try:
        desk = ObjectDesk(actor, object_name)
        values = RecordQuery(actor, object_name).fields("id", *desk.name_fields).show(record_id)
    except PlatformError:
        return str(record_id)
    return cells.title(desk, values) or str(record_id)


def _explained(actor: Actor, object_name: str, given: dict[str, Any]) -> Explanation:
    chosen, user = given[RECORD], given.get(USER)
    record_id = parse_uuid(chosen.id) if chosen else None
    if chosen and record_id is None:
        raise NotFound
    user_id = parse_uuid(user.id) if user else actor.user_id
    if user_id is None:
        raise NotFound
    return explain(actor, user_id, object_name, record_id, given["action"], given.get("field") or None)


def _who_url(actor: Actor, object_name: str, record_id: uuid.UUID) -> str:
    may = may_ask(actor, object_name, record_id)
    return AccessLinks.of(object_name, record_id, may_ask=may).who_url


def _shown(actor: Actor, spec: ObjectSpec, found: Explanation) -> dict[str, Any]:
    is_manager = actor.has_function(MANAGE_USERS)
    record_id = found.record_id
    return {
        "found": found,
        "object_label": spec.label.text(actor.language),
        "record_title": _title(actor, spec.api_name, record_id) if record_id else "",
        "action_label": ACTION_LABELS[found.action],
        "steps": [_step(step, is_manager=is_manager) for step in found.steps],
        "who_url": _who_url(actor, spec.api_name, record_id) if record_id else "",
    }


def _step(step: Step, *, is_manager: bool) -> ShownStep:
    url = _cause_url(step.cause, is_manager=is_manager) if step.cause else ""
    inner = tuple(_step(item, is_manager=is_manager) for item in step.steps)
    return ShownStep(step, url, inner)


def _cause_url(cause: Cause, *, is_manager: bool) -> str:
    if cause.kind == RECORD:
        return reverse("record", args=cause.id.split("/"))
    if not is_manager:
        return ""
    if cause.kind == USER:
        return reverse("user-edit", args=[cause.id])
    return reverse(PAGES[cause.kind], args=[cause.id]) if cause.kind in PAGES else ""


def _tabs(object_name: str, record_id: uuid.UUID, active: str, text: str) -> list[dict[str, Any]]:
    url = reverse("record-access", args=[object_name, record_id])
    return [
        {
            "label": ACTION_LABELS[action],
            "url": f"{url}?{urlencode({'action': action, 'q': text})}",
            "is_active": action == active,
        }
        for action in SCOPED_ACTIONS
    ]


def _page_url(number: int, action: str, text: str) -> str:
    return f"?{urlencode({'page': number, 'action': action, 'q': text})}"
