"""Compiled shapes: a field with its type and columns, an object with its model, a path through lookups."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.field_types.base import FieldType

MAX_HOPS = 5
SECOND = "second"  # the relation from a record model to the model of its second table


class UnknownField(ValidationFailed):
    """A field name or path that does not exist, or that the caller may not know: one answer for both."""

    code = "unknown_field"

    def __init__(self, path: str) -> None:
        super().__init__([FieldError(path, "unknown_field", _("Unknown field: %(path)s") % {"path": path[:120]})])


class UnknownObject(NotFound):
    """A business object that does not exist, or that the caller may not know."""

    message = _("There is no such object.")


@dataclass(frozen=True)
class CompiledColumn:
    """A physical column: `attr` reads and writes the value on a record, `expression` names it in the ORM."""

    suffix: str
    attr: str
    expression: str
    column: str
    references: str | None = None
    is_internal: bool = False


NO_COLUMN = CompiledColumn("", "", "", "", None)  # the main one of a field that has none


class NotStored(LookupError):
    """A virtual field was read off an instance, which has no value of it: always a defect, never data."""


@dataclass(frozen=True, eq=False)
class CompiledField:
    """A field: `type` is that of its values, `definition` the one it was made with (they differ for formulas)."""

    spec: FieldSpec
    type: FieldType
    columns: tuple[CompiledColumn, ...]
    definition: FieldType

    @property
    def name(self) -> str:
        return self.spec.api_name

    @cached_property
    def is_virtual(self) -> bool:
        """Whether the field has no columns: its value is worked out whenever it is read, by queries alone."""
        return self.definition.is_virtual(self.spec)

    @cached_property
    def main(self) -> CompiledColumn:
        return NO_COLUMN if self.is_virtual else self.columns[0]

    @property
    def is_second(self) -> bool:
        """Whether the field lives in its object's second table."""
        return self.spec.part == 1

    @property
    def path(self) -> str:
        """The field's name in ORM lookups that start at the record model."""
        return f"{SECOND}__{self.attr}" if self.is_second else self.attr

    @property
    def attr(self) -> str:
        """The name for F() and lookups: a foreign key's own name where the field is a reference."""
        return self.main.expression

    @cached_property
    def is_read_only(self) -> bool:
        """Tell whether no caller writes it: kept by the platform, or computed."""
        return self.spec.is_read_only or self.definition.is_fixed(self.spec)

    def column(self, suffix: str) -> CompiledColumn:
        return next(item for item in self.columns if item.suffix == suffix)

    @cached_property
    def plain_attr(self) -> str:
        """The attribute that is the value as it stands; empty where the type makes the value of its columns."""
        is_plain = type(self.type).from_columns is FieldType.from_columns
        return next((column.attr for column in self.columns if is_plain and not column.suffix), "")

    def value_of(self, record: models.Model) -> Any:
        """Return the field's value on a record instance; those of virtual fields are read by queries."""
        if self.plain_attr:
            return getattr(record, self.plain_attr)
        if self.is_virtual:
            raise NotStored(self.name)
        return self.type.from_columns(self.spec, {c.suffix: getattr(record, c.attr) for c in self.columns})


@dataclass(frozen=True, eq=False)
class ResolvedPath:
    """`account.industry` → hops (the lookup fields stepped through) and the field at the end."""

    path: str
    hops: tuple[CompiledField, ...]
    objects: tuple[CompiledObject, ...]  # the objects reached by the hops
    field: CompiledField

    @property
    def expression(self) -> str:
        """The path in the ORM's spelling."""
        return "__".join([*(hop.attr for hop in self.hops), self.field.path])


class PlanCache(OrderedDict[Any, Any]):
    """A small least-recently-used map of compiled SQL; it lives and dies with its snapshot."""

    limit = 500

    def fetch(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return the plan under `key`, making it when it is new."""
        plan = self.get(key)
        if plan is None:
            plan = make()
            self[key] = plan
            while len(self) > self.limit:
                self.popitem(last=False)
        else:
            try:
                self.move_to_end(key)
            except KeyError:  # another thread dropped it in between; the plan is good all the same
                self[key] = plan
        return plan


@dataclass(frozen=True, eq=False)
class SecondTable:
    """The one-to-one table of an object whose record table is full: a row is there once a value is."""

    model: type[models.Model]
    table: str


@dataclass(frozen=True, eq=False)
class CompiledObject:
    """An object with its record model. `target` finds the object behind a reference (lookups, users)."""

    spec: ObjectSpec
    model: type[models.Model]
    table: str
    fields: Mapping[str, CompiledField]
    target: Callable[[str], CompiledObject] = field(repr=False)
    is_business_object: bool = True
    second: SecondTable | None = None
    successors: Mapping[str, CompiledField] = field(default_factory=dict)  # by the name of the field to replace
    former: Mapping[int, CompiledField] = field(default_factory=dict)  # replaced ones by id: they read histories
    plans: PlanCache = field(default_factory=PlanCache, repr=False)

    @property
    def name(self) -> str:
        return self.spec.api_name

    @property
    def name_field(self) -> CompiledField:
        return self.fields[self.spec.name_field]

    def __iter__(self) -> Iterator[CompiledField]:
        return iter(self.fields.values())

    def field(self, api_name: str) -> CompiledField:
        """Return the field; raises UnknownField."""
        try:
            return self.fields[api_name]
        except (KeyError, TypeError):
            raise UnknownField(str(api_name)) from None

    def field_by_id(self, field_id: int) -> CompiledField | None:
        spec = self.spec.field_by_id.get(field_id)
        return self.fields[spec.api_name] if spec else None

    def model_of(self, compiled: CompiledField) -> type[models.Model]:
        """Return the model that has the field's columns: the record model, or that of the second table."""
        return self.second.model if self.second is not None and compiled.is_second else self.model

    def lookup(self, path_name: str) -> CompiledField | None:
        """Return the single-target lookup field that `path_name` steps through, if there is one."""
        spec = self.spec.path_map.get(path_name)
        found = self.fields.get(spec.api_name) if spec else None
        return found if found and found.main.references else None

    def resolve(self, path: str) -> ResolvedPath:
        """Walk a path such as `account.owner.name`; raises UnknownField for any step that does not exist."""
        *steps, last = path.split(".")
        if len(steps) > MAX_HOPS:
            raise UnknownField(path)
        here, hops, objects = self, [], []
        for step in steps:
            hop = here.lookup(step)
            if hop is None:
                raise UnknownField(path)
            here = self.target(str(hop.main.references))
            hops.append(hop)
            objects.append(here)
        if last not in here.fields:
            raise UnknownField(path)
        return ResolvedPath(path, tuple(hops), tuple(objects), here.fields[last])
