"""Takes what strangers send: checks it, makes the record, and keeps what was sent."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.events.clock import database_now
from crm_platform.identity.models import OrganizationSettings
from crm_platform.kit.context import Actor, client_address, request_id, system_actor
from crm_platform.kit.errors import FieldError, NotFound, PlatformError, ValidationFailed
from objects.activities.services import FollowUpInput, log_follow_up
from objects.duplicates.checking import check_values
from objects.duplicates.errors import DuplicateDetected
from objects.records.drafts import Consent, Draft, Origin
from objects.records.service import RecordService, follow
from objects.records.unit import run_unit
from workflows.intake.fields import LONGEST, Asked, asked
from workflows.intake.models import FormSubmission, WebForm

log = logging.getLogger(__name__)

QUICKEST = 2.0  # seconds in which a person fills in a form at least
PER_ADDRESS, PER_FORM = 5, 500  # submissions within WINDOW
WINDOW = timedelta(minutes=10)
TRAPPED, TOO_QUICK, DUPLICATE, NOT_SAVED = "trap", "too_quick", "duplicate", "not_saved"
State = FormSubmission.State


class TooManySubmissions(PlatformError):
    code = "rate_limited"
    status = 429
    message = gettext_lazy("Too many messages from here. Wait ten minutes and try again.")


class AlreadyKnown(PlatformError):
    code = "duplicate_detected"
    status = 409
    message = gettext_lazy("Thank you, we know you already: somebody will get in touch with you.")


@dataclass(frozen=True, slots=True)
class Sent:
    """What came in. `once` names it once and for all; `seconds` is how long filling it in took, None for servers."""

    once: str
    values: Mapping[str, Any]
    seconds: float | None = None
    trap: str = ""
    consent: bool = False
    page: str = ""
    referrer: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    agent: str = ""


def active_form(token: str) -> WebForm:
    """Return the form that strangers may use; raises NotFound."""
    form = WebForm.objects.select_related("business_object", "pool").filter(token=token, is_active=True).first()
    if form is None:
        raise NotFound
    return form


def submit(form: WebForm, sent: Sent) -> FormSubmission:
    """Take what was sent: the same one again changes nothing, and gets the same answer.

    What looks like a robot's is held back, without a word about it. Raises ValidationFailed, TooManySubmissions,
    AlreadyKnown.
    """
    known = form.submissions.filter(once=sent.once).first()
    if known is not None:
        return known
    _count(form, by_address=sent.seconds is not None)
    fields = asked(form.business_object.api_name, form.fields, _language())
    values = _values(form, fields, sent)
    row = _row(form, sent, values)
    doubt = _doubt(sent)
    try:
        with transaction.atomic():
            if doubt:
                row.state, row.reason = State.HELD, doubt
            else:
                _make(form, row, values)
            row.save(force_insert=True)
    except IntegrityError:  # the same was sent twice at once
        known = form.submissions.filter(once=sent.once).first()
        if known is None:
            raise
        return known
    if row.state == State.REFUSED:
        raise AlreadyKnown
    return row


def release(submission: FormSubmission) -> FormSubmission:
    """Make the record of a submission that was held back or refused, whatever else there is like it."""
    with transaction.atomic():
        row = FormSubmission.objects.select_for_update(of=("self",)).get(pk=submission.pk)
        if row.state in (State.HELD, State.REFUSED):
            _create(row.form, row, row.values)
            row.save(update_fields=["state", "record_object", "record_id"])
    return row


# --- checking ---------------------------------------------------------------------------------------------------
def _count(form: WebForm, *, by_address: bool) -> None:
    recent = form.submissions.filter(at__gt=database_now() - WINDOW)
    address = client_address.get()[:45]
    if by_address and recent.filter(address=address)[:PER_ADDRESS].count() >= PER_ADDRESS:
        raise TooManySubmissions
    if recent[:PER_FORM].count() >= PER_FORM:
        raise TooManySubmissions


def _doubt(sent: Sent) -> str:
    if sent.trap:
        return TRAPPED
    return TOO_QUICK if sent.seconds is not None and sent.seconds < QUICKEST else ""


def _values(form: WebForm, fields: list[Asked], sent: Sent) -> dict[str, Any]:
    """Return the values of the form's own fields; what else was sent is not looked at."""
    errors, values = [], {}
    for item in fields:
        value = _value(item, sent)
        if value not in ("", None, []):
            values[item.name] = value
        elif item.required:
            errors.append(FieldError(item.name, "required", _("This field is required.")))
        if isinstance(value, str) and len(value) > LONGEST:
            errors.append(FieldError(item.name, "too_long", _("This text is too long.")))
    if form.consent_text and not sent.consent:
        errors.append(FieldError("consent", "required", _("Without your consent we may not keep this.")))
    if errors:
        raise ValidationFailed(errors)
    return values


def _value(item: Asked, sent: Sent) -> Any:
    """Return one value: hidden fields take it from the page's address or their default, never from the sender."""
    if item.hidden:
        return str(sent.parameters.get(item.parameter, "") if item.parameter else "")[:LONGEST] or item.default
    value = sent.values.get(item.name)
    if item.input == "checkboxes":
        return [str(part)[:LONGEST] for part in value[:100]] if isinstance(value, list) else []
    if item.input == "checkbox":
        return value in (True, "on", "true", "1")
    if isinstance(value, str):
        return value.strip() or item.default
    if isinstance(value, int | Decimal):
        return str(value)[:LONGEST]
    return item.default if value is None else ""


def _row(form: WebForm, sent: Sent, values: Mapping[str, Any]) -> FormSubmission:
    return FormSubmission(
        form=form,
        once=sent.once,
        values=dict(values),
        consent_text=form.consent_text,
        address=client_address.get()[:45],
        page=sent.page[:1000],
        referrer=sent.referrer[:1000],
        parameters={name[:40]: value[:300] for name, value in list(sent.parameters.items())[:20]},
        agent=sent.agent[:300],
    )


# --- making -----------------------------------------------------------------------------------------------------
def _make(form: WebForm, row: FormSubmission, values: dict[str, Any]) -> None:
    """Make the record as the form says of duplicates, and note on the row what became of it."""
    twin = _twin(form, values) if form.duplicates != WebForm.Duplicates.ALLOW else None
    if twin is not None and form.duplicates == WebForm.Duplicates.REFUSE:
        row.state, row.reason = State.REFUSED, DUPLICATE
        row.record_object, row.record_id = twin
        return
    try:
        with transaction.atomic():
            if twin is not None:
                _attach(form, twin, values)
                row.state, (row.record_object, row.record_id) = State.ATTACHED, twin
            else:
                _create(form, row, values)
    except DuplicateDetected:  # a rule of the organisation forbids what the form allows: people decide
        row.state, row.reason = State.HELD, DUPLICATE
    except ValidationFailed as failed:
        names = {item["field"] for item in form.fields if not item.get("hidden")}
        told = [error for error in failed.errors if error.field in names]
        if told:
            raise ValidationFailed(told) from failed
        log.warning("form %s: a submission could not be saved: %s", form.pk, [error.text for error in failed.errors])
        row.state, row.reason = State.HELD, NOT_SAVED


def _create(form: WebForm, row: FormSubmission, values: Mapping[str, Any]) -> None:
    """Make the record, in the form's pool or with its owner, unless a rule sends it to one that is there already."""
    service = RecordService(_actor(form), consent=Consent(duplicates=True, warnings=True), event="api")
    given = {**values, **({"owner_id": str(form.owner_id)} if form.owner_id else {})}
    draft = Draft(0, given)
    if form.pool is not None and form.pool.is_active and not form.owner_id:
        follow(draft, Origin(pool_id=form.pool_id))
    saved = run_unit(lambda: service.write_one(form.business_object.api_name, "create", draft))
    row.state = State.ATTACHED if saved.diverted else State.ACCEPTED
    row.record_object, row.record_id = saved.object, saved.id


def _twin(form: WebForm, values: Mapping[str, Any]) -> tuple[str, uuid.UUID] | None:
    """Return object and id of the best record that is like the one to be made."""
    found = check_values(_actor(form), form.business_object.api_name, values)
    cards = [card for finding in found for card in finding.cards if card.record_id is not None and not card.is_deleted]
    best = max(cards, key=lambda card: card.score, default=None)
    return (best.object.api_name, best.record_id) if best is not None and best.record_id is not None else None


def _attach(form: WebForm, twin: tuple[str, uuid.UUID], values: Mapping[str, Any]) -> None:
    labels = {item.name: item.label for item in asked(form.business_object.api_name, form.fields, _language())}
    lines = [f"{labels.get(name, name)}: {_plain(value)}" for name, value in values.items()]
    text = "\n".join([_("Sent again through the form “%(form)s”:") % {"form": form.label}, *lines])
    log_follow_up(_actor(form), *twin, FollowUpInput(content=text[:4_000]))


def _plain(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _actor(form: WebForm) -> Actor:
    """Return the platform as the form: what it writes is nobody's own act, and is told as the form's."""
    return replace(system_actor(form.label, via="api", language=_language()), request_id=request_id.get())


def _language() -> str:
    return OrganizationSettings.objects.values_list("language", flat=True).first() or "en"
