"""Leading what points at the losers of a merge to its survivor, one statement for each field, and back again."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from crm_platform.events.services import EventInput, emit
from crm_platform.kit.context import Actor
from crm_platform.kit.json import dumps_str, loads
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.field_types.values import Reference
from objects.history.models import RecordChange
from objects.history.recording import ChangeInput, record_changes
from objects.merging.models import MergeMove
from objects.merging.places import LIST, Place, places
from objects.records.recalculation import carry_on, everything
from objects.records.rollups import Changed, moved_as_a_whole

ROWS = 5_000  # moved by one statement
Held = tuple[uuid.UUID, uuid.UUID, bool]  # the row, the loser that it points at, whether the row is alive


@dataclass
class Touched:
    """Records whose references were rewritten, by object, and the fields: what is worked out from them is not yet."""

    records: Changed = field(default_factory=dict)

    def add(self, place: Place, ids: Iterable[uuid.UUID]) -> None:
        rows = self.records.setdefault(place.child.api_name, {})
        for record_id in ids:
            rows.setdefault(record_id, set()).add(place.field.api_name)

    def work_out(self, actor: Actor, snapshot: SchemaSnapshot, now: datetime) -> None:
        """Work out anew what the records' formulas say, and what follows from it, some thousand at a time."""
        for name, rows in self.records.items():
            ids = sorted(rows)
            for start in range(0, len(ids), ROWS):
                chunk = ids[start : start + ROWS]
                fields = {record: names | rows[record] for record, names in everything(chunk).items()}
                carry_on(actor, snapshot, {name: fields}, now)


@dataclass
class Moving:
    """One merge on its way: who does it, from which records to which one, and what has been moved so far."""

    actor: Actor
    snapshot: SchemaSnapshot
    obj: CompiledObject
    merge_id: uuid.UUID
    survivor: uuid.UUID
    losers: tuple[uuid.UUID, ...]
    now: datetime
    moved: dict[str, int] = field(default_factory=dict)  # "<object>.<field>" → rows
    kept: dict[str, int] = field(default_factory=dict)  # rows that could not be moved: theirs is taken already
    touched: Touched = field(default_factory=Touched)

    def move_all(self) -> None:
        """Move every row that points at a loser, wherever it is."""
        for place in places(self.snapshot, self.obj.name):
            if place.kind == LIST:
                self._note(place, len(_move_lists(self, place)), 0)
            else:
                rows = _pointing(self, place)
                moved = _move_keys(self, place, rows) if rows else []
                self.touched.add(place, (row for row, _loser, _is_alive in moved))
                self._note(place, len(moved), len(rows) - len(moved))

    def _note(self, place: Place, moved: int, kept: int) -> None:
        name = f"{place.child.api_name}.{place.field.api_name}"
        if moved:
            self.moved[name] = moved
        if kept:
            self.kept[name] = kept


def count_pointing(snapshot: SchemaSnapshot, obj: CompiledObject, ids: Sequence[uuid.UUID]) -> dict[str, int]:
    """Return how many living rows point at some records, by `<object>.<field>`."""
    found = {}
    for place in places(snapshot, obj.name):
        condition = f"{place.column} && %s::uuid[]" if place.kind == LIST else f"{place.column} = ANY(%s)"
        join = "" if not place.field.part else f" JOIN {place.main_table} m ON m.id = t.id"
        alive = "m" if place.field.part else "t"
        sql = f"SELECT count(*) FROM {place.table} t{join} WHERE t.{condition} AND {alive}.deleted_at IS NULL"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [list(ids)])
            number = cursor.fetchone()[0]
        if number:
            found[f"{place.child.api_name}.{place.field.api_name}"] = number
    return found


# --- lookups --------------------------------------------------------------------------------------------------
def _pointing(moving: Moving, place: Place) -> list[Held]:
    """Return the rows that point at a loser, locked in the order of their ids; not the merged records themselves."""
    sql = (
        f"SELECT m.id, t.{place.column}, m.deleted_at IS NULL FROM {place.main_table} m"  # noqa: S608
        f" JOIN {place.table} t ON t.id = m.id WHERE t.{place.column} = ANY(%s) AND m.id <> ALL(%s)"
        " ORDER BY m.id FOR NO KEY UPDATE OF m"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(moving.losers), [moving.survivor, *moving.losers]])
        return list(cursor.fetchall())


def _move_keys(moving: Moving, place: Place, rows: Sequence[Held]) -> list[Held]:
    """Point rows at the survivor; returns those for which nothing stood against it."""
    moved: list[Held] = []
    for start in range(0, len(rows), ROWS):
        moved += _move_chunk(moving, place, rows[start : start + ROWS])
    MergeMove.objects.bulk_create(
        [
            MergeMove(
                merge_id=moving.merge_id,
                object_id=place.child.id,
                field_id=place.field.id,
                record_id=row,
                loser_id=loser,
            )
            for row, loser, _is_alive in moved
        ],
        batch_size=ROWS,
    )
    return moved


def _move_chunk(moving: Moving, place: Place, rows: Sequence[Held]) -> list[Held]:
    """Move rows together; when a unique value stands against it, halve them until the culprits stand alone."""
    try:
        with transaction.atomic():
            alive = {row for row, _loser, is_alive in rows if is_alive}
            point(moving.actor, moving.snapshot, place, {row[0]: moving.survivor for row in rows}, alive, moving.now)
            changes = {row: (loser, moving.survivor) for row, loser, _is_alive in rows}
            leave_traces(moving.actor, moving.snapshot, moving.obj, place, changes, alive, moving.now)
    except IntegrityError:
        if len(rows) == 1:
            return []
        middle = len(rows) // 2
        return [*_move_chunk(moving, place, rows[:middle]), *_move_chunk(moving, place, rows[middle:])]
    return list(rows)


def point(
    actor: Actor,
    snapshot: SchemaSnapshot,
    place: Place,
    to: Mapping[uuid.UUID, uuid.UUID],
    alive: Collection[uuid.UUID],
    now: datetime,
) -> None:
    """Point rows at records, and keep the roll-ups of those that they leave and that they join true."""
    child, ids, counted = snapshot.object(place.child.api_name), list(to), sorted(alive)
    moved_as_a_whole(actor, snapshot, child, counted, -1, now)
    sql = (
        f"UPDATE {place.table} t SET {place.column} = v.target"  # noqa: S608 (physical names only)
        " FROM unnest(%s::uuid[], %s::uuid[]) AS v (id, target) WHERE t.id = v.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids, list(to.values())])
    touch_rows(actor, place, ids, now)
    moved_as_a_whole(actor, snapshot, child, counted, 1, now)


def touch_rows(actor: Actor, place: Place, ids: Sequence[uuid.UUID], now: datetime) -> None:
    sql = (
        f"UPDATE {place.main_table} SET version = version + 1, updated_at = %s, updated_by_id = %s::uuid"  # noqa: S608
        " WHERE id = ANY(%s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [now, actor.user_id, list(ids)])


def leave_traces(
    actor: Actor,
    snapshot: SchemaSnapshot,
    obj: CompiledObject,
    place: Place,
    changes: Mapping[uuid.UUID, tuple[uuid.UUID, uuid.UUID]],
    alive: set[uuid.UUID],
    now: datetime,
) -> None:
    """Write history and, for living rows, outbox messages: by id, which record a row pointed at, and now does."""
    pointing = snapshot.object(place.child.api_name).fields[place.field.api_name]
    told = {
        row: {"old": _reference(pointing, obj, before), "new": _reference(pointing, obj, after)}
        for row, (before, after) in changes.items()
    }
    write_traces(actor, place, told, alive, now)


def write_traces(
    actor: Actor, place: Place, told: Mapping[uuid.UUID, Mapping[str, Any]], alive: set[uuid.UUID], now: datetime
) -> None:
    """Write history and, for living rows, outbox messages; `told` holds old and new of the place's field by id."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, version FROM {place.main_table} WHERE id = ANY(%s)", [list(told)])  # noqa: S608
        versions = dict(cursor.fetchall())
    spec, field_id = place.child, str(place.field.id)
    kept = place.field.track_history
    rows = [ChangeInput(row, versions[row], {field_id: change} if kept else {}) for row, change in told.items()]
    record_changes(actor, spec.id, RecordChange.Action.UPDATED, now, rows)
    emit(
        [
            EventInput(
                "record.updated", spec.id, spec.api_name, row, versions[row], {place.field.api_name: change}, actor
            )
            for row, change in told.items()
            if row in alive
        ]
    )


def _reference(pointing: CompiledField, obj: CompiledObject, record_id: uuid.UUID) -> Any:
    return pointing.type.to_api(pointing.spec, Reference(obj.name, record_id))


# --- lists of references --------------------------------------------------------------------------------------
def _move_lists(moving: Moving, place: Place) -> list[uuid.UUID]:
    """Put the survivor in the place of losers in every list; returns the rows."""
    said = f"t.{place.said_column}" if place.said_column else "NULL::jsonb"
    sql = (
        f"SELECT m.id, t.{place.column}, {said}, m.deleted_at IS NULL FROM {place.main_table} m"  # noqa: S608
        f" JOIN {place.table} t ON t.id = m.id WHERE t.{place.column} && %s::uuid[] AND m.id <> ALL(%s)"
        " ORDER BY m.id FOR NO KEY UPDATE OF m"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(moving.losers), [moving.survivor, *moving.losers]])
        rows = [(row, ids, said_of(links), is_alive) for row, ids, links, is_alive in cursor.fetchall()]
    moves, changed = [], {}
    for row, ids, links, _is_alive in rows:
        first = next(item for item in ids if item in moving.losers)
        changed[row] = replaced(ids, links, moving.losers, moving.survivor)
        moves.append(
            MergeMove(
                merge_id=moving.merge_id,
                object_id=place.child.id,
                field_id=place.field.id,
                record_id=row,
                loser_id=first,
                before={"ids": [str(item) for item in ids], "said": links},
            )
        )
    MergeMove.objects.bulk_create(moves, batch_size=ROWS)
    write_lists(moving.actor, place, changed, moving.now)
    moving.touched.add(place, changed)
    alive = {row for row, _ids, _links, is_alive in rows if is_alive}
    told = {
        row: {"old": [str(item) for item in ids], "new": [str(item) for item in changed[row][0]]}
        for row, ids, _links, _is_alive in rows
    }
    write_traces(moving.actor, place, told, alive, moving.now)
    return list(changed)


Listed = tuple[list[uuid.UUID], Any]  # ids, and what is said about each


def replaced(ids: Sequence[uuid.UUID], said: Any, losers: Sequence[uuid.UUID], survivor: uuid.UUID) -> Listed:
    """Return a list with the survivor where the first of the losers was, unless it was there already."""
    kept = list(dict.fromkeys(survivor if item in losers else item for item in ids))
    if not isinstance(said, dict):
        return kept, said
    texts = {str(item) for item in losers}
    inherited = next((said[str(item)] for item in ids if str(item) in texts and str(item) in said), None)
    links = {key: value for key, value in said.items() if key not in texts}
    if inherited is not None:
        links.setdefault(str(survivor), inherited)
    return kept, links


def said_of(stored: str | None) -> Any:
    """Return what a row says about its references, as the driver hands it over: JSON text."""
    return None if stored is None else loads(stored)


def write_lists(actor: Actor, place: Place, changed: Mapping[uuid.UUID, Listed], now: datetime) -> None:
    """Write lists of references."""
    if not changed:
        return
    with connection.cursor() as cursor:
        for row, (ids, said) in changed.items():
            more = f", {place.said_column} = %s::jsonb" if place.said_column else ""
            texts = [None if said is None else dumps_str(said)] if place.said_column else []
            cursor.execute(
                f"UPDATE {place.table} SET {place.column} = %s::uuid[]{more} WHERE id = %s",  # noqa: S608
                [ids, *texts, row],
            )
    touch_rows(actor, place, list(changed), now)
