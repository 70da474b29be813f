"""Trees of records: circles refused before a write, paths of what has moved brought up to date after it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.services import JobContext, enqueue, register_job
from crm_platform.kit.db import advisory_xact_lock
from crm_platform.kit.errors import FieldError
from crm_platform.kit.sqlnames import column_name, quote, table_name
from metadata import hooks
from metadata.compiler.compiled import CompiledField
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec, SchemaSpec
from metadata.field_types.hierarchy import PATH, HierarchyType
from metadata.field_types.values import Reference
from objects.records.drafts import Batch, Draft

KIND = "records.place_in_tree"
MAX_DEPTH = 50
MOVED_AT_ONCE = 5_000  # records below what moves; more are brought up to date by a job

Parents = Mapping[uuid.UUID, uuid.UUID | None]


def refuse_circles(batch: Batch) -> None:
    """Refuse to put a record below itself, also together with other moves of the batch or of other transactions.

    Whoever moves waits for whoever moves in the same tree; new records only wait for moves.
    """
    for field in _trees(batch):
        drafts = [draft for draft in batch.open if isinstance(draft.values.get(field.name), Reference)]
        if not drafts:
            continue
        advisory_xact_lock("tree", field.spec.id, shared=batch.is_create)
        moved = {draft.id: draft.values[field.name] for draft in batch.open if draft.id and field.name in draft.values}
        parents = {record_id: head.id if head else None for record_id, head in moved.items()}
        above = {**_chains(batch.object.spec, field.spec, [head for head in parents.values() if head]), **parents}
        for draft in drafts:
            chain = list(_upwards(draft.id, above))
            if draft.id in chain[1:]:
                draft.error(field.name, "invalid_reference", _("A record can't be below itself."))
            elif len(chain) > MAX_DEPTH:
                message = _("At most %(max)d levels.") % {"max": MAX_DEPTH}
                draft.error(field.name, "out_of_range", message, max=MAX_DEPTH)


def place_in_trees(batch: Batch) -> None:
    """Write the paths of the records that were created below others or moved, and of everything below them."""
    for field in _trees(batch):
        moved = [draft for draft in batch.sound if _is_moved(draft, field)]
        ids = [draft.id for draft in moved if draft.id is not None]
        if not ids:
            continue
        above = _chains(batch.object.spec, field.spec, ids)
        roots = [item for item in ids if not set(list(_upwards(item, above))[1:]) & set(ids)]
        if not batch.is_create and _is_large(batch.object.spec, field.spec, roots):
            args = {"object": batch.object.name, "field": field.name, "roots": [str(item) for item in roots]}
            enqueue(KIND, args, label=f"{batch.object.name}.{field.name}")
            rebuild(batch.object.spec, field.spec, roots, is_deep=False)
        else:
            rebuild(batch.object.spec, field.spec, roots)


def rebuild(spec: ObjectSpec, field: FieldSpec, roots: Sequence[uuid.UUID], *, is_deep: bool = True) -> None:
    """Work the paths of these records out anew from those of their parents and, unless told not to, all below."""
    table, parent, path = _names(spec, field)
    below = f" UNION ALL SELECT c.id, COALESCE(t.path, '{{}}') || t.id FROM {table} c JOIN tree t ON c.{parent} = t.id"  # noqa: S608
    sql = (
        f"WITH RECURSIVE tree(id, path) AS (SELECT r.id, CASE WHEN p.id IS NOT NULL"  # noqa: S608 (physical names only)
        f" THEN COALESCE(p.{path}, '{{}}') || p.id END FROM {table} r LEFT JOIN {table} p ON p.id = r.{parent}"
        f" WHERE r.id = ANY(%s){below if is_deep else ''})"
        f" UPDATE {table} o SET {path} = tree.path FROM tree"
        f" WHERE o.id = tree.id AND o.{path} IS DISTINCT FROM tree.path"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(roots)])


def uproot(spec: ObjectSpec, ids: Sequence[uuid.UUID]) -> None:
    """Make roots of those that were below purged records; the database has emptied their parent already."""
    for field in spec.business_fields:
        if field.type != HierarchyType.key:
            continue
        table, parent, path = _names(spec, field)
        with connection.cursor() as cursor:
            sql = f"SELECT id FROM {table} WHERE {path} && %s::uuid[] AND {parent} IS NULL"  # noqa: S608
            cursor.execute(sql, [list(ids)])
            roots = [row[0] for row in cursor.fetchall()]
        if roots:
            rebuild(spec, field, roots)


def place_by_job(job: JobContext) -> dict[str, Any]:
    """Bring the paths of a large branch up to date; it is done again from the start when it was interrupted."""
    spec = current_snapshot().object(job.args["object"]).spec
    field = spec.field_map.get(job.args["field"])
    if field is None:
        return {}
    with transaction.atomic():
        advisory_xact_lock("tree", field.id)
        rebuild(spec, field, [uuid.UUID(item) for item in job.args["roots"]])
    return {"roots": len(job.args["roots"])}


def tree_errors(schema: SchemaSpec, changed: Sequence[ObjectSpec]) -> list[FieldError]:
    """Return what is wrong with hierarchical lookups in the changed objects: they lead to another object."""
    message = _("A hierarchical lookup points at its own object.")
    fields = [(spec, field) for spec in changed for field in spec.business_fields if field.type == HierarchyType.key]
    wrong = [field for spec, field in fields if field.settings.get("target") != spec.api_name]
    return [FieldError("settings.target", "invalid_reference", message) for _field in wrong]


def register() -> None:
    """Register the job and the check of the data model, from AppConfig.ready()."""
    hooks.shape_checks.append(tree_errors)
    register_job(KIND, place_by_job, _("Place records in their tree"))


def _trees(batch: Batch) -> list[CompiledField]:
    return [field for field in batch.table.references if isinstance(field.type, HierarchyType)]


def _is_moved(draft: Draft, field: CompiledField) -> bool:
    """Tell whether the draft gave the record another place: a new record only has one when it is below another."""
    return field.name in draft.changes if draft.record is not None else bool(draft.values.get(field.name))


def _names(spec: ObjectSpec, field: FieldSpec) -> tuple[str, str, str]:
    return quote(table_name(spec.id)), quote(column_name(field.id)), quote(column_name(field.id, PATH))


def _chains(spec: ObjectSpec, field: FieldSpec, starts: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID | None]:
    """Return the parent of each of these records and of everything above them, as the table has it."""
    table, parent, _path = _names(spec, field)
    sql = (
        f"WITH RECURSIVE up(id, parent) AS (SELECT id, {parent} FROM {table} WHERE id = ANY(%s)"  # noqa: S608
        f" UNION SELECT t.id, t.{parent} FROM {table} t JOIN up ON t.id = up.parent) SELECT id, parent FROM up"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(starts)])
        return dict(cursor.fetchall())


def _upwards(start: uuid.UUID | None, above: Parents) -> Iterator[uuid.UUID]:
    """Yield a record and what is above it; where that is a circle, it ends with the first that comes again."""
    seen: set[uuid.UUID] = set()
    while start is not None:
        yield start
        if start in seen:
            return
        seen.add(start)
        start = above.get(start)


def _is_large(spec: ObjectSpec, field: FieldSpec, roots: Collection[uuid.UUID]) -> bool:
    table, _parent, path = _names(spec, field)
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {path} && %s::uuid[] LIMIT %s) c"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(roots), MOVED_AT_ONCE + 1])
        return int(cursor.fetchone()[0]) > MOVED_AT_ONCE
