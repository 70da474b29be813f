"""Converting the selected leads of a list, with a result for each; giving a lead up, and taking it up again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment, redirect
from crm_platform.kit.errors import NotFound, PlatformError, ValidationFailed
from layouts.pages.bulk import selected_ids
from layouts.pages.common import ObjectDesk, desk, safe_next, small_form
from layouts.pages.converting.page import title_of, told_fields
from layouts.pages.duplicates import ShownCard, shown_cards
from layouts.pages.record import open_record
from metadata.compiler.current import current_snapshot
from metadata.field_types import widgets
from metadata.field_types.choices import active_choices
from objects.access.policy import AccessPolicy
from objects.conversion.bulk import MAX_LEADS, Row, bulk_convert
from objects.conversion.inputs import NEW, NOTHING, Becomes, ConvertInput
from objects.conversion.mapping import CONTACT, LEAD, OPPORTUNITY, REASON, targets
from objects.conversion.statuses import disqualify, reopen
from objects.duplicates.errors import DuplicateDetected


class BulkForm(forms.Form):
    """Asks what else the selected leads become, besides accounts."""

    contact = forms.BooleanField(required=False, initial=True)
    opportunity = forms.BooleanField(required=False)
    close_date = forms.DateField(required=False)

    def __init__(self, data: Any, opened: ObjectDesk) -> None:
        super().__init__(data)
        snapshot, policy = current_snapshot(), AccessPolicy.of(opened.actor)
        for name in (CONTACT, OPPORTUNITY):
            if name in targets(snapshot) and policy.can(name, "create"):
                label = snapshot.object(name).spec.label.text(opened.language)
                self.fields[name].label = _("Make: %(object)s") % {"object": label}
            else:
                del self.fields[name]
        date = snapshot.object(OPPORTUNITY).fields.get("close_date") if OPPORTUNITY in self.fields else None
        if date is None:
            del self.fields["close_date"]
            return
        box = date.type.form_field(date.spec, opened.language)
        box.label, box.required = date.spec.label.text(opened.language), False
        box.widget.attrs["data-show-when"] = f"{OPPORTUNITY}=on"
        self.fields["close_date"] = box

    def given(self) -> ConvertInput:
        """Return what the service is told."""
        asked = self.cleaned_data
        date = asked.get("close_date")
        deal = Becomes(NEW, values={"close_date": date} if date else {})
        return ConvertInput(
            Becomes(NEW),
            Becomes(NEW) if asked.get(CONTACT) else NOTHING,
            deal if asked.get(OPPORTUNITY) else NOTHING,
        )


@dataclass(frozen=True)
class ShownRow:
    """What became of one of many leads."""

    title: str
    url: str
    became: list[tuple[str, str, str]] = field(default_factory=list)  # icon, title, address
    lost: str = ""
    error: str = ""
    cards: list[ShownCard] = field(default_factory=list)
    is_repeated: bool = False


@require_POST
@signed_in
def convert_selected(request: HttpRequest, object_name: str) -> HttpResponse:
    """Ask what the selected leads become, then convert them and show what became of each."""
    if object_name != LEAD:
        raise NotFound
    opened = desk(request, object_name, "convert")
    ids = selected_ids(opened, request, "convert")
    is_sent = "confirmed" in request.POST
    form = BulkForm(request.POST if is_sent else None, opened)
    back = request.htmx.current_url_abs_path if is_fragment(request) else safe_next(request, "")  # type: ignore[attr-defined]
    next_url = safe_next(request, "") or back or opened.list_url
    nothing = _("Select at least one record that you may change.")
    if len(ids) > MAX_LEADS:
        nothing, ids = _("At most %(max)d leads at once.") % {"max": MAX_LEADS}, []
    context: dict[str, Any] = {"desk": opened, "ids": ids, "form": form, "next_url": next_url, "nothing": nothing}
    if not (is_sent and ids and form.is_valid()):
        return small_form(request, "convert_selected", context, 422 if is_sent else 200)
    titles = {lead: title_of(opened, lead) for lead in ids}
    rows = [_shown(request, opened, row, titles) for row in bulk_convert(opened.actor, ids, form.given())]
    failed = sum(bool(row.error) for row in rows)
    context |= {"rows": rows, "done": len(rows) - failed, "failed": failed}
    return small_form(request, "convert_result", context)


def _shown(request: HttpRequest, opened: ObjectDesk, row: Row, titles: dict[uuid.UUID, str]) -> ShownRow:
    assert row.lead_id is not None
    title, url = titles[row.lead_id], opened.record_url(row.lead_id)
    if row.failure is not None:
        return ShownRow(
            title, url, error=_message(row.failure, opened.language), cards=_cards(row.failure, opened.language)
        )
    done, became = row.done, []
    assert done is not None
    for name, record_id in done.ids.items():
        if record_id is not None and opened.policy.can(name, "read"):
            target = desk(request, name)
            became.append((target.icon, title_of(target, record_id), target.record_url(record_id)))
    return ShownRow(title, url, became, told_fields(done.lost), is_repeated=done.is_repeated)


def _message(failure: PlatformError, language: str) -> str:
    if isinstance(failure, ValidationFailed):
        return " ".join(_text_of(error.field, error.text, language) for error in failure.errors)
    return str(failure.message)


def _text_of(path: str | None, text: str, language: str) -> str:
    """Return an error with the label of the field that it is about."""
    target, _dot, name = (path or "").partition(".")
    spec = current_snapshot().spec.object_map.get(target)
    field_spec = spec.field_map.get(name) if spec else None
    return f"{field_spec.label.text(language)}: {text}" if field_spec else text


def _cards(failure: PlatformError, language: str) -> list[ShownCard]:
    if not isinstance(failure, DuplicateDetected):
        return []
    return [card for finding in failure.rules for card in shown_cards(finding.cards, language)]


# --- giving up, and taking up again -----------------------------------------------------------------------------
class ReasonForm(forms.Form):
    """Asks why nothing comes of a lead."""

    def __init__(self, data: Any, opened: ObjectDesk) -> None:
        super().__init__(data)
        spec = opened.obj.field(REASON).spec
        choices = [(item.value, item.label.text(opened.language)) for item in active_choices(spec)]
        self.fields["reason"] = forms.ChoiceField(
            label=spec.label.text(opened.language), choices=[("", "—"), *choices], widget=widgets.Select
        )


@signed_in
def record_disqualify(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Ask why, then give the lead up."""
    if object_name != LEAD:
        raise NotFound
    page = open_record(request, object_name, record_id, "edit")
    form = ReasonForm(request.POST if request.method == "POST" else None, page.desk)
    if request.method == "POST" and form.is_valid():
        try:
            disqualify(page.desk.actor, record_id, form.cleaned_data["reason"])
        except ValidationFailed as failed:
            form.add_error(None, [error.text for error in failed.errors])
        except PlatformError as error:
            if error.status in (403, 404):
                raise
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("The lead is given up."))
            return redirect(request, page.desk.record_url(record_id))
    context = {"record": page, "desk": page.desk, "form": form, "next_url": page.desk.record_url(record_id)}
    return small_form(request, "disqualify", context, 422 if request.method == "POST" else 200)


@signed_in
def record_reopen(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Ask whether it is meant, then take a lead up again."""
    if object_name != LEAD:
        raise NotFound
    page = open_record(request, object_name, record_id, "edit")
    address = page.desk.record_url(record_id)
    if request.method != "POST":
        return small_form(request, "reopen", {"record": page, "desk": page.desk, "next_url": address})
    try:
        reopen(page.desk.actor, record_id)
    except PlatformError as error:
        if error.status in (403, 404):
            raise
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The lead is taken up again."))
    return redirect(request, address)
