"""What is done to the selected rows of a list: a new owner, or the trash."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment, redirect
from crm_platform.kit.errors import PlatformError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from layouts.pages.common import ObjectDesk, desk, safe_next, small_form
from metadata.field_types import widgets
from metadata.field_types.reference_lists import ReferenceListField
from metadata.field_types.references import ReferenceField
from objects.access.models import Level
from objects.access.services.object_defaults import is_controlled_by_master
from objects.handover.job import totals
from objects.handover.models import HandoverItem
from objects.handover.plan import PARENT, ROUND_ROBIN, RULES, USER, Rule, parent_of
from objects.handover.transfers import transfer_records
from objects.query.query import RecordQuery
from objects.records.service import RecordService

MAX_SELECTED = 200
SHOWN_FAILURES = 5
OWNER = "owner_id"


class TransferForm(forms.Form):
    """Asks who gets the selected records: one person, several in turn, or the owners of their parents."""

    def __init__(self, data: Any, opened: ObjectDesk) -> None:
        super().__init__(data)
        rules = [USER, ROUND_ROBIN, *([PARENT] if parent_of(opened.obj) else [])]
        choices = [(rule, RULES[rule]) for rule in rules]
        self.fields["to"] = forms.ChoiceField(
            label=_("Who gets them"), choices=choices, required=False, initial=USER, widget=widgets.Select
        )
        owner, owners = ReferenceField(["user"], opened.language), ReferenceListField("user", opened.language)
        for name, field, label, rule in (
            (OWNER, owner, _("New owner"), USER),
            ("owners", owners, _("New owners in turn"), ROUND_ROBIN),
        ):
            field.label, field.required = label, False
            field.widget.attrs["data-show-when"] = f"to={rule}"
            self.fields[name] = field

        if not is_controlled_by_master(opened.name):
            self.fields["keep"] = forms.BooleanField(label=_("Old owners stay on the team, to read"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        wanted = {USER: OWNER, ROUND_ROBIN: "owners"}.get(cleaned.get("to") or USER)
        if wanted and wanted not in self.errors and not cleaned.get(wanted):
            self.add_error(wanted, _("Choose a person."))
        return cleaned

    def rule(self) -> Rule:
        """Return the rule of a valid form."""
        to, given = self.cleaned_data.get("to") or USER, self.cleaned_data
        users = {USER: [given[OWNER]], ROUND_ROBIN: given["owners"]}.get(to, [])
        return Rule(to, tuple(found for item in users if (found := parse_uuid(item))))


@require_POST
@signed_in
def assign(request: HttpRequest, object_name: str) -> HttpResponse:
    """Ask for the new owners, then give them the selected records."""
    opened = desk(request, object_name, "transfer")
    opened.policy.require(object_name, "edit")
    ids = selected_ids(opened, request, "transfer")
    is_sent = OWNER in request.POST or "to" in request.POST
    form = TransferForm(request.POST if is_sent else None, opened)
    if is_sent and form.is_valid():
        try:
            keep = Level.READ if form.cleaned_data.get("keep") else None
            done = transfer_records(opened.actor, object_name, ids, form.rule(), keep=keep)
        except ValidationFailed as failed:
            form.add_error(None, [error.text for error in failed.errors])
        else:
            moved = totals(done)["moved"]
            stayed = done.items.exclude(state=HandoverItem.State.MOVED).order_by("id")
            text = ngettext("%(count)d record has a new owner.", "%(count)d records have a new owner.", moved)
            report(request, text % {"count": moved}, moved, list(stayed.values_list("message", flat=True)))
            return redirect(request, safe_next(request, opened.list_url))
    return ask(request, "assign", {"desk": opened, "ids": ids, "form": form}, 422 if is_sent else 200)


@require_POST
@signed_in
def bulk_delete(request: HttpRequest, object_name: str) -> HttpResponse:
    """Ask whether it is meant, then move the selected records to the trash."""
    opened = desk(request, object_name, "delete")
    ids = selected_ids(opened, request, "delete")
    if "confirmed" not in request.POST:
        return ask(request, "bulk_delete", {"desk": opened, "ids": ids}, 200)
    service, problems = RecordService(opened.actor), []
    for item in ids:
        try:
            service.delete(object_name, item)
        except PlatformError as error:
            problems.append(str(error.message))
    deleted = len(ids) - len(problems)
    text = ngettext("%(count)d record is in the trash.", "%(count)d records are in the trash.", deleted)
    report(request, text % {"count": deleted}, deleted, problems)
    return redirect(request, safe_next(request, opened.list_url))


def selected_ids(opened: ObjectDesk, request: HttpRequest, action: str) -> list[uuid.UUID]:
    """Return the selected records on which the caller may do `action`, in the order of the page."""
    given = dict.fromkeys(parsed for item in request.POST.getlist("ids") if (parsed := parse_uuid(item)))
    allowed = RecordQuery(opened.actor, opened.name, action=action).visible_ids(list(given)[:MAX_SELECTED])
    return [item for item in given if item in allowed]


def report(request: HttpRequest, done: str, count: int, problems: list[str]) -> None:
    """Say on the next page what was done to how many records, and why others were left as they are."""
    if count:
        messages.success(request, done)
    if problems:
        reasons = " ".join(dict.fromkeys(problems[:SHOWN_FAILURES]))
        text = ngettext(
            "%(count)d record was left as it is: %(reasons)s",
            "%(count)d records were left as they are: %(reasons)s",
            len(problems),
        )
        messages.error(request, text % {"count": len(problems), "reasons": reasons})


def ask(request: HttpRequest, name: str, context: dict[str, Any], status: int) -> HttpResponse:
    """Answer with a small form about the selected records, that leads back to where they were selected."""
    back = request.htmx.current_url_abs_path if is_fragment(request) else safe_next(request, "")  # type: ignore[attr-defined]
    nothing = _("Select at least one record that you may change.")
    context = {**context, "next_url": back or context["desk"].list_url, "nothing": nothing}
    return small_form(request, name, context, status)
