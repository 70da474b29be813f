"""Writing a batch: one INSERT or one UPDATE for all of it, and the check that the actor still reaches the result."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import Forbidden
from crm_platform.kit.sqlnames import quote
from objects.records.drafts import Batch, Draft
from objects.records.locking import scope_sql
from objects.records.violations import is_violation, report


class _Undo(Exception):
    """Some rows of a partial batch may not stay: undo all of them and write the others again."""


def write(batch: Batch) -> None:
    """Write the sound drafts. What the database refuses becomes an error of the draft that it is about.

    The database names only the first row that breaks a rule, so a batch that fails is written again row by
    row: slow, but only on the way to an error.
    """
    _stamp(batch)
    drafts = [draft for draft in batch.sound if batch.is_create or draft.columns]
    if not batch.is_many:
        for draft in drafts:
            _write_one(batch, draft)
        return
    try:
        with transaction.atomic():
            _store(batch, drafts)
            if batch.is_partial and not all(draft.is_sound for draft in drafts):
                raise _Undo
    except _Undo:
        write(batch)
    except DatabaseError as error:
        if not is_violation(error):
            raise
        for draft in drafts:
            _write_apart(batch, draft)


def _write_one(batch: Batch, draft: Draft) -> None:
    try:
        _store(batch, [draft])
    except DatabaseError as error:
        if not is_violation(error):
            raise
        report(error, batch.object, draft)


def _write_apart(batch: Batch, draft: Draft) -> None:
    """Write one row in a savepoint of its own, so that its failure leaves the others alone."""
    try:
        with transaction.atomic():
            _store(batch, [draft])
            if not draft.is_sound:
                raise _Undo
    except _Undo:
        pass
    except DatabaseError as error:
        if not is_violation(error):
            raise
        report(error, batch.object, draft)


def _store(batch: Batch, drafts: Sequence[Draft]) -> None:
    """Run the statement, then refuse every draft that has left the actor's reach."""
    if not drafts:
        return
    inside = _insert(batch, drafts) if batch.is_create else _update(batch, drafts)
    if batch.table.second is not None:
        _store_second(batch, [draft for draft in drafts if draft.id in inside])
    for draft in drafts:
        is_reached = draft.id is not None and inside.get(draft.id)  # None of a record without an owner: SQL knows not
        if draft.id not in inside or not (is_reached or draft.is_given_away):
            draft.refusal = Forbidden(_("The record would be out of your reach."))


def _stamp(batch: Batch) -> None:
    """Add the system columns that every write sets."""
    for draft in batch.sound:
        if batch.is_create:
            draft.columns |= {"id": draft.id, "version": 1, "created_at": batch.now}
            draft.columns["created_by_id"] = batch.actor.user_id
            draft.columns |= draft.stamps
        elif draft.columns:
            draft.columns["version"] = draft.version
        else:
            draft.version -= 1  # nothing differs: the record stays as it is
            continue
        draft.columns |= {"updated_at": batch.now, "updated_by_id": batch.actor.user_id}


def _insert(batch: Batch, drafts: Sequence[Draft]) -> dict[uuid.UUID, bool]:
    table, scope = batch.table, scope_sql(batch.policy, batch.object, batch.action)
    names = [name for name, column in table.columns.items() if not column.is_second and _is_needed(batch, drafts, name)]
    row = f"({', '.join(['%s'] * len(names))})"
    sql = (
        f"INSERT INTO {table.name} AS t ({', '.join(map(quote, names))})"  # noqa: S608 (physical names only)
        f" VALUES {', '.join([row] * len(drafts))} RETURNING t.id, ({scope.text})"
    )
    values = [value for draft in drafts for value in table.adapted(names, draft.columns)]
    return _returning(sql, [*values, *scope.params])


def _is_needed(batch: Batch, drafts: Sequence[Draft], name: str) -> bool:
    """Leave out columns that are empty in every row, unless the database would fill them with a default."""
    given = [draft.columns.get(name) is not None for draft in drafts]
    return any(given) or (batch.table.columns[name].has_default and any(name in draft.columns for draft in drafts))


def _update(batch: Batch, drafts: Sequence[Draft]) -> dict[uuid.UUID, bool]:
    """Update all rows by one statement; a row keeps its value in columns that only others change."""
    table, scope = batch.table, scope_sql(batch.policy, batch.object, batch.action)
    names = [name for name in _changed(batch, drafts) if not table.columns[name].is_second]
    casts = [f"%s::{table.columns[name].cast}" for name in names]
    row = f"({', '.join(['%s::uuid', *casts])})"
    changes = ", ".join(f"{quote(name)} = v.{quote(name)}" for name in names)
    sql = (
        f"UPDATE {table.name} AS t SET {changes}"  # noqa: S608 (physical names only)
        f" FROM (VALUES {', '.join([row] * len(drafts))}) AS v (key, {', '.join(map(quote, names))})"
        f" WHERE t.id = v.key AND t.version = v.version - 1 RETURNING t.id, ({scope.text})"
    )
    values: list[Any] = []
    for draft in drafts:
        _take_over(batch, draft)
        values += [draft.id, *table.adapted(names, _present(batch, draft, names))]
    return _returning(sql, [*values, *scope.params])


def _store_second(batch: Batch, drafts: Sequence[Draft]) -> None:
    """Write what belongs into the second table, by one statement; a row is made once there is a value for it.

    The record's own row has been written, or is locked, so nobody else writes this one.
    """
    table = batch.table
    names = [name for name in _changed(batch, drafts) if table.columns[name].is_second]
    drafts = [draft for draft in drafts if not draft.columns.keys().isdisjoint(names)]
    if not drafts:
        return
    columns = ", ".join(map(quote, names))
    row = f"({', '.join(['%s::uuid', *(f'%s::{table.columns[name].cast}' for name in names)])})"
    has_value = f"NOT (ROW({', '.join(f'v.{quote(name)}' for name in names)}) IS NULL)"
    sql = (
        f"INSERT INTO {table.second} AS x (id, {columns})"  # noqa: S608 (physical names only)
        f" SELECT * FROM (VALUES {', '.join([row] * len(drafts))}) AS v (key, {columns})"
        f" WHERE {has_value} OR EXISTS (SELECT FROM {table.second} y WHERE y.id = v.key)"
        f" ON CONFLICT (id) DO UPDATE SET {', '.join(f'{quote(name)} = excluded.{quote(name)}' for name in names)}"
    )
    values: list[Any] = []
    for draft in drafts:
        values += [draft.id, *table.adapted(names, _present(batch, draft, names))]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def _changed(batch: Batch, drafts: Sequence[Draft]) -> list[str]:
    """Return the columns that any of the drafts writes, in the order of the table."""
    given = {name for draft in drafts for name in draft.columns}
    return [name for name in batch.table.columns if name in given]


def _present(batch: Batch, draft: Draft, names: Sequence[str]) -> Mapping[str, Any]:
    """Return what columns shall hold: the new value, or the one that the record keeps."""
    if draft.record is None:
        return draft.columns
    return {name: getattr(draft.record, batch.table.columns[name].attr) for name in names}


def _take_over(batch: Batch, draft: Draft) -> None:
    """Put the new column values into the record, which from now on shows what will be stored."""
    for name, value in draft.columns.items():
        setattr(draft.record, batch.table.columns[name].attr, value)


def _returning(sql: str, params: Sequence[Any]) -> dict[uuid.UUID, bool]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return dict(cursor.fetchall())
