"""Carrying out some rows of an import, in the caller's transaction: read, matched, written, told row by row.

Everything is written by the record service for the event "import": what holds in the console holds here.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, Message, PlatformError, ValidationFailed
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.contexts import clean_context
from objects.access.policy import AccessPolicy
from objects.exchange.cells import ReadContext, Reader, reader_of
from objects.exchange.fields import CREATED_AT, CREATED_BY, ID
from objects.exchange.finding import Finder, NotFoundByName, ReferenceReader
from objects.exchange.plan import ALLOW, CLEAR, CREATE, REPLACE, SKIP, Plan
from objects.exchange.tables import TableRow, unmarked
from objects.records.drafts import Consent, Origin, RowResult
from objects.records.locking import FOR_UPDATE, lock_live
from objects.records.service import RecordService
from objects.records.table import record_table

CREATED, UPDATED, DELETED, SKIPPED, FAILED = "created", "updated", "deleted", "skipped", "failed"
DUPLICATE = "duplicate_detected"
DELETION = "deletion"  # what `before` holds of a record that was deleted
MAX_MESSAGE = 500


@dataclass(slots=True)
class Entry:
    """One row on its way: its values by field, what is wrong with it, and at last its record."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    blank: list[str] = field(default_factory=list)
    key: str = ""
    origin: Origin | None = None
    errors: list[FieldError] = field(default_factory=list)
    outcome: str = ""
    id: uuid.UUID | None = None
    version: int | None = None
    before: dict[str, Any] | None = None

    def fail(self, name: str | None, code: str, message: Message, **params: Any) -> None:
        self.errors.append(FieldError(name, code, message, params))
        self.outcome = FAILED

    def refuse(self, error: PlatformError) -> None:
        """Note why nothing could be done with the row."""
        if isinstance(error, ValidationFailed):
            self.errors.extend(error.errors)
        else:
            self.errors.append(FieldError(None, error.code, error.message))
        self.outcome = FAILED

    def told(self) -> list[Any]:
        """Return what is kept of the row; see `ImportChunk`."""
        errors = [_told(error) for error in self.errors]
        return [self.number, self.outcome, self.id and str(self.id), self.version, self.before, errors]


def _told(error: FieldError) -> dict[str, Any]:
    told = {"field": error.field, "code": error.code, "message": error.text.replace("\0", "")[:MAX_MESSAGE]}
    known = [item["id"] for item in found_duplicates(error)]
    return told | ({"records": known} if known else {})


def found_duplicates(error: FieldError) -> list[Mapping[str, Any]]:
    """Return the records, as far as the caller may see them, that an error says the row duplicates."""
    rules = error.params.get("duplicates", ()) if error.code == DUPLICATE else ()
    return [item for rule in rules for item in rule["records"]]


@dataclass(frozen=True)
class Column:
    """A column that is read: where it is, and what turns its cells into input."""

    index: int
    field: CompiledField
    read: Reader
    references: ReferenceReader | None = None


class Runner:
    """Carries out the rows of one import with one plan; remembers what it has looked up."""

    event = "import"  # for which rules are asked

    def __init__(self, actor: Actor, obj: CompiledObject, plan: Plan, now: datetime) -> None:
        self.actor, self.obj, self.plan = actor, obj, plan
        self.policy = AccessPolicy.of(actor)
        self.finder = Finder(actor, clean_context(actor, now))
        self.consent = Consent(duplicates=plan.duplicates == ALLOW)
        self.columns = list(self._columns())

    def _columns(self) -> Iterator[Column]:
        context = ReadContext(self.actor.zone)
        for index, target in enumerate(self.plan.columns):
            if target is None:
                continue
            compiled = self.obj.field(target.field)
            if compiled.type.has_targets:
                references = ReferenceReader(self.finder, compiled, target.match)
                yield Column(index, compiled, references.read, references)
            else:
                yield Column(index, compiled, reader_of(compiled, context))

    def carry_out(self, rows: Sequence[TableRow]) -> list[Entry]:
        """Write the rows' records, and return what became of each row, in order."""
        self.finder.forget(self.obj.name)
        entries = self._read(rows)
        for wave in _waves([entry for entry in entries if not entry.errors], self.plan):
            self._match(wave)
            open_ones = [entry for entry in wave if not entry.outcome]
            if self.plan.deletes:
                self._delete(open_ones)
                continue
            self._create([entry for entry in open_ones if entry.id is None])
            self._update([entry for entry in open_ones if entry.id is not None and not entry.outcome])
        return entries

    # --- reading ------------------------------------------------------------------------------------------
    def _read(self, rows: Sequence[TableRow]) -> list[Entry]:
        for column in self.columns:
            if column.references is not None:
                column.references.prepare(
                    cell for row in rows if column.index < len(row.cells) and (cell := row.cells[column.index].strip())
                )
        return [self._entry(row) for row in rows]

    def _entry(self, row: TableRow) -> Entry:
        entry = Entry(row.number)
        if any(cell.strip() for cell in row.cells[len(self.plan.columns) :]):
            entry.fail(None, "invalid_type", _("The row has more cells than the header."))
        for column in self.columns:
            cell = unmarked(row.cells[column.index]) if column.index < len(row.cells) else ""
            self._read_cell(entry, column, cell)
        self._finish(entry)
        return entry

    def _read_cell(self, entry: Entry, column: Column, cell: str) -> None:
        name = column.field.name
        if not cell.strip():
            entry.blank.append(name)
            return
        if "\0" in cell:
            entry.fail(name, "invalid_type", _("The cell holds a character that no text may have."))
            return
        if name == self.plan.key:
            entry.key = cell.strip()
        try:
            entry.values[name] = column.read(cell)
        except NotFoundByName as error:
            entry.fail(name, "invalid_reference", error.message, **error.params)

    def _finish(self, entry: Entry) -> None:
        """Take out what is no input of the record: the key, and what the record's origin says."""
        if self.plan.key == ID:
            entry.values.pop(ID, None)
        maker, moment = entry.values.pop(CREATED_BY, None), entry.values.pop(CREATED_AT, None)
        if moment is not None and not isinstance(moment, datetime):
            entry.fail(CREATED_AT, "invalid_type", _("Enter a date and time such as 2026-01-05 10:00."))
            moment = None
        if maker is not None or moment is not None or self.plan.pool_id is not None:
            entry.origin = Origin(uuid.UUID(maker) if maker else None, moment, self.plan.pool_id)

    # --- matching -----------------------------------------------------------------------------------------
    def _match(self, wave: Sequence[Entry]) -> None:
        """Find the records that the rows are about."""
        if self.plan.mode == CREATE:
            return
        found = self.finder.by_key(self.obj, self.plan.key, {entry.key for entry in wave if entry.key})
        for entry in wave:
            ids = found.get(entry.key, set())
            if len(ids) == 1:
                entry.id = next(iter(ids))
            elif ids:
                entry.fail(self.plan.key, "invalid_reference", _("Several records have this value."))
            elif not entry.key and (not self.plan.creates or self.plan.key != ID):
                entry.fail(self.plan.key, "required", _("The row does not say which record it is about."))
            elif not self.plan.creates or (entry.key and self.plan.key == ID):
                entry.fail(self.plan.key, "invalid_reference", _("There is no such record."))

    # --- writing ------------------------------------------------------------------------------------------
    def _service(self) -> RecordService:
        return RecordService(self.actor, consent=self.consent, event=self.event)

    def _create(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        rows, origins = [entry.values for entry in entries], [entry.origin for entry in entries]
        results = self._service().bulk_create(self.obj.name, rows, all_or_none=False, origins=origins)
        again: list[Entry] = []
        beside: list[Entry] = []  # rows that are like one before them, which is there only now
        for entry, result in zip(entries, results, strict=True):
            self._settle(entry, result, CREATED)
            if entry.outcome == FAILED and any(error.code == DUPLICATE for error in entry.errors):
                self._meet_duplicate(entry, again, beside)
        self._update(again)
        if 0 < len(beside) < len(entries):
            self._create(beside)

    def _meet_duplicate(self, entry: Entry, again: list[Entry], beside: list[Entry]) -> None:
        """Do with a row that is there already what the plan says."""
        if self.plan.duplicates == SKIP:
            entry.outcome = SKIPPED
        elif self.plan.duplicates == REPLACE:
            ids = {item["id"] for error in entry.errors for item in found_duplicates(error)}
            if len(ids) == 1:
                entry.id, entry.outcome, entry.errors = uuid.UUID(ids.pop()), "", []
                again.append(entry)
            elif not ids:
                beside.append(entry)

    def _update(self, entries: Sequence[Entry]) -> None:
        """Change the records that rows are about; two rows about one record come one after the other."""
        for wave in _apart(entries):
            before = self._present(wave)
            rows = [{**self._changes(entry), "id": entry.id} for entry in wave]
            results = self._service().bulk_update(self.obj.name, rows, all_or_none=False)
            for entry, result in zip(wave, results, strict=True):
                self._settle(entry, result, UPDATED)
                was = before.get(entry.id) if entry.id else None
                if entry.outcome == UPDATED and was is not None and was[0] != entry.version:
                    entry.before = was[1]

    def _delete(self, entries: Sequence[Entry]) -> None:
        """Move the records to the trash, each on its own: what stands against one keeps no other."""
        service = self._service()
        for entry in entries:
            assert entry.id is not None
            try:
                entry.before = {DELETION: str(service.delete(self.obj.name, entry.id))}
            except PlatformError as error:
                entry.refuse(error)
            else:
                entry.outcome = DELETED

    def _changes(self, entry: Entry) -> dict[str, Any]:
        cleared = dict.fromkeys(entry.blank) if self.plan.blanks == CLEAR else {}
        for name in (ID, CREATED_BY, CREATED_AT, self.plan.key):
            cleared.pop(name, None)
        return cleared | {name: value for name, value in entry.values.items() if name != self.plan.key}

    def _present(self, entries: Sequence[Entry]) -> dict[uuid.UUID, tuple[int, dict[str, Any]]]:
        """Lock the records and return their versions with what stands in the fields that will change."""
        table = record_table(current_snapshot(), self.obj)
        ids = [entry.id for entry in entries if entry.id is not None]
        rows = lock_live(self.policy, self.obj, table, ids, "edit", FOR_UPDATE)
        records = {found: table.load(row) for found, row in rows.items()}
        table.load_second(records)
        present = {}
        for entry in entries:
            record = records.get(entry.id) if entry.id else None
            if record is not None and entry.id is not None:
                names = [name for name in self._changes(entry) if not self.obj.field(name).type.is_sealed]
                present[entry.id] = (record.version, {name: self._api(name, record) for name in names})
        return present

    def _api(self, name: str, record: Any) -> Any:
        compiled = self.obj.field(name)
        return compiled.type.to_api(compiled.spec, compiled.value_of(record))

    @staticmethod
    def _settle(entry: Entry, result: RowResult, outcome: str) -> None:
        entry.errors = list(result.errors)
        entry.outcome = FAILED if result.errors else outcome
        if result.diverted is not None:
            entry.fail(None, "diverted", _("It is there already: it was noted on the record that is like it."))
            entry.outcome = SKIPPED
        elif not result.errors:
            entry.id, entry.version = result.id, result.version


def _waves(entries: Iterable[Entry], plan: Plan) -> Iterator[list[Entry]]:
    """Return the rows in as many turns as the most repeated key needs, so that each finds what the ones before made."""
    turns: dict[int, list[Entry]] = defaultdict(list)
    seen: dict[str, int] = defaultdict(int)
    for entry in entries:
        key = entry.key.casefold() if plan.mode != CREATE else ""
        turns[seen[key] if key else 0].append(entry)
        seen[key] += 1
    return (turns[number] for number in sorted(turns))


def _apart(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    turns: dict[int, list[Entry]] = defaultdict(list)
    seen: dict[uuid.UUID | None, int] = defaultdict(int)
    for entry in entries:
        turns[seen[entry.id]].append(entry)
        seen[entry.id] += 1
    return (turns[number] for number in sorted(turns))
