"""Files of web forms: a visitor uploads them first, and the record gets them in the transaction that makes it.

Until then nobody can read them, they count for no one's loose files, and they go after a day (see `forgetting`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.events.clock import database_now
from crm_platform.files import services as files
from crm_platform.files.models import StoredFile
from crm_platform.kit.context import client_address, system_actor
from crm_platform.kit.errors import FieldError, PlatformError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.current import current_snapshot
from metadata.field_types.attachments import AttachmentType, FileRef
from metadata.field_types.values import InvalidValue
from objects.activities.shipped import FOLLOW_UP
from workflows.intake.fields import Asked
from workflows.intake.models import HELD_BY, FormFile, FormSubmission, WebForm
from workflows.intake.windows import WINDOW

PER_ADDRESS, PER_FORM = 20, 500  # files within WINDOW
ATTACHED = "files"  # the field of follow-ups that holds files


class TooManyFiles(PlatformError):
    code = "rate_limited"
    status = 429
    message = gettext_lazy("Too many files from here. Wait ten minutes and try again.")


def upload(form: WebForm, once: str, item: Asked, sent: UploadedFile) -> FormFile:
    """Keep a file for a field of the page that `once` names. Raises ValidationFailed, TooManyFiles."""
    recent = form.files.filter(at__gt=database_now() - WINDOW)
    address = client_address.get()[:45]
    if recent.filter(address=address).count() >= PER_ADDRESS or recent.count() >= PER_FORM:
        raise TooManyFiles
    if form.files.filter(once=once, field=item.name).count() >= item.max_count:
        raise ValidationFailed.single(item.name, "too_long", _("At most %(max)d files."), max=item.max_count)
    if (sent.size or 0) > item.max_bytes:
        text = _("A file may have at most %(max)s.")
        raise ValidationFailed.single(item.name, "payload_too_large", text, max=item.max_size)
    try:
        with transaction.atomic():
            kept = files.keep(system_actor(), sent, sent.name or "", sent.content_type or "", held_by=HELD_BY)
            field = current_snapshot().object(form.business_object.api_name).field(item.name)
            cast(AttachmentType, field.type).check_file(field.spec, _reference(kept))
            return form.files.create(once=once, field=item.name, file=kept, address=address)
    except InvalidValue as error:
        raise ValidationFailed.single(item.name, error.code, error.message, **error.params) from None
    except ValidationFailed as failed:
        raise ValidationFailed([FieldError(item.name, e.code, e.message, e.params) for e in failed.errors]) from None


def uploaded(form: WebForm, once: str, item: Asked, given: Any) -> list[dict[str, Any]]:
    """Return those of the named files that were uploaded for this field of this page, as the record keeps them."""
    ids = [found for key in given if (found := parse_uuid(key))] if isinstance(given, list | tuple) else []
    rows = form.files.filter(once=once, field=item.name, submission=None, pk__in=ids[:100]).select_related("file")
    return [_reference(row.file).to_json() for row in rows.order_by("pk")[: item.max_count]]


def shown(form: WebForm, once: str) -> Mapping[str, list[FormFile]]:
    """Return what was uploaded from a page and is not sent yet, by field."""
    found: dict[str, list[FormFile]] = {}
    for row in form.files.filter(once=once, submission=None).select_related("file").order_by("pk"):
        found.setdefault(row.field, []).append(row)
    return found


# --- with the record ----------------------------------------------------------------------------------------------
def ids_in(values: Mapping[str, Any]) -> list[uuid.UUID]:
    """Return the files that the values of an arrival name."""
    lists = [value for value in values.values() if isinstance(value, list)]
    named = [item for value in lists for item in value if isinstance(item, Mapping)]
    return [found for item in named if (found := parse_uuid(item.get("id")))]


def set_free(ids: Iterable[uuid.UUID]) -> None:
    """Let the record that the caller's transaction is about to make have the files."""
    wanted = list(ids)
    if wanted:
        FormFile.objects.filter(file__in=wanted).delete()
        StoredFile.objects.filter(id__in=wanted, held_by=HELD_BY).update(held_by="")


def wait(row: FormSubmission) -> None:
    """Keep the files of a submission that somebody may still release."""
    ids = ids_in(row.values)
    if ids and row.is_open:
        FormFile.objects.filter(file__in=ids).update(submission=row.pk)


def for_follow_up(values: Mapping[str, Any]) -> list[uuid.UUID]:
    """Return those files that a follow-up takes."""
    ids = ids_in(values)
    field = current_snapshot().object(FOLLOW_UP).fields.get(ATTACHED) if ids else None
    kept = []
    for file in StoredFile.objects.filter(id__in=ids).order_by("id") if field is not None else ():
        try:
            cast(AttachmentType, field.type).check_file(field.spec, _reference(file))  # type: ignore[union-attr]
            kept.append(file.id)
        except InvalidValue:
            continue
    return kept


def _reference(file: StoredFile) -> FileRef:
    return FileRef(file.id, file.name, file.size, file.content_type)
