"""What a dry run remembers of the rows that it has tried: keys by which later rows would find what they made.

Every chunk of a dry run is rolled back. For a row to meet what an earlier chunk would have written, the earlier rows
that have a key in common with it are carried out once more before it, in its transaction. The keys are digests in a
table, the first row of each: however long the file, no more than a chunk is in memory.

Names that are only alike (fuzzy rules) meet within a chunk alone.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crm_platform.files.models import StoredFile
from metadata.compiler.compiled import CompiledField
from metadata.compiler.current import current_snapshot
from metadata.field_types.values import InvalidValue
from objects.duplicates.plan import Comparison, Keys, Source, object_plan, probe
from objects.exchange.cells import folded
from objects.exchange.fields import finding_fields
from objects.exchange.finding import NotFoundByName
from objects.exchange.models import Import, ImportKey
from objects.exchange.running import CREATED, UPDATED, Column, Entry, Runner
from objects.exchange.tables import TableRow, unmarked

DEEPEST = 5  # turns: a row that names an earlier one that names an earlier one …
MOST_TOGETHER = 50  # keys of one row by one rule that compares several fields


class Seen:
    """The rows that a dry run has tried, from an offset of the table on; from the first one it begins anew."""

    def __init__(self, row: Import, runner: Runner, offset: int) -> None:
        self.row, self.runner, self.offset = row, runner, offset
        self._rows: dict[int, tuple[list[str], Keys]] = {}  # by their numbers, of one chunk
        self.plan = object_plan(current_snapshot(), runner.obj.name)
        self.found_by = finding_fields(runner.actor, runner.obj.name) if self._names_itself() else ()
        if not offset:
            self.forget()

    def before(self, rows: Sequence[TableRow]) -> list[list[TableRow]]:
        """Return the earlier rows that some rows might meet, in the turns in which they meet each other."""
        turns: dict[int, tuple[int, TableRow]] = {}
        asking = [(self.offset, row) for row in rows]
        for turn in range(DEEPEST):
            asking = self._met(asking)
            if not asking:
                break
            turns |= {offset: (turn, row) for offset, row in asking}
        by_turn: dict[int, list[TableRow]] = {}
        for _offset, (turn, row) in sorted(turns.items()):
            by_turn.setdefault(turn, []).append(row)
        return [by_turn[turn] for turn in sorted(by_turn, reverse=True)]

    def _met(self, asking: Sequence[tuple[int, TableRow]]) -> list[tuple[int, TableRow]]:
        """Return the rows, by their offsets, that have a key in common with later ones."""
        keys = {offset: set[uuid.UUID]() for offset, _row in asking}
        for offset, row in asking:
            keys[offset] |= self._keys(row, is_written=False)
        first = self._first(set().union(*keys.values()))
        met = {first[key] for offset, own in keys.items() for key in own & first.keys() if first[key] < offset}
        assert self.row.table is not None
        return _rows_at(self.row.table, sorted(met)) if met else []

    def add(self, rows: Sequence[TableRow], entries: Sequence[Entry]) -> None:
        """Remember those rows that would have been written; of a name the first two, since two are nobody's."""
        keys: dict[uuid.UUID, int] = {}
        second: list[tuple[str, int]] = []
        for row, entry in zip(rows, entries, strict=True):
            if entry.outcome in (CREATED, UPDATED):
                for digest in self._keys(row, is_written=True):
                    keys.setdefault(digest, self.offset)
                second += [(name, self.offset) for name in self._names(row, is_written=True)]
            self.offset = row.next_offset
        self._rows.clear()
        self._keep(keys)
        first = self._first({_digest(_named(name)) for name, _offset in second})
        self._keep({_digest(_again(name)): at for name, at in reversed(second) if first[_digest(_named(name))] != at})

    def _keep(self, keys: Mapping[uuid.UUID, int]) -> None:
        made = [ImportKey(owner=self.row, digest=digest, offset=offset) for digest, offset in keys.items()]
        ImportKey.objects.bulk_create(made, ignore_conflicts=True, batch_size=2_000)

    def _first(self, digests: set[uuid.UUID]) -> dict[uuid.UUID, int]:
        known = ImportKey.objects.filter(owner=self.row, digest__in=digests)
        return dict(known.values_list("digest", "offset"))

    def forget(self) -> None:
        ImportKey.objects.filter(owner=self.row).delete()

    # --- keys -----------------------------------------------------------------------------------------------
    def _keys(self, row: TableRow, *, is_written: bool) -> set[uuid.UUID]:
        """Return the keys by which a row is found once it is written, else those by which it finds others."""
        unique, keys = self._read(row)
        names = self._names(row, is_written=is_written)
        texts = [
            *map(_named, names),
            *([] if is_written else map(_again, names)),
            *unique,
            *self._matching(keys, lambda item: item.other if is_written else item.own),
        ]
        return set(map(_digest, texts))

    def _read(self, row: TableRow) -> tuple[list[str], Keys]:
        """Return what of a row must be unique, and its keys for matching rules; read once for each chunk."""
        if row.number not in self._rows:
            values: dict[str, Any] = {}
            for column, cell in self._cells(row):
                if column.references is None:
                    values |= self._value(column, cell)
            keys = self.plan.keys(self.runner.obj, values) if self.plan.rules else {}
            self._rows[row.number] = list(self._unique(values)), keys
        return self._rows[row.number]

    def _names(self, row: TableRow, *, is_written: bool) -> list[str]:
        """Return by what rows may name this one once it is written, else what it names itself."""
        if not self.found_by:
            return []
        if is_written:
            cells = [cell for column, cell in self._cells(row) if column.field.name in self.found_by]
            return [folded(cell) for cell in cells]
        found = [column.references.names(cell) for column, cell in self._cells(row) if column.references is not None]
        return [folded(name) for names in found for name in names]

    def _cells(self, row: TableRow) -> Iterator[tuple[Column, str]]:
        for column in self.runner.columns:
            cell = unmarked(row.cells[column.index]) if column.index < len(row.cells) else ""
            if cell.strip() and "\0" not in cell:
                yield column, cell

    def _value(self, column: Column, cell: str) -> Mapping[str, Any]:
        field = column.field
        if not (field.type.is_unique(field.spec) or field.name in self.plan.fields or field.name in self._scopes()):
            return {}
        try:
            return {field.name: field.type.clean(field.spec, column.read(cell), self.runner.finder.context)}
        except (InvalidValue, NotFoundByName):  # that it is wrong is told elsewhere
            return {}

    def _unique(self, values: Mapping[str, Any]) -> Iterator[str]:
        for name, value in values.items():
            field = self.runner.obj.field(name)
            if value is not None and field.type.is_unique(field.spec):
                parts = [self._kept(field, value)]
                parts += [self._kept(self.runner.obj.field(item), values.get(item)) for item in field.spec.unique_scope]
                yield f"unique {field.spec.id} {parts}"

    def _kept(self, field: CompiledField, value: Any) -> str:
        kept = "" if value is None else field.type.to_columns(field.spec, value, self.runner.finder.context)[""]
        return str(kept) if field.spec.is_case_sensitive else str(kept).lower()

    def _matching(self, keys: Keys, side: Callable[[Comparison], Sequence[Source]]) -> Iterator[str]:
        """Yield what a row has in common with each row that a matching rule finds to be the same."""
        for rule in self.plan.rules:
            for matching in rule.matchings:
                if matching.target.id == self.runner.obj.spec.id:
                    demanded = [item for item in matching.comparisons if item.blank == "no_match"]
                    found = itertools.product(*(probe(item, keys, side(item)) for item in demanded))
                    together = itertools.islice(found, MOST_TOGETHER)
                    yield from (f"match {matching.spec.uuid} {'|'.join(parts)}" for parts in together)

    def _scopes(self) -> set[str]:
        return {name for column in self.runner.columns for name in column.field.spec.unique_scope}

    def _names_itself(self) -> bool:
        """Tell whether a row can name the record of an earlier one."""
        found = [column.references.targets for column in self.runner.columns if column.references is not None]
        return any(self.runner.obj.name in targets for targets in found)


def _named(name: str) -> str:
    return f"name {name}"


def _again(name: str) -> str:
    """Return what stands for the second row of a name."""
    return f"again {name}"


def _digest(text: str) -> uuid.UUID:
    return uuid.UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())


def _rows_at(table: StoredFile, offsets: Sequence[int]) -> list[tuple[int, TableRow]]:
    found = []
    with table.opened() as content:
        for offset in offsets:
            content.seek(offset)
            cells = next(csv.reader(line.decode() for line in content.file))
            found.append((offset, TableRow(int(cells[0]), cells[1:], offset)))
    return found
