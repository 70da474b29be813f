"""Taking purged records out of the lists of references that name them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from django.db import connection

from crm_platform.kit.sqlnames import column_name, quote
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.ddl.layout import part_table
from metadata.field_types import field_types

Lists = tuple[tuple[ObjectSpec, FieldSpec], ...]


def unlink(snapshot: SchemaSnapshot, object_name: str, ids: Sequence[uuid.UUID]) -> None:
    """Remove records from every list that names them, one statement per field; a list without any left is empty.

    As with a foreign key that is set to NULL, the records that hold the lists get no new version.
    """
    for spec, field in _lists_of(snapshot).get(object_name, ()):
        with connection.cursor() as cursor:
            cursor.execute(_statement(spec, field), {"ids": list(ids), "texts": [str(item) for item in ids]})


def _lists_of(snapshot: SchemaSnapshot) -> Mapping[str, Lists]:
    """Return the fields with lists of references by what they point at; worked out once per snapshot."""
    found: Mapping[str, Lists] | None = snapshot.memo.get("records.lists")
    if found is None:
        by_target: dict[str, Lists] = {}
        for spec in snapshot.objects():
            for field in spec.business_fields:
                field_type = field_types.get(field.type)
                for target in field_type.targets(field) if field_type.is_reference_list else ():
                    by_target[target] = (*by_target.get(target, ()), (spec, field))
        found = snapshot.memo["records.lists"] = by_target
    return found


def _statement(spec: ObjectSpec, field: FieldSpec) -> str:
    ids, *rest = [quote(column_name(field.id, column.suffix)) for column in field_types.get(field.type).columns(field)]
    said = "".join(f", {name} = {name} - %(texts)s::text[]" for name in rest)
    kept = (
        f"ARRAY(SELECT u.id FROM unnest({ids}) WITH ORDINALITY u(id, place)"  # noqa: S608 (physical names only)
        " WHERE u.id <> ALL(%(ids)s::uuid[]) ORDER BY u.place)"
    )
    table = quote(part_table(spec, field.part))
    return f"UPDATE {table} SET {ids} = NULLIF({kept}, '{{}}'){said} WHERE {ids} && %(ids)s::uuid[]"  # noqa: S608
