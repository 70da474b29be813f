"""Which records belong together when one of them goes: what is deleted along, and what forbids it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from crm_platform.kit.sqlnames import column_name, quote, table_name
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import ObjectSpec
from metadata.field_types import field_types
from objects.records.locking import FOR_DELETE

CASCADE, RESTRICT = "CASCADE", "RESTRICT"

# Ids by the object's id, those that were chosen first and their children after them.
Family = dict[int, list[uuid.UUID]]


@dataclass(frozen=True)
class Link:
    """A foreign key from `child` to `parent`, and what becomes of the child when the parent goes."""

    child: ObjectSpec
    parent: ObjectSpec
    column: str
    on_delete: str

    @property
    def table(self) -> str:
        return quote(table_name(self.child.id))


def links(snapshot: SchemaSnapshot) -> Mapping[int, tuple[Link, ...]]:
    """Return the links that lead to each object, by its id; worked out once per snapshot."""
    found: Mapping[int, tuple[Link, ...]] | None = snapshot.memo.get("records.links")
    if found is None:
        by_parent: dict[int, tuple[Link, ...]] = defaultdict(tuple)
        for spec in snapshot.objects():
            for link in links_of(snapshot, spec):
                by_parent[link.parent.id] += (link,)
        found = snapshot.memo["records.links"] = dict(by_parent)
    return found


def links_of(snapshot: SchemaSnapshot, spec: ObjectSpec) -> list[Link]:
    """Return the links that lead from an object to others."""
    targets = snapshot.spec.object_map
    return [
        Link(spec, targets[column.references], quote(column_name(field.id, column.suffix)), column.on_delete)
        for field in spec.business_fields
        for column in field_types.get(field.type).columns(field)
        if column.references is not None and column.references in targets
    ]


def collect(
    snapshot: SchemaSnapshot, spec: ObjectSpec, ids: Sequence[uuid.UUID], *, in_trash: bool = False, lock: bool = True
) -> Family:
    """Return the given records and, level by level, those that go with them, locked unless it is only to show.

    Live ones for a deletion; for a purge those in the trash, whenever they came there. Nobody's rights are
    asked: that they go along is a rule of the data model.
    """
    family: Family = {spec.id: list(ids)}
    level = [(spec.id, list(ids))]
    while level:
        parent_id, parents = level.pop(0)
        for link in links(snapshot).get(parent_id, ()):
            if link.on_delete == CASCADE:
                known = set(family.get(link.child.id, ()))
                fresh = [item for item in _children(link, parents, in_trash, lock) if item not in known]
                if fresh:
                    family.setdefault(link.child.id, []).extend(fresh)
                    level.append((link.child.id, fresh))
    return family


def forbidding(snapshot: SchemaSnapshot, family: Family) -> Link | None:
    """Return a link by which live records outside the family hold on to it, None when there is none."""
    for parent_id, parents in family.items():
        for link in links(snapshot).get(parent_id, ()):
            if link.on_delete == RESTRICT and _has_others(link, parents, family.get(link.child.id, [])):
                return link
    return None


def _children(link: Link, parents: Sequence[uuid.UUID], in_trash: bool, lock: bool) -> list[uuid.UUID]:
    state, strength = "IS NOT NULL" if in_trash else "IS NULL", FOR_DELETE if lock else ""
    sql = (
        f"SELECT id FROM {link.table} WHERE {link.column} = ANY(%s) AND deleted_at {state}"  # noqa: S608
        f" ORDER BY id {strength}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(parents)])
        return [row[0] for row in cursor.fetchall()]


def _has_others(link: Link, parents: Sequence[uuid.UUID], family: Sequence[uuid.UUID]) -> bool:
    sql = (
        f"SELECT EXISTS (SELECT 1 FROM {link.table} WHERE {link.column} = ANY(%s)"  # noqa: S608
        " AND deleted_at IS NULL AND id <> ALL(%s::uuid[]))"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(parents), list(family)])
        return bool(cursor.fetchone()[0])
