"""Takes what strangers fill in: checks it, has the record made, and keeps what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.events.clock import database_now
from crm_platform.kit.context import client_address
from crm_platform.kit.errors import FieldError, NotFound, PlatformError, ValidationFailed
from workflows.intake import making
from workflows.intake.fields import LONGEST, Asked, asked
from workflows.intake.models import FormSubmission, WebForm
from workflows.intake.uploads import uploaded, wait
from workflows.intake.windows import WINDOW

QUICKEST = 2.0  # seconds in which a person fills in a form at least
PER_ADDRESS, PER_FORM = 5, 500  # submissions within WINDOW
TRAPPED, TOO_QUICK = "trap", "too_quick"
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
    fields = asked(form.business_object.api_name, form.fields, making.language())
    values = _values(form, fields, sent)
    row = _row(form, sent, values)
    doubt = _doubt(sent)

    def work() -> None:
        if doubt:
            row.state, row.reason = State.HELD, doubt
        else:
            making.make(row, values, told={item.name for item in fields if not item.hidden})
        wait(row)

    kept = making.keep_once(form.submissions.all(), row, work)
    if kept.state == State.REFUSED:
        raise AlreadyKnown
    return kept


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
        value = uploaded(form, sent.once, item, sent.values.get(item.name)) if item.is_file else _value(item, sent)
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
