"""Formulas that read other records: which of them depend on a change, and what is left for the job to do."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from crm_platform.jobs.services import enqueue
from crm_platform.kit.json import dumps
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.expression_uses import has_formulas
from objects.records.programs import programs

RECALCULATE = "records.recalculate"
_ADD = """
    INSERT INTO objects_recalculation (object_id, via, source_id)
    SELECT %s, %s::jsonb, source FROM unnest(%s::uuid[]) source
    ON CONFLICT (object_id, via, source_id) DO UPDATE SET after = NULL
"""


@dataclass(frozen=True, eq=False)
class Dependent:
    """Records of `target` have formulas that read `field` of the records to which the lookups `via` lead."""

    target: CompiledObject
    via: tuple[CompiledField, ...]
    field: str


def dependents(snapshot: SchemaSnapshot, object_name: str) -> tuple[Dependent, ...]:
    """Return what depends on an object's records, worked out once per version of the data model."""
    found: Mapping[str, tuple[Dependent, ...]] | None = snapshot.memo.get("records.dependents")
    if found is None:
        found = snapshot.memo["records.dependents"] = _all(snapshot)
    return found.get(object_name, ())


def request_recalculation(
    snapshot: SchemaSnapshot, obj: CompiledObject, changed: Mapping[uuid.UUID, Iterable[str]]
) -> None:
    """Leave a note for each changed record that others' formulas read, in the transaction of the change."""
    requested = False
    seen: set[tuple[int, tuple[int, ...]]] = set()
    for item in dependents(snapshot, obj.name):
        key = (item.target.spec.id, tuple(hop.spec.id for hop in item.via))
        sources = [record for record, names in changed.items() if item.field in names]
        if not sources or (key in seen and len(sources) == len(changed)):
            continue
        seen.add(key)
        with connection.cursor() as cursor:
            cursor.execute(_ADD, [key[0], dumps(list(key[1])).decode(), sorted(sources)])
        requested = True
    if requested:
        enqueue(RECALCULATE, {}, dedupe_key=RECALCULATE)


def _all(snapshot: SchemaSnapshot) -> dict[str, tuple[Dependent, ...]]:
    found: dict[str, dict[tuple[int, tuple[int, ...], str], Dependent]] = {}
    for spec in snapshot.objects():
        if not has_formulas(spec):
            continue
        obj = snapshot.object(spec.api_name)
        for program in programs(snapshot, obj).formulas:
            for path in program.expression.paths:
                for source, item in _steps(obj, path):
                    key = (spec.id, tuple(hop.spec.id for hop in item.via), item.field)
                    found.setdefault(source, {})[key] = item
    return {name: tuple(items.values()) for name, items in found.items()}


def _steps(obj: CompiledObject, path: str) -> Iterable[tuple[str, Dependent]]:
    """Yield what a path reads at each of its steps beyond the record itself."""
    if "." not in path:
        return
    resolved = obj.resolve(path)
    read = [*(hop.name for hop in resolved.hops[1:]), resolved.field.name]
    for number, (reached, name) in enumerate(zip(resolved.objects, read, strict=True), start=1):
        yield reached.name, Dependent(obj, resolved.hops[:number], name)
