"""What the expressions of a record see: its values as they will be, as they were, and those of related records."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from metadata.compiler.compiled import CompiledField, CompiledObject, ResolvedPath
from metadata.compiler.record_base import Record
from metadata.expressions import Environment
from metadata.expressions.environment import Reader
from metadata.field_types.contexts import calendar_of
from metadata.field_types.values import Reference
from objects.records.drafts import Batch, Draft
from objects.records.programs import programs
from objects.records.related_records import answer, column_names, read_by_ids, values_of

Values = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Hop:
    """What expressions read through one lookup of an object: `rests` are the paths without the lookup."""

    step: str  # `account` of `account.industry`
    lookup: CompiledField
    target: CompiledObject
    rests: tuple[str, ...]

    @cached_property
    def paths(self) -> list[ResolvedPath]:
        return [self.target.resolve(rest) for rest in self.rests]

    @cached_property
    def columns(self) -> list[str]:
        return [name for path in self.paths for name in column_names(path)]


class Related:
    """Values of the records that a batch's records look up to, read once an expression asks: all of them at once.

    Expressions see what is there, whoever is asking: what a caller may be shown is decided where a formula is
    shown, not where it is worked out.
    """

    def __init__(self, batch: Batch, paths: Iterable[str]) -> None:
        obj, wanted = batch.object, frozenset(paths)
        self._batch = batch
        self._hops: Mapping[str, Hop] = obj.plans.fetch(("records.hops", wanted), lambda: _hops(obj, wanted))
        self._values: dict[tuple[str, uuid.UUID], dict[str, Any]] = {}  # by step and record; empty: there is none

    def value(self, path: str, own: Values) -> Any:
        """Return the value of a path through a lookup; None where the lookup is empty."""
        step, _dot, rest = path.partition(".")
        hop = self._hops.get(step)
        reference = None if hop is None else own.get(hop.lookup.name)
        if hop is None or not isinstance(reference, Reference):
            return None
        if (step, reference.id) not in self._values:
            self._read(hop, reference.id)
        return self._values[step, reference.id].get(rest)

    def _read(self, hop: Hop, wanted: uuid.UUID) -> None:
        """Read what the lookup of any of the batch's records points at, as far as it is not known yet."""
        name, obj = hop.lookup.name, self._batch.object
        given = [draft.values.get(name) for draft in self._batch.open]
        given += [obj.fields[name].value_of(draft.record) for draft in self._batch.open if draft.record is not None]
        found = {wanted, *(item.id for item in given if isinstance(item, Reference))}
        missing = [record for record in found if (hop.step, record) not in self._values]
        self._values.update(((hop.step, record), {}) for record in missing)
        for record_id, *parts in read_by_ids(hop.target, hop.columns, missing):
            self._values[hop.step, record_id] = dict(zip(hop.rests, values_of(hop.paths, parts), strict=True))


def _hops(obj: CompiledObject, paths: Iterable[str]) -> dict[str, Hop]:
    """Return the lookups that paths start with, by the name of the step; paths that start with none are left out."""
    rests: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        step, _dot, rest = path.partition(".")
        rests[step].append(rest)
    lookups = {step: lookup for step in rests if (lookup := obj.lookup(step)) is not None}
    return {
        step: Hop(step, lookup, obj.target(str(lookup.main.references)), tuple(rests[step]))
        for step, lookup in lookups.items()
    }


class RecordValues(Mapping[str, Any]):
    """The values of a draft as they will be: what is written now over what the record has.

    The record must not change meanwhile: its values are worked out once.
    """

    def __init__(self, obj: CompiledObject, record: Record | None, new: Values) -> None:
        self._obj, self._record, self._new = obj, record, new
        self._stored: dict[str, Any] = {}

    def over(self, new: Values) -> RecordValues:
        """Return other new values over the same record."""
        made = RecordValues(self._obj, self._record, new)
        made._stored = self._stored
        return made

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value as `__getitem__` does; for most names at once, since expressions read many."""
        if name in self._new:
            return self._new[name]
        if name in self._stored:
            return self._stored[name]
        return self[name] if name in self._obj.fields else default

    def __getitem__(self, name: str) -> Any:
        if name in self._new:
            return self._new[name]
        if name not in self._stored:
            field = self._obj.fields[name]
            self._stored[name] = None if self._record is None else field.value_of(self._record)
        return self._stored[name]

    def __iter__(self) -> Any:
        return iter(self._obj.fields)

    def __len__(self) -> int:
        return len(self._obj.fields)


def environment(batch: Batch, draft: Draft) -> Environment:
    """Return where the expressions of a draft are evaluated; the same for all stages, which come before writing."""
    if draft.environment is None:
        present = RecordValues(batch.object, draft.record, draft.values)
        before = present.over({name: old for name, (old, _new) in draft.changes.items()})
        stored = None if batch.is_create else draft.id
        draft.environment = environment_of(batch, present, before, is_new=batch.is_create, record_id=stored)
    return draft.environment


def environment_of(
    batch: Batch,
    present: Values,
    before: Values,
    *,
    is_new: bool,
    record_id: uuid.UUID | None = None,
) -> Environment:
    """Return the environment over two sets of values: as they are, and as they were."""

    related = batch.related = batch.related or Related(batch, programs(batch.snapshot, batch.object).related_paths)

    def reader(values: Values) -> Reader:
        get = values.get
        return lambda path: related.value(path, values) if "." in path else get(path)

    return Environment(
        reader(present),
        batch.actor,
        batch.now,
        old=reader(before),
        is_new=is_new,
        calendar=lambda: calendar_of(batch.actor),
        rate=batch.rate,
        related=lambda query, env: answer(batch.snapshot.object, record_id, query, env),
    )
