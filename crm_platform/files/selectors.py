"""Which files a caller may have: his own loose ones, and those of fields of records that he may read."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from crm_platform.files.models import StoredFile
from crm_platform.files.services import Place
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound
from crm_platform.kit.registry import Registry


@dataclass(frozen=True)
class Reader:
    """A higher layer's answer to whether a caller may read a field of a record."""

    key: str
    may_read: Callable[[Actor, Place], bool]


readers: Registry[Reader] = Registry("reader of attachments")


def readable(actor: Actor, file_id: uuid.UUID) -> StoredFile:
    """Return the file; raises NotFound for one that is not there, and for one that is not for the caller."""
    found = StoredFile.objects.filter(id=file_id).first()
    if found is None or not _may_read(actor, found):
        raise NotFound
    return found


def _may_read(actor: Actor, file: StoredFile) -> bool:
    if file.object_id is None or file.record_id is None or file.field_id is None:
        return file.created_by_id is not None and file.created_by_id == actor.user_id
    place = Place(file.object_id, file.record_id, file.field_id)
    return any(reader.may_read(actor, place) for reader in readers)
