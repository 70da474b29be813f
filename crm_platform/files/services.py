"""Keeping uploads, giving them to records, taking them back. Who may do that to a record is for higher layers."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.files import pictures, store
from crm_platform.files.checks import Refused, Upload, content_checks
from crm_platform.files.models import DoubtfulContent, StoredFile
from crm_platform.files.sniffing import clean_name, sniff
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import StateConflict

MAX_LOOSE = 1_000  # uploads of one person that belong to nothing yet
LOOSE_HOURS = 24


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a record, to which files belong."""

    object_id: int
    record_id: uuid.UUID
    field_id: int


def keep(actor: Actor, file: IO[bytes], name: str, declared: str = "", *, held_by: str = "") -> StoredFile:
    """Keep an upload and return its row, still loose unless something holds it.

    Raises ValidationFailed for what no file may be, StateConflict when too many of the actor's are loose.
    """
    if not held_by:
        _refuse_hoard(actor)
    name = clean_name(name)
    _digest, size = store.digest(file)
    kind = sniff(file, name, declared)
    upload = Upload(name, kind, size, file)
    for item in content_checks:
        file.seek(0)
        item.check(upload)
    content, facts = _final_content(upload)
    sha256, size = store.digest(content)
    _expect(sha256)
    store.write(store.content_key(sha256), content)
    return StoredFile.objects.create(
        sha256=sha256,
        size=size,
        name=name,
        created_by_id=actor.user_id,
        created_at=timezone.now(),
        held_by=held_by,
        **facts,
    )


def kept_again(file: StoredFile, owner_id: uuid.UUID | None) -> StoredFile:
    """Return another upload of the same content, loose and its owner's: for a second place that holds it."""
    _expect(file.sha256)
    names = ("sha256", "size", "content_type", "name", "width", "height")
    copied = {name: getattr(file, name) for name in names}
    return StoredFile.objects.create(**copied, created_by_id=owner_id, created_at=timezone.now())


def keep_made(actor: Actor, file: IO[bytes], name: str, content_type: str, held_by: str) -> StoredFile:
    """Keep a file that the platform itself has made, whatever its size, for what holds it."""
    sha256, size = store.digest(file)
    _expect(sha256)
    store.write(store.content_key(sha256), file)
    facts = {"content_type": content_type, "created_by_id": actor.user_id, "created_at": timezone.now()}
    return StoredFile.objects.create(sha256=sha256, size=size, name=name, held_by=held_by, **facts)


def attach(places: Mapping[uuid.UUID, Place]) -> None:
    """Give files to fields of records; the caller has locked them and knows that they are free."""
    if not places:
        return
    row = "(%s::uuid, %s::bigint, %s::uuid, %s::bigint)"
    sql = (
        "UPDATE files_storedfile f SET object_id = v.o, record_id = v.r, field_id = v.f, detached_at = NULL"  # noqa: S608
        f" FROM (VALUES {', '.join([row] * len(places))}) AS v (id, o, r, f) WHERE f.id = v.id"
    )
    values = [(key, item.object_id, item.record_id, item.field_id) for key, item in places.items()]
    with connection.cursor() as cursor:
        cursor.execute(sql, [part for value in values for part in value])


def detach(ids: Iterable[uuid.UUID], now: datetime) -> None:
    """Note that files are no longer in their field; they can come back into it for a day."""
    StoredFile.objects.filter(id__in=list(ids)).update(detached_at=now)


def locked(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, StoredFile]:
    """Return those of the files that exist, by id, locked in one order until the transaction ends."""
    rows = StoredFile.objects.select_for_update(of=("self",)).filter(id__in=sorted(set(ids))).order_by("id")
    return {row.id: row for row in rows}


def discard_belonging(
    object_id: int, *, record_ids: Sequence[uuid.UUID] | None = None, field_id: int | None = None
) -> None:
    """Delete the files of an object that is gone for good, or only those of some records or of one field."""
    rows = StoredFile.objects.filter(object_id=object_id)
    if record_ids is not None:
        rows = rows.filter(record_id__in=list(record_ids))
    if field_id is not None:
        rows = rows.filter(field_id=field_id)
    discard(rows.values_list("id", flat=True))


def discard(ids: Iterable[uuid.UUID]) -> int:
    """Delete files; contents that nobody else has go by the daily job. Returns how many."""
    wanted = list(ids)
    if not wanted:
        return 0
    with transaction.atomic():
        rows = StoredFile.objects.filter(id__in=wanted)
        _expect(*rows.order_by("sha256").values_list("sha256", flat=True))
        return rows.delete()[0]


def stale(now: datetime) -> Q:
    """Return the condition of files that have been loose or detached for a day."""
    before = now - timedelta(hours=LOOSE_HOURS)
    return Q(record_id=None, held_by="", created_at__lt=before) | Q(detached_at__lt=before)


def _refuse_hoard(actor: Actor) -> None:
    loose = StoredFile.objects.filter(created_by_id=actor.user_id, record_id=None, held_by="")
    if len(loose.values_list("id")[:MAX_LOOSE]) == MAX_LOOSE:
        raise StateConflict(_("Too many uploaded files belong to no record yet. Save them with a record first."))


def _final_content(upload: Upload) -> tuple[IO[bytes], dict[str, object]]:
    """Return what is kept and what is known of it: a picture is written anew, anything else stays as it is."""
    if upload.type.kind != "image":
        return upload.file, {"content_type": upload.type.mime}
    try:
        picture = pictures.written_anew(upload.file)
    except pictures.BadPicture:
        raise Refused("invalid_type", _("The picture can't be read, or it is too large.")) from None
    facts = {"content_type": picture.content_type, "width": picture.width, "height": picture.height}
    return io.BytesIO(picture.content), facts


def _expect(*digests: str) -> None:
    """Have contents looked at later. A clean-up under way is waited for, and starts no more on these."""
    rows = [DoubtfulContent(sha256=sha256, since=timezone.now()) for sha256 in sorted(set(digests))]
    DoubtfulContent.objects.bulk_create(rows, update_conflicts=True, unique_fields=["sha256"], update_fields=["since"])
