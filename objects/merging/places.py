"""Where records point at others: every lookup, polymorphic lookup and list of references in the data model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_platform.kit.sqlnames import column_name, quote, table_name
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.ddl.layout import part_table
from metadata.field_types import field_types

KEY, LIST = "key", "list"


@dataclass(frozen=True)
class Place:
    """A field of the object `child` that may point at records of some object.

    `kind` is KEY where the column holds one id (no two records have the same, of whatever object), else LIST.
    """

    child: ObjectSpec
    field: FieldSpec
    kind: str

    @property
    def table(self) -> str:
        """The table that holds the field, quoted."""
        return quote(part_table(self.child, self.field.part))

    @property
    def main_table(self) -> str:
        return quote(table_name(self.child.id))

    @property
    def column(self) -> str:
        return quote(column_name(self.field.id, ""))

    @property
    def said_column(self) -> str | None:
        """Of a list: the column with what is said about each reference, if there is one."""
        columns = field_types.get(self.field.type).columns(self.field)
        return quote(column_name(self.field.id, columns[1].suffix)) if len(columns) > 1 else None


def places(snapshot: SchemaSnapshot, object_name: str) -> tuple[Place, ...]:
    """Return the fields that may point at records of an object; worked out once per snapshot."""
    found: Mapping[str, tuple[Place, ...]] | None = snapshot.memo.get("merging.places")
    if found is None:
        by_target: dict[str, tuple[Place, ...]] = {}
        for spec in snapshot.objects():
            for field in spec.business_fields:
                kind, targets = _reach(field)
                for target in targets:
                    by_target[target] = (*by_target.get(target, ()), Place(spec, field, kind))
        found = snapshot.memo["merging.places"] = by_target
    return found.get(object_name, ())


def _reach(field: FieldSpec) -> tuple[str, tuple[str, ...]]:
    """Return how a field points, and at which objects; at none when it is no reference."""
    field_type = field_types.get(field.type)
    if field_type.is_reference_list:
        return LIST, tuple(field_type.targets(field))
    if field.type == "poly_lookup":
        return KEY, tuple(field.settings.get("targets", ()))
    references = (column.references for column in field_type.columns(field))
    return KEY, tuple(name for name in references if name)
