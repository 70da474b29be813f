"""The names that an expression may use: fields by API path, through lookups, and what begins with $."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import Message
from metadata.compiler.compile import SHARED_TARGETS
from metadata.compiler.shared_targets import shared_target_spec
from metadata.compiler.spec import FieldSpec, ObjectSpec, SchemaSpec
from metadata.expressions.errors import closest, filled
from metadata.expressions.limits import MAX_HOPS
from metadata.expressions.types import ValueType
from metadata.field_types import field_types

RECORD, OLD, OUTER, GLOBAL, ITEM = "record", "old", "outer", "global", "item"
CONSTANTS: Mapping[str, Mapping[str, ValueType]] = {
    "$Org": {name: ValueType.TEXT for name in ("name", "base_currency", "time_zone", "language")},
    "$Role": {name: ValueType.TEXT for name in ("name", "api_name")},
}
_OBJECTS = {"$User": "user", "$Dept": "department"}
_ELEMENTS = {ValueType.CHOICES: ValueType.TEXT, ValueType.REFERENCES: ValueType.REFERENCE}


class HasSpec(Protocol):
    @property
    def spec(self) -> SchemaSpec: ...


@dataclass(frozen=True)
class ResolvedName:
    """What a name stands for.

    `kind` says where its value comes from: the record, its prior state ("old"), the record outside a related
    function ("outer"), the surroundings ("global") or the member of a list ("item"). `path` is the canonical
    API path there. `hops` are the lookups stepped through, `objects` the object of every step, the first one included.
    """

    kind: str
    path: str
    type: ValueType
    element: ValueType | None = None
    field: FieldSpec | None = None
    hops: tuple[FieldSpec, ...] = ()
    objects: tuple[str, ...] = ()

    @property
    def nullable(self) -> bool:
        """Tell whether the value may be blank: only a field of the record itself may be sure to have one."""
        return bool(self.hops) or self.field is None or not field_types.get(self.field.type).always_required


class UnknownName(LookupError):
    """A step of a path that does not exist: its number, and what was perhaps meant."""

    def __init__(self, message: Message, step: int, suggestion: str = "", **params: Any) -> None:
        self.message, self.step, self.suggestion = filled(message, params), step, suggestion
        super().__init__(str(message))


@dataclass(frozen=True, eq=False)
class Scope:
    """The names inside one object. Equal keys mean equal names: `key` is part of what compiled expressions are kept by.

    `outer` is the scope around a related function's filter; `item` the type of `$Item` inside FILTER and MAP.
    """

    spec: SchemaSpec
    object_name: str
    key: Any
    outer: Scope | None = None
    item: ValueType | None = None

    @cached_property
    def memo(self) -> dict[Any, Any]:
        """Expressions compiled in this scope."""
        return {}

    def object(self, name: str) -> ObjectSpec | None:
        """Return an object's spec, users and departments included."""
        return shared_target_spec(name) if name in SHARED_TARGETS else self.spec.object_map.get(name)

    def resolve(self, text: str) -> ResolvedName:
        """Return what a name stands for; raises UnknownName."""
        if not text.startswith("$"):
            return self._walk(self.object_name, text.split("."), 0)
        first, _dot, rest = text.partition(".")
        prefix = _spelled(first)
        steps = rest.split(".") if rest else []
        if prefix == "$Now" and not steps:
            return ResolvedName(GLOBAL, "$Now", ValueType.DATETIME)
        if prefix == "$Item" and not steps and self.item:
            return ResolvedName(ITEM, "$Item", self.item)
        if not steps:
            raise _unknown_prefix(prefix, first)
        if prefix in ("$Record", "$Old"):
            return self._of_record(prefix, steps)
        if prefix in _OBJECTS:
            found = self._walk(_OBJECTS[prefix], steps, 1)
            return replace(found, kind=GLOBAL, path=f"{prefix}.{found.path}")
        return _constant(prefix, first, rest)

    def _of_record(self, prefix: str, steps: list[str]) -> ResolvedName:
        if prefix == "$Record" and self.outer:
            found = self.outer._walk(self.outer.object_name, steps, 1)
            return replace(found, kind=OUTER)
        found = self._walk(self.object_name, steps, 1)
        return replace(found, kind=OLD) if prefix == "$Old" else found

    def _walk(self, start: str, steps: list[str], offset: int) -> ResolvedName:
        *hops, last = steps
        if len(hops) > MAX_HOPS:
            raise UnknownName(_("A path steps through at most %(max)d lookups."), offset + MAX_HOPS, max=MAX_HOPS)
        here, fields, objects = self.object(start), [], [start]
        for number, step in enumerate(hops):
            field = here and lookup_field(here, step)
            if not here or not field:
                raise _unknown_step(here, step, offset + number)
            fields.append(field)
            objects.append(str(lookup_target(field)))
            here = self.object(objects[-1])
        field = here and (here.field_map.get(last) or here.path_map.get(last))
        if not here or not field:
            raise _unknown_field(here, last, offset + len(hops))
        if not can_be_read(field):
            raise UnknownName(_unreadable(field), offset + len(hops))
        path = ".".join([*(field.path_name for field in fields), field.api_name])
        kind = value_type(field)
        return ResolvedName(RECORD, path, kind, _ELEMENTS.get(kind), field, tuple(fields), tuple(objects))

    def names(self) -> Iterator[tuple[str, ValueType, FieldSpec]]:
        """Yield what can stand directly: every field of the object with its type (for completion)."""
        spec = self.object(self.object_name)
        for field in spec.fields if spec else ():
            if can_be_read(field):
                yield field.api_name, value_type(field), field


def scope_of(source: SchemaSpec | HasSpec, object_name: str) -> Scope:
    """Return the scope of one object of a snapshot (or of a bare spec); raises LookupError for no such object.

    A snapshot keeps its scopes, and with them all expressions compiled in them.
    """
    spec = source if isinstance(source, SchemaSpec) else source.spec
    if object_name not in spec.object_map and object_name not in SHARED_TARGETS:
        raise LookupError(object_name)
    memo: dict[Any, Any] = getattr(source, "memo", {})
    key = ("expressions.scope", object_name)
    if key not in memo:
        version = (getattr(source, "schema_name", ""), getattr(source, "version", id(spec)))
        memo[key] = Scope(spec, object_name, (*version, object_name))
    scope: Scope = memo[key]
    return scope


def value_type(field: FieldSpec) -> ValueType:
    """Return the type of a field's values in expressions; computed fields have that of what they return.

    Fields that expressions can't read take texts, as those of a default.
    """
    return ValueType(field_types.get(field.type).behaves_as(field).expression_type or ValueType.TEXT)


def can_be_read(field: FieldSpec) -> bool:
    """Tell whether the field's values have a type of the language, and are there when an expression needs them."""
    field_type = field_types.get(field.type)
    return bool(field_type.behaves_as(field).expression_type) and not field_type.is_virtual(field)


def _unreadable(field: FieldSpec) -> Message:
    if field_types.get(field.type).is_virtual(field):
        return _("This formula is not stored, so that expressions can't read it. Store it, or repeat its text here.")
    return _("Expressions can't read fields of this type.")


def lookup_target(field: FieldSpec) -> str | None:
    """Return what a lookup points at, None when it is no lookup of one object."""
    columns = field_types.get(field.type).columns(field)
    return columns[0].references if columns else None


def lookup_field(spec: ObjectSpec, step: str) -> FieldSpec | None:
    """Return the lookup that `step` goes through (`account` → the field `account_id`)."""
    field = spec.path_map.get(step)
    return field if field and lookup_target(field) else None


_PREFIXES = ("$User", "$Org", "$Role", "$Dept", "$Record", "$Old", "$Now")


def _spelled(prefix: str) -> str:
    return next((known for known in (*_PREFIXES, "$Item") if known.lower() == prefix.lower()), prefix)


def _unknown_prefix(prefix: str, written: str) -> UnknownName:
    if prefix in _PREFIXES:
        return UnknownName(_("Write a name after %(prefix)s and a dot."), 0, prefix, prefix=prefix)
    return UnknownName(_("There is no “%(name)s”."), 0, closest(written, _PREFIXES), name=written)


def _constant(prefix: str, first: str, rest: str) -> ResolvedName:
    if prefix not in CONSTANTS:
        raise _unknown_prefix(prefix, first)
    if rest not in CONSTANTS[prefix]:
        message = _("%(prefix)s has no “%(name)s”.")
        raise UnknownName(message, 1, closest(rest, CONSTANTS[prefix]), prefix=prefix, name=rest)
    return ResolvedName(GLOBAL, f"{prefix}.{rest}", CONSTANTS[prefix][rest])


def _unknown_step(spec: ObjectSpec | None, step: str, number: int) -> UnknownName:
    lookups = [name for name, field in spec.path_map.items() if lookup_target(field)] if spec else []
    field = spec.field_map.get(step) if spec else None
    is_itself = field and lookup_target(field)  # account_id.name, where account.name is meant
    suggestion = field.path_name if field and is_itself else closest(step, lookups)
    return UnknownName(_("“%(name)s” is no lookup to step through."), number, suggestion, name=step)


def _unknown_field(spec: ObjectSpec | None, name: str, number: int) -> UnknownName:
    suggestion = closest(name, spec.field_map) if spec else ""
    return UnknownName(_("There is no field “%(name)s”."), number, suggestion, name=name)
