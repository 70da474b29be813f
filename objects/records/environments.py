"""What the expressions of a record see: its values as they will be, as they were, and those of related records."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from metadata.compiler.compiled import CompiledObject
from metadata.compiler.record_base import Record
from metadata.expressions import Environment
from metadata.field_types.contexts import calendar_of
from metadata.field_types.values import Reference
from objects.records.drafts import Batch, Draft
from objects.records.related_records import answer, column_names, read_by_ids, values_of

Values = Mapping[str, Any]


class Related:
    """Values of the records that a batch's records look up to, each target read by one statement.

    Expressions see what is there, whoever is asking: what a caller may be shown is decided where a formula is
    shown, not where it is worked out.
    """

    def __init__(self, obj: CompiledObject, paths: Iterable[str]) -> None:
        self._obj = obj
        self._paths: dict[str, list[str]] = defaultdict(list)  # by the lookup that they start with
        for path in paths:
            first, _dot, rest = path.partition(".")
            self._paths[first].append(rest)
        self._values: dict[tuple[str, uuid.UUID], dict[str, Any]] = {}

    def load(self, values: Iterable[Values]) -> None:
        """Read what the lookups among the given values point at, as far as it is not known yet."""
        given = list(values)
        for first, rests in self._paths.items():
            lookup = self._obj.lookup(first)
            if lookup is None:
                continue
            wanted = {found.id for item in given if isinstance(found := item.get(lookup.name), Reference)}
            self._read(first, rests, wanted - {record for name, record in self._values if name == first})

    def value(self, path: str, own: Values) -> Any:
        """Return the value of a path through a lookup; None where the lookup is empty."""
        first, _dot, rest = path.partition(".")
        lookup = self._obj.lookup(first)
        reference = own.get(lookup.name) if lookup else None
        if not isinstance(reference, Reference):
            return None
        return self._values.get((first, reference.id), {}).get(rest)

    @property
    def lookups(self) -> set[str]:
        """The names of the lookup fields that the paths start with."""
        found = (self._obj.lookup(first) for first in self._paths)
        return {lookup.name for lookup in found if lookup is not None}

    def _read(self, first: str, rests: list[str], ids: set[uuid.UUID]) -> None:
        lookup = self._obj.lookup(first)
        if lookup is None or not ids:
            return
        target = self._obj.target(str(lookup.main.references))
        paths = [target.resolve(rest) for rest in rests]
        for record_id, *parts in read_by_ids(target, [name for path in paths for name in column_names(path)], ids):
            self._values[first, record_id] = dict(zip(rests, values_of(paths, parts), strict=True))


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


def environment(batch: Batch, draft: Draft, related: Related) -> Environment:
    """Return where the expressions of a draft are evaluated."""
    present = RecordValues(batch.object, draft.record, draft.values)
    before = present.over({name: old for name, (old, _new) in draft.changes.items()})
    stored = None if batch.is_create else draft.id
    return environment_of(batch, present, before, related, is_new=batch.is_create, record_id=stored)


def environment_of(
    batch: Batch,
    present: Values,
    before: Values,
    related: Related,
    *,
    is_new: bool,
    record_id: uuid.UUID | None = None,
) -> Environment:
    """Return the environment over two sets of values: as they are, and as they were."""

    def read(values: Values, path: str) -> Any:
        return related.value(path, values) if "." in path else values.get(path)

    return Environment(
        lambda path: read(present, path),
        batch.actor,
        batch.now,
        old=lambda path: read(before, path),
        is_new=is_new,
        calendar=lambda: calendar_of(batch.actor),
        rate=batch.rate,
        related=lambda query, env: answer(batch.snapshot.object, record_id, query, env),
    )
