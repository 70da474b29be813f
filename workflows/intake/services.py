"""Making web forms and settling what they ask."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError
from metadata.compiler.compiled import CompiledField
from metadata.compiler.current import current_snapshot
from workflows.intake import settling
from workflows.intake.fields import FILE, FORM_INPUTS, offered
from workflows.intake.models import FormSubmission, WebForm
from workflows.intake.settling import SHARED, Kind

TEXTS = {"label": 80, "title": 120, "intro": 2000, "consent_text": 2000, "success_text": 2000, "redirect_url": 500}
PARTS = {"field": 40, "label": 80, "help": 200, "default": 500, "parameter": 40}
FLAGS = ("required", "hidden")
MAX_FIELDS, MAX_ORIGINS = 40, 20
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?", re.I)


def forms(actor: Actor) -> list[WebForm]:
    """Return all forms with `sent` and `held`, how much has come through them and waits."""
    return settling.listed(actor, FORMS)


def get_form(actor: Actor, form_id: uuid.UUID) -> WebForm:
    """Return one form; raises NotFound."""
    return settling.get(actor, FORMS, form_id)


def create_form(actor: Actor, object_name: str, given: Mapping[str, Any]) -> WebForm:
    """Make a form for an object. Raises Forbidden, ValidationFailed."""
    return settling.create(actor, FORMS, object_name, given)


def update_form(
    actor: Actor, form_id: uuid.UUID, changes: Mapping[str, Any], expected_version: int | None = None
) -> WebForm:
    """Change a form. Raises Forbidden, NotFound, ValidationFailed, VersionConflict."""
    return settling.update(actor, FORMS, form_id, changes, expected_version)


def delete_form(actor: Actor, form_id: uuid.UUID) -> None:
    """Delete a form with what came through it; the records stay."""
    settling.delete(actor, FORMS, form_id)


def new_secrets(actor: Actor, form_id: uuid.UUID) -> WebForm:
    """Give a form another address and another secret; the old ones end at once."""
    row: WebForm = settling.new_secrets(actor, FORMS, form_id)
    return row


def release(actor: Actor, form_id: uuid.UUID, submission_id: uuid.UUID) -> FormSubmission:
    """Make the record of what was held back. Raises NotFound, StateConflict, and what creating a record does."""
    row: FormSubmission = settling.release(actor, FORMS, form_id, submission_id)
    return row


# --- checking ---------------------------------------------------------------------------------------------------
def _errors(row: WebForm) -> list[FieldError]:
    return [*_field_errors(row), *_address_errors(row)]


def _field_errors(row: WebForm) -> list[FieldError]:
    known = {field.name: field for field in offered(current_snapshot().object(row.business_object.api_name))}
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
    if any(_is_filled_file(known[item["field"]], item) for item in row.fields):
        return [FieldError("fields", "invalid_choice", _("A field of files can't be hidden or have a default value."))]
    if len(set(names)) < len(names) or len(names) > MAX_FIELDS:
        return [FieldError("fields", "invalid_choice", _("Ask for each field once, and for 40 fields at most."))]
    return []


def _is_filled_file(field: CompiledField, item: Mapping[str, Any]) -> bool:
    is_file = FORM_INPUTS[field.spec.type] == FILE
    return is_file and any(item.get(name) for name in ("hidden", "default", "parameter"))


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


FORMS = Kind(
    WebForm,
    "form",
    (*SHARED, *(name for name in TEXTS if name != "label"), "fields", "origins"),
    _errors,
    arrivals="submissions",
    texts=TEXTS,
)
