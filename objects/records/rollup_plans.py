"""Roll-up summaries as the pipeline needs them: worked out once per version of the data model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.expression_uses import field_uses
from metadata.expressions import Expression
from metadata.field_types.currency import BASE
from metadata.field_types.rollup import COUNT, RollupType
from objects.records.programs import compiled_use


@dataclass(frozen=True, eq=False)
class Rollup:
    """One roll-up: `field` of `parent` summarises `source` over the records of `child` whose `lookup` points there."""

    parent: CompiledObject
    field: CompiledField
    child: CompiledObject
    lookup: CompiledField
    operation: str
    source: CompiledField | None
    filter: Expression | None

    @property
    def value_suffix(self) -> str:
        """The column that is summarised: of amounts the one in the base currency, in which they can be added."""
        assert self.source is not None
        return BASE if any(column.suffix == BASE for column in self.source.columns) else ""

    @property
    def reads(self) -> frozenset[str]:
        """The fields of the child on which the summary depends."""
        names = {self.lookup.name} | (set(self.filter.paths) if self.filter else set())
        if self.source is not None:
            names |= {self.source.name, *self.source.type.derives_from}
        return frozenset(names)


def rollups_over(snapshot: SchemaSnapshot, child: CompiledObject) -> tuple[Rollup, ...]:
    """Return the roll-ups that summarise records of an object."""
    found: Mapping[str, tuple[Rollup, ...]] | None = snapshot.memo.get("records.rollups")
    if found is None:
        found = snapshot.memo["records.rollups"] = _all(snapshot)
    return found.get(child.name, ())


def rollups_of(snapshot: SchemaSnapshot, parent: CompiledObject) -> tuple[Rollup, ...]:
    """Return the roll-up fields of an object."""
    rollups_over(snapshot, parent)
    known: Mapping[str, tuple[Rollup, ...]] = snapshot.memo["records.rollups"]
    return tuple(item for group in known.values() for item in group if item.parent is parent)


def _all(snapshot: SchemaSnapshot) -> dict[str, tuple[Rollup, ...]]:
    found: dict[str, tuple[Rollup, ...]] = {}
    for spec in snapshot.objects():
        if any(item.type == RollupType.key for item in spec.business_fields):
            for rollup in _of_object(snapshot, snapshot.object(spec.api_name)):
                found[rollup.child.name] = (*found.get(rollup.child.name, ()), rollup)
    return found


def _of_object(snapshot: SchemaSnapshot, parent: CompiledObject) -> list[Rollup]:
    found = []
    for field in parent:
        if isinstance(field.definition, RollupType):
            found.append(_rollup(snapshot, parent, field))
    return found


def _rollup(snapshot: SchemaSnapshot, parent: CompiledObject, field: CompiledField) -> Rollup:
    settings: Mapping[str, Any] = field.spec.settings
    child = snapshot.object(str(settings["object"]))
    operation = str(settings["operation"])
    source = None if operation == COUNT else child.field(str(settings["field"]))
    uses = [use for use in field_uses(parent.spec, field.spec) if use.attribute == "settings.filter"]
    condition = compiled_use(snapshot, uses[0]) if uses else None
    return Rollup(parent, field, child, child.field(str(settings["lookup"])), operation, source, condition)
