"""Making forms and settling what they ask. All is audited."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from crm_platform.audit.services import Subject, record_entry
from crm_platform.identity.models import User
from crm_platform.identity.services import require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, StateConflict, ValidationFailed, VersionConflict
from metadata.compiler.current import current_snapshot
from metadata.models import BusinessObject
from workflows.intake import submitting
from workflows.intake.fields import offered
from workflows.intake.models import FormSubmission, WebForm, new_token
from workflows.pools.models import Pool
from workflows.pools.services.seats import MANAGE

CREATED, CHANGED, DELETED, RELEASED = "form.created", "form.changed", "form.deleted", "form.released"
TEXTS = {"label": 80, "title": 120, "intro": 2000, "consent_text": 2000, "success_text": 2000, "redirect_url": 500}
SETTABLE = (*TEXTS, "fields", "pool_id", "owner_id", "duplicates", "origins", "is_active")
PARTS = {"field": 40, "label": 80, "help": 200, "default": 500, "parameter": 40}
FLAGS = ("required", "hidden")
MAX_FORMS, MAX_FIELDS, MAX_ORIGINS = 100, 40, 20
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?", re.I)


def forms(actor: Actor) -> list[WebForm]:
    """Return all forms with `sent` and `held`, how much has come through them and waits."""
    require_function(actor, MANAGE)
    held = Count("submissions", filter=Q(submissions__state=FormSubmission.State.HELD))
    rows = WebForm.objects.select_related("business_object", "pool", "owner")
    return list(rows.annotate(sent=Count("submissions"), held=held))


def get_form(actor: Actor, form_id: uuid.UUID) -> WebForm:
    """Return one form; raises NotFound."""
    require_function(actor, MANAGE)
    row = WebForm.objects.select_related("business_object", "pool", "owner").filter(pk=form_id).first()
    if row is None:
        raise NotFound
    return row


@transaction.atomic
def create_form(actor: Actor, object_name: str, given: Mapping[str, Any]) -> WebForm:
    """Make a form for an object. Raises Forbidden, ValidationFailed."""
    require_function(actor, MANAGE)
    spec = current_snapshot().spec.object_map.get(object_name)
    if spec is None:
        raise ValidationFailed.single("object", "invalid_choice", _("There is no such object."))
    if WebForm.objects.count() >= MAX_FORMS:
        raise ValidationFailed.single(None, "out_of_range", _("At most %(max)d forms."), max=MAX_FORMS)
    row = WebForm(business_object=BusinessObject.objects.get(pk=spec.id))
    _fill(row, {"label": "", **given})
    row.save(force_insert=True)
    record_entry(actor, CREATED, Subject(object_name=object_name, record_name=row.label))
    return row


@transaction.atomic
def update_form(
    actor: Actor, form_id: uuid.UUID, changes: Mapping[str, Any], expected_version: int | None = None
) -> WebForm:
    """Change a form. Raises Forbidden, NotFound, ValidationFailed, VersionConflict."""
    row = _locked(actor, form_id)
    if expected_version is not None and expected_version != row.version:
        raise VersionConflict(current_version=row.version)
    _fill(row, changes)
    row.version += 1
    row.save()
    record_entry(actor, CHANGED, _about(row), {"changed": sorted(changes)})
    return row


@transaction.atomic
def delete_form(actor: Actor, form_id: uuid.UUID) -> None:
    """Delete a form with what came through it; the records stay."""
    row = _locked(actor, form_id)
    record_entry(actor, DELETED, _about(row))
    row.delete()


@transaction.atomic
def new_secrets(actor: Actor, form_id: uuid.UUID) -> WebForm:
    """Give a form another address and another secret; the old ones end at once."""
    row = _locked(actor, form_id)
    row.token, row.secret_number, row.version = new_token(), row.secret_number + 1, row.version + 1
    row.save()
    record_entry(actor, CHANGED, _about(row), {"changed": ["secret", "token"]})
    return row


def release(actor: Actor, form_id: uuid.UUID, submission_id: uuid.UUID) -> FormSubmission:
    """Make the record of what was held back. Raises NotFound, StateConflict, and what creating a record does."""
    row = get_form(actor, form_id).submissions.filter(pk=submission_id).first()
    if row is None:
        raise NotFound
    if row.state not in (FormSubmission.State.HELD, FormSubmission.State.REFUSED):
        raise StateConflict(_("This has become a record already."))
    with transaction.atomic():
        released = submitting.release(row)
        record_entry(actor, RELEASED, _about(row.form))
    return released


def _locked(actor: Actor, form_id: uuid.UUID) -> WebForm:
    require_function(actor, MANAGE)
    row = WebForm.objects.select_for_update(of=("self",)).select_related("business_object").filter(pk=form_id).first()
    if row is None:
        raise NotFound
    return row


def _about(row: WebForm) -> Subject:
    return Subject(object_name=row.business_object.api_name, record_name=row.label)


# --- checking ---------------------------------------------------------------------------------------------------
def _fill(row: WebForm, given: Mapping[str, Any]) -> None:
    errors = [FieldError(name, "unknown_field", _("Unknown member.")) for name in given.keys() - set(SETTABLE)]
    for name in given.keys() & set(SETTABLE):
        setattr(row, name, given[name])
    errors += [
        FieldError(name, "too_long", _("This text is too long."))
        for name, most in TEXTS.items()
        if len(getattr(row, name)) > most
    ]
    if not row.label.strip():
        errors.append(FieldError("label", "required", _("This field is required.")))
    if row.duplicates not in WebForm.Duplicates.values:
        errors.append(FieldError("duplicates", "invalid_choice", _("Choose one of the offered values.")))
    errors += [*_field_errors(row), *_place_errors(row), *_address_errors(row)]
    if errors:
        raise ValidationFailed(errors)


def _field_errors(row: WebForm) -> list[FieldError]:
    known = {field.name for field in offered(current_snapshot().object(row.business_object.api_name))}
    names: list[Any] = []
    for item in row.fields:
        is_whole = isinstance(item, dict) and item.keys() <= {*PARTS, *FLAGS} and "field" in item
        texts = is_whole and all(isinstance(item.get(name, ""), str) for name in PARTS)
        if not (texts and all(isinstance(item.get(name, False), bool) for name in FLAGS)):
            return [FieldError("fields", "invalid_type", _("A field of a form is an object of texts and flags."))]
        if any(len(item.get(name, "")) > most for name, most in PARTS.items()):
            return [FieldError("fields", "too_long", _("This text is too long."))]
        names.append(item["field"])
    unknown = sorted({name for name in names if name not in known})
    if unknown:
        message = _("Forms can't ask for: %(names)s")
        return [FieldError("fields", "unknown_field", message, {"names": ", ".join(unknown)})]
    if len(set(names)) < len(names) or len(names) > MAX_FIELDS:
        return [FieldError("fields", "invalid_choice", _("Ask for each field once, and for 40 fields at most."))]
    return []


def _place_errors(row: WebForm) -> list[FieldError]:
    errors = []
    if row.pool_id and not Pool.objects.filter(pk=row.pool_id, business_object=row.business_object).exists():
        errors.append(FieldError("pool_id", "invalid_reference", _("There is no such pool of this object.")))
    if row.owner_id and not User.objects.filter(pk=row.owner_id, is_active=True).exists():
        errors.append(FieldError("owner_id", "inactive_reference", _("There is no such active user.")))
    if row.owner_id and row.pool_id:
        errors.append(FieldError("owner_id", "invalid_choice", _("Choose a pool or an owner, not both.")))
    return errors


def _address_errors(row: WebForm) -> list[FieldError]:
    errors = []
    is_list = isinstance(row.origins, list) and len(row.origins) <= MAX_ORIGINS
    if not is_list or not all(isinstance(item, str) and _ORIGIN.fullmatch(item) for item in row.origins):
        errors.append(FieldError("origins", "invalid_type", _("Enter origins such as https://www.example.com.")))
    target = row.redirect_url
    if target and not _is_address(target):
        errors.append(FieldError("redirect_url", "invalid_type", _("Enter an address that begins with https://.")))
    return errors


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(_ORIGIN.fullmatch(f"{parts.scheme}://{parts.netloc}") and not re.search(r"[\s\\]", text))
    except ValueError:
        return False
