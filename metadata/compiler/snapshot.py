"""`SchemaSnapshot`: one organisation's data model at one version, compiled on demand, immutable."""

from __future__ import annotations

import threading
from typing import Any

from crm_platform.kit.sqlnames import second_table_name, table_name
from crm_platform.tenancy.context import schema_name
from metadata.compiler.compile import SHARED_TARGETS, compile_field, compile_model, compile_second
from metadata.compiler.compiled import CompiledObject, SecondTable, UnknownObject
from metadata.compiler.registry import SchemaApps
from metadata.compiler.shared_targets import compile_shared_target
from metadata.compiler.spec import ObjectSpec, SchemaSpec
from metadata.field_types import field_types


class SnapshotMismatch(RuntimeError):
    """A snapshot of one organisation was about to be used inside another: always a defect, never data."""


class SchemaSnapshot:
    """The compiled shapes of `schema_name` at `version`.

    Objects are compiled when they are first asked for, each together with everything that its lookups reach,
    under a process lock that is never held across database work. `memo` keeps what others derive from this
    version (FilterSets, JSON schemas), so that it goes when the snapshot goes.
    """

    def __init__(self, schema_name: str, version: int, spec: SchemaSpec) -> None:
        self.schema_name = schema_name
        self.version = version
        self.spec = spec
        self.memo: dict[Any, Any] = {}
        self._apps = SchemaApps()
        self._objects: dict[str, CompiledObject] = {}
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<SchemaSnapshot {self.schema_name} v{self.version}>"

    def __reduce__(self) -> Any:
        raise TypeError("snapshots are never pickled; cache specs instead")

    def objects(self) -> tuple[ObjectSpec, ...]:
        """Return every object's spec, in the organisation's order."""
        return self.spec.objects

    def object(self, api_name: str) -> CompiledObject:
        """Return a compiled business object; raises UnknownObject, or SnapshotMismatch in a foreign schema."""
        self._guard()
        found = self._objects.get(api_name)
        if found is not None and found.is_business_object:
            return found
        if api_name not in self.spec.object_map:
            raise UnknownObject
        return self._compile(api_name)

    def object_by_id(self, object_id: int) -> CompiledObject:
        """Return a compiled business object by its stable id; raises UnknownObject."""
        spec = self.spec.object_by_id.get(object_id)
        if spec is None:
            raise UnknownObject
        return self.object(spec.api_name)

    def target(self, name: str) -> CompiledObject:
        """Return what a reference points at: a business object, or "user" and "department"."""
        if name not in SHARED_TARGETS:
            return self.object(name)
        self._guard()
        if name not in self._objects:
            self._objects[name] = compile_shared_target(name, self.target)
        return self._objects[name]

    def _guard(self) -> None:
        inside = schema_name()
        if inside != self.schema_name:
            raise SnapshotMismatch(f"{self!r} used inside {inside!r}")

    def _compile(self, api_name: str) -> CompiledObject:
        with self._lock:
            if api_name in self._objects:
                return self._objects[api_name]
            made = {name: self._compile_one(self.spec.object_map[name]) for name in self._closure(api_name)}
            self._apps.seal()
            self._objects.update(made)
            return made[api_name]

    def _compile_one(self, spec: ObjectSpec) -> CompiledObject:
        model = compile_model(self.spec, spec, self._apps)
        more = compile_second(self.spec, spec, self._apps)
        second = SecondTable(more, second_table_name(spec.id)) if more else None
        fields = {item.api_name: compile_field(item) for item in spec.fields}
        names = {item.id: item.api_name for item in spec.business_fields}
        successors = {names[item.partner]: compile_field(item.field) for item in spec.successors}
        former = {item.field.id: compile_field(item.field) for item in spec.former if item.field.type in field_types}
        compiled = CompiledObject(
            spec,
            model,
            table_name(spec.id),
            fields,
            self.target,
            second=second,
            successors=successors,
            former=former,
        )
        model.compiled = compiled  # type: ignore[attr-defined]
        return compiled

    def _closure(self, api_name: str) -> list[str]:
        """Return the object and every object its lookups reach that is not compiled yet."""
        order, stack = [], [api_name]
        while stack:
            name = stack.pop()
            if name in order or name in self._objects or name in SHARED_TARGETS:
                continue
            order.append(name)
            stack.extend(reference_targets(self.spec.object_map[name]))
        return order


def reference_targets(spec: ObjectSpec) -> list[str]:
    """Return what the foreign keys of an object point at (API names, "user", "department")."""
    columns = (column for field in spec.fields for column in field_types.get(field.type).columns(field))
    return [column.references for column in columns if column.references]
