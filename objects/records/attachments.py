"""Files of a batch: that they are there, may be used and fit their fields, and giving them to their records."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import cast

from django.utils.translation import gettext_lazy as _

from crm_platform.files import services as files
from crm_platform.files.models import StoredFile
from crm_platform.files.selectors import Reader, readers
from crm_platform.files.services import Place
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound
from metadata.compiler.compiled import CompiledField
from metadata.compiler.current import current_snapshot
from metadata.field_types.attachments import AttachmentType, FileRef
from metadata.field_types.values import InvalidValue
from objects.access.policy import AccessPolicy
from objects.query.query import RecordQuery
from objects.records.drafts import Batch, Draft

Use = tuple[Draft, CompiledField, tuple[FileRef, ...]]


def check_files(batch: Batch) -> None:
    """Find files that are not there, not the actor's, in use elsewhere or unfit; one query for the whole batch.

    What the record keeps of a file is what the store knows of it, whatever the caller wrote. The rows stay
    locked, so that no other record gets the same file meanwhile.
    """
    uses = list(_uses(batch))
    if not uses:
        return
    stored = files.locked(file.id for _draft, _field, value in uses for file in value)
    taken: set[uuid.UUID] = set()
    for draft, field, value in uses:
        try:
            found = tuple(_checked(batch, draft, field, file, stored, taken) for file in value)
        except InvalidValue as error:
            draft.error(field.name, error.code, error.message, **error.params)
            continue
        draft.values[field.name] = found
        if field.name in draft.changes:
            draft.changes[field.name] = (draft.changes[field.name][0], found)


def attach_files(batch: Batch) -> None:
    """Give the files to the written records, and note those that were taken out of their fields."""
    places: dict[uuid.UUID, Place] = {}
    removed: set[uuid.UUID] = set()
    for draft, field, value in _uses(batch, with_empty=True):
        if not draft.is_sound or draft.id is None:
            continue
        before = {file.id for file in (draft.changes.get(field.name, (None, None))[0] or ())}
        now = {file.id for file in value}
        place = Place(batch.object.spec.id, draft.id, field.spec.id)
        places |= dict.fromkeys(sorted(now - before), place)
        removed |= before - now
    files.attach(places)
    if removed:
        files.detach(removed, batch.now)


def _uses(batch: Batch, *, with_empty: bool = False) -> Iterator[Use]:
    """Yield the files of every changed field that holds files."""
    fields = [field for field in batch.table.writable if isinstance(field.type, AttachmentType)]
    for draft in batch.open if fields else ():
        for field in fields:
            is_changed = field.name in (draft.values if batch.is_create else draft.changes)
            value = draft.values.get(field.name)
            if is_changed and (value or with_empty):
                yield draft, field, value or ()


def _checked(
    batch: Batch,
    draft: Draft,
    field: CompiledField,
    file: FileRef,
    stored: dict[uuid.UUID, StoredFile],
    taken: set[uuid.UUID],
) -> FileRef:
    row = stored.get(file.id)
    if row is None or file.id in taken or not _is_usable(batch, draft, field, row):
        raise InvalidValue("invalid_reference", _("There is no such file, or it belongs elsewhere."))
    taken.add(file.id)
    found = FileRef(row.id, row.name, row.size, row.content_type)
    if row.record_id is None:
        cast(AttachmentType, field.type).check_file(field.spec, found)
    return found


def _is_usable(batch: Batch, draft: Draft, field: CompiledField, row: StoredFile) -> bool:
    """Tell whether the actor may put a file into the field: it is in there, or loose and his own."""
    if row.record_id is None:
        return not row.held_by and row.created_by_id == batch.actor.user_id
    return (row.object_id, row.record_id, row.field_id) == (batch.object.spec.id, draft.id, field.spec.id)


def may_read(actor: Actor, place: Place) -> bool:
    """Tell whether the actor may read a field of a living record."""
    spec = current_snapshot().spec.object_by_id.get(place.object_id)
    field = next((item for item in spec.fields if item.id == place.field_id), None) if spec else None
    if spec is None or field is None:
        return False
    try:
        query = RecordQuery(actor, spec.api_name)
    except NotFound:
        return False
    may_see = AccessPolicy.of(actor).can_read_field(query.object, field.api_name)
    return may_see and query.where_ids([place.record_id]).exists()


def register() -> None:
    """Answer for the file store who may read what belongs to records, from AppConfig.ready()."""
    readers.register(Reader("records", may_read))
