"""Makes index entries from records, set-wise: which fields count, how a record's text is put together."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from crm_platform.kit.errors import NotFound
from metadata.compiler.compiled import SECOND, CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec
from objects.search.models import SearchEntry
from objects.search.text import MAX_PINYIN_SOURCE, digits_only, normalize, pinyin, short_tokens

INDEX_FORMAT = 1  # moves when entries are made in another way, so that all are made anew
MAX_TEXT = 4000  # characters of a record that are indexed
_WRITTEN = [field.attname for field in SearchEntry._meta.concrete_fields if not field.primary_key]


@dataclass(frozen=True, slots=True)
class Findable:
    """What a record is found by."""

    title: str
    pinyin_full: str
    pinyin_initials: str
    haystack: str
    tokens: frozenset[str]


def indexed_specs(spec: ObjectSpec) -> tuple[FieldSpec, ...]:
    """Return the fields that an object's records are found by: the name first, then the searchable ones."""
    others = (field for field in spec.fields if field.is_searchable and field.api_name != spec.name_field)
    name = spec.field_map.get(spec.name_field)
    return (*((name,) if name else ()), *others)


def indexed_fields(obj: CompiledObject) -> tuple[CompiledField, ...]:
    """Return `indexed_specs` with their columns."""
    return tuple(obj.fields[spec.api_name] for spec in indexed_specs(obj.spec))


def signature(spec: ObjectSpec) -> str:
    """Return what entries of the object depend on besides the records, as a short text to compare."""
    shape = [INDEX_FORMAT, spec.is_searchable, [(field.id, field.type) for field in indexed_specs(spec)]]
    return hashlib.blake2b(json.dumps(shape).encode(), digest_size=16).hexdigest()


def findable(fields: Iterable[CompiledField], values: Mapping[str, Any], name_field: str) -> Findable:
    """Return what a record with these values (by API name) is found by through these fields."""
    texts = {field.name: normalize(_text_of(field, values.get(field.name))[:MAX_TEXT]) for field in fields}
    title = texts.get(name_field, "")
    body = " ".join(filter(None, texts.values()))[:MAX_TEXT]
    names = [text for text in texts.values() if len(text) <= MAX_PINYIN_SOURCE]
    spellings = [spelling for name in names for spelling in pinyin(name) if spelling]
    numbers = [digits for word in body.split(" ") if (digits := digits_only(word)) != word]
    whole, initials = pinyin(title)
    return Findable(
        title[:200],
        whole[:400],
        initials[:100],
        "\n".join([body, *numbers, *spellings]),
        frozenset(short_tokens(body).union(*(short_tokens(spelling) for spelling in spellings))),
    )


def _text_of(field: CompiledField, value: Any) -> str:
    if value is None:
        return ""
    return field.type.search_text(field.spec, value) or (value if isinstance(value, str) else "")


def index_records(object_id: int, record_ids: Iterable[uuid.UUID]) -> None:
    """Bring the entries of these records to what the records are now: written, or removed when they are gone."""
    ids = list(dict.fromkeys(record_ids))
    obj = searchable_object(object_id)
    entries = [] if obj is None else read_entries(obj, ids)
    write_entries(entries)
    gone = set(ids) - {entry.record_id for entry in entries}
    if gone:
        SearchEntry.objects.filter(record_id__in=gone).delete()


def searchable_object(object_id: int) -> CompiledObject | None:
    """Return the object if it exists and is searched at all."""
    try:
        obj = current_snapshot().object_by_id(object_id)
    except NotFound:
        return None
    return obj if obj.spec.is_searchable else None


def read_entries(obj: CompiledObject, ids: Sequence[uuid.UUID]) -> list[SearchEntry]:
    """Return entries for those of the records that live, read in one statement."""
    fields = indexed_fields(obj)
    columns = [column.attr for field in fields for column in field.columns if not field.is_second]
    second = {c.attr: F(f"{SECOND}__{c.attr}") for field in fields for c in field.columns if field.is_second}
    system = ["id", "version", "owner_id", "owner_department_id", "updated_at"]
    living = obj.model._base_manager.filter(pk__in=ids, deleted_at=None)
    rows = living.values(*dict.fromkeys([*system, *columns]), **second)
    return [_entry(obj, fields, row) for row in rows]


def _entry(obj: CompiledObject, fields: Sequence[CompiledField], row: Mapping[str, Any]) -> SearchEntry:
    values = {
        field.name: field.type.from_columns(field.spec, {c.suffix: row[c.attr] for c in field.columns})
        for field in fields
    }
    found = findable(fields, values, obj.spec.name_field)
    updated_at: datetime = row["updated_at"]
    return SearchEntry(
        record_id=row["id"],
        object_id=obj.spec.id,
        title=found.title,
        pinyin_full=found.pinyin_full,
        pinyin_initials=found.pinyin_initials,
        haystack=found.haystack,
        tokens=sorted(found.tokens),
        owner_id=row["owner_id"],
        owner_department_id=row["owner_department_id"],
        version=row["version"],
        updated_at=updated_at,
    )


def write_entries(entries: Sequence[SearchEntry]) -> None:
    """Insert or replace entries in one statement. The caller keeps other writers of the index away."""
    if entries:
        SearchEntry.objects.bulk_create(
            entries, update_conflicts=True, unique_fields=["record_id"], update_fields=_WRITTEN
        )
