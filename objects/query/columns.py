"""What a read returns: which columns to select for the asked fields, and how rows become API or typed values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import DateField, DecimalField, UUIDField

from metadata.compiler.compiled import CompiledColumn, CompiledField, CompiledObject, ResolvedPath
from metadata.field_types.base import FieldType
from metadata.field_types.values import Reference
from objects.query.params import Expressions, SqlText
from objects.query.relations import Joins

READY = (DecimalField, UUIDField, DateField)  # text already, or left to the JSON encoder (moments are dates, too)

Row = tuple[Any, ...]
Reader = Callable[[Row], Any]


@dataclass(frozen=True, eq=False)
class Member:
    """One value of the answer: its name, and how it is read from a row that the database returned.

    `index` is the place of a value that is taken as it is; `read` makes any other. `label` is the place of
    the name of what a reference points at; of the names, in order, behind a list of references.
    """

    name: str
    field: CompiledField
    index: int | None
    read: Reader | None = None
    label: int | None = None


class Selection:
    """Collects the select list of a statement; asking for the same column twice selects it once."""

    def __init__(self, joins: Joins) -> None:
        self.joins = joins
        self.parts: dict[SqlText, int] = {}

    def add(self, sql: SqlText) -> int:
        """Return the place of an expression in the select list."""
        return self.parts.setdefault(sql, len(self.parts))

    def places(self, alias: str, obj: CompiledObject, field: CompiledField) -> dict[str, int]:
        """Return the place of each column of a field, by suffix; a virtual one has the value alone."""
        return {suffix: self.place(alias, obj, field, suffix) for suffix in _suffixes(field)}

    def place(self, alias: str, obj: CompiledObject, field: CompiledField, suffix: str) -> int:
        if field.is_virtual:
            return self.add(Expressions(obj.model).sql(self.joins.expression(alias, obj, field)))
        return self.add(self.joins.read(alias, field.column(suffix).column))

    def name(self, alias: str, field: CompiledField, obj: CompiledObject) -> int | None:
        """Return the place of the name of what a reference points at, None for other fields."""
        find = self.joins.names_in if field.type.is_reference_list else self.joins.name_of
        name = find(alias, field, obj)
        return None if name is None else self.add(name)


def api_members(selection: Selection, paths: Iterable[ResolvedPath], *, labels: bool) -> tuple[Member, ...]:
    """Select the API form of fields: numerics and ids arrive as text, so that most values are ready as they are.

    Every further column of a composite is a member of its own (`amount`, `amount_base`).
    """
    members: list[Member] = []
    for path in paths:
        alias, here = selection.joins.locate(path)
        label = selection.name(alias, path.field, here) if labels else None
        if not _is_ready(here, path.field):
            places = selection.places(alias, here, path.field)
            members.append(Member(path.path, path.field, None, _api_reader(path.field, places), label))
            continue
        for suffix in _shown_columns(here, path.field):
            place = selection.place(alias, here, path.field, suffix)
            members.append(Member(path.path + suffix, path.field, place, None, None if suffix else label))
    return tuple(members)


def typed_members(selection: Selection, paths: Iterable[ResolvedPath]) -> tuple[Member, ...]:
    """Select the values as records have them; references know the name of what they point at."""
    members = []
    for path in paths:
        alias, here = selection.joins.locate(path)
        places = selection.places(alias, here, path.field)
        label = selection.name(alias, path.field, here)
        if label is None and type(path.field.type).from_columns is FieldType.from_columns:
            members.append(Member(path.path, path.field, places[""]))
        else:
            members.append(Member(path.path, path.field, None, _typed_reader(path.field, places, label), label))
    return tuple(members)


def _is_ready(obj: CompiledObject, field: CompiledField) -> bool:
    """Tell whether what the database returns for the field's main column is its API form already."""
    if field.type.is_reference:
        return field.main.references is not None  # an id, as text
    plain = type(field.type).to_api is FieldType.to_api
    return (plain or isinstance(_main_field(obj, field), READY)) and _keeps_main_column(field)


def _keeps_main_column(field: CompiledField) -> bool:
    """Tell whether the type's value is the main column as it is, by trying it with a value like no other."""
    parts = {suffix: object() for suffix in _suffixes(field)}
    try:
        return field.type.from_columns(field.spec, parts) is parts[""]
    except (TypeError, AttributeError, ValueError):
        return False


def _shown_columns(obj: CompiledObject, field: CompiledField) -> list[str]:
    """Return the suffixes of the columns that are members of the answer: the main one and further amounts."""
    rest = [item for item in field.columns[1:] if not item.is_internal]
    return ["", *(item.suffix for item in rest if isinstance(_model_field(obj, field, item), DecimalField))]


def _suffixes(field: CompiledField) -> list[str]:
    return [""] if field.is_virtual else [item.suffix for item in field.columns]


def _main_field(obj: CompiledObject, field: CompiledField) -> Any:
    if field.is_virtual:
        return field.type.columns(field.spec)[0].make()
    return _model_field(obj, field, field.main)


def _model_field(obj: CompiledObject, field: CompiledField, item: CompiledColumn) -> Any:
    return obj.model_of(field)._meta.get_field(item.attr)


def _api_reader(field: CompiledField, places: dict[str, int]) -> Reader:
    spec, from_columns, to_api = field.spec, field.type.from_columns, field.type.to_api
    return lambda row: to_api(spec, from_columns(spec, {suffix: row[at] for suffix, at in places.items()}))


def _typed_reader(field: CompiledField, places: dict[str, int], label: int | None) -> Reader:
    spec, from_columns = field.spec, field.type.from_columns

    def read(row: Row) -> Any:
        value = from_columns(spec, {suffix: row[at] for suffix, at in places.items()})
        if label is not None and isinstance(value, Reference):
            return Reference(value.object, value.id, row[label] or "")
        if label is not None and value and field.type.is_reference_list:
            return tuple(replace(link, name=name or "") for link, name in zip(value, row[label], strict=True))
        return value

    return read
