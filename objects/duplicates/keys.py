"""Keeping the keys of records, in the transaction that writes them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import connection

from crm_platform.kit.db import lock_key
from crm_platform.tenancy.context import schema_name
from objects.duplicates.models import DuplicateKey
from objects.duplicates.plan import Keys, ObjectPlan, Source, probe

ROWS_PER_STATEMENT = 2_000
BUCKETS = 2_048  # of locks: an import takes all of them rather than one for each of its keys


def insert_keys(object_id: int, keys: Mapping[uuid.UUID, Keys], *, origin: uuid.UUID | None = None) -> None:
    """Add the keys of records."""
    rows = [
        (object_id, text, source.id, source.code, key, origin)
        for text, found in ((str(record_id), found) for record_id, found in keys.items())
        for source, texts in found.items()
        for key in texts
    ]
    row = "(%s, %s::uuid, %s, %s, %s, %s::uuid)"
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        chunk = rows[start : start + ROWS_PER_STATEMENT]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO objects_duplicatekey (object_id, record_id, source, method, key, origin)"  # noqa: S608
                f" VALUES {', '.join([row] * len(chunk))}",
                [value for item in chunk for value in item],
            )


def replace_keys(object_id: int, keys: Mapping[uuid.UUID, Keys]) -> None:
    """Make the keys of records those given, leaving what came from records that were merged into them."""
    DuplicateKey.objects.filter(record_id__in=list(keys), origin=None).delete()
    insert_keys(object_id, keys)


def delete_keys(record_ids: Collection[uuid.UUID]) -> None:
    """Remove all keys of records that are gone for good."""
    DuplicateKey.objects.filter(record_id__in=list(record_ids)).delete()


def take_locks(plan: ObjectPlan, records: Iterable[Keys]) -> None:
    """Keep everybody else from writing records that blocking rules would find to be the same, until the end.

    Others who write a record with one of these keys wait here, and see ours when they look. Names that are
    only alike have no key in common, so that their rule has one lock for all.
    """
    names: set[str] = set()
    for keys in records:
        for comparison, sources, rule in plan.guarded:
            found = probe(comparison, keys, sources)
            if found and comparison.is_fuzzy:
                names.add(rule)
            else:
                names.update(f"{comparison.code}:{key}" for key in found)
    if not names:
        return
    buckets = sorted({lock_key(name) % BUCKETS for name in names})
    locks = sorted(lock_key(schema_name(), "duplicates", bucket) for bucket in buckets)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(pg_advisory_xact_lock(k)) FROM unnest(%s::bigint[]) AS k", [locks])


def sources_of(plan: ObjectPlan, names: Collection[str]) -> Sequence[Source]:
    """Return the sources that read any of some fields."""
    return [source for source in plan.sources if not set(source.fields).isdisjoint(names)]
