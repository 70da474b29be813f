"""Reads that are asked again and again: the database session keeps their plans."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DatabaseError
from django.db.backends.utils import CursorWrapper
from psycopg2.extensions import AsIs

MAX_SEEN, MAX_HOT = 512, 32  # of one session: statements remembered, and plans kept
LONGEST = 20_000  # characters; what is longer is planned each time

Key = tuple[str, int, str]  # schema, serial and text


class Varying:
    """Marks a parameter that has another value every time, and one of no matter to the planner: ids of records."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class _Session:
    """What one database session was asked lately, and the names under which it keeps plans."""

    def __init__(self) -> None:
        self._seen: OrderedDict[int, None] = OrderedDict()  # hashes: the texts are long
        self._kept: OrderedDict[Key, str] = OrderedDict()
        self._unwanted: list[str] = []
        self._numbers = count(1)

    def name_of(self, key: Key) -> str | None:
        """Return the name of the kept plan, None when there is none."""
        name = self._kept.get(key)
        if name is not None:
            self._kept.move_to_end(key)
        return name

    def is_new(self, key: Key) -> bool:
        """Note that a statement is asked; tell whether it was not before, as far as is remembered."""
        known = hash(key) in self._seen
        self._seen[hash(key)] = None
        self._seen.move_to_end(hash(key))
        if len(self._seen) > MAX_SEEN:
            self._seen.popitem(last=False)
        return not known

    def keep(self, key: Key) -> tuple[str, str]:
        """Return a name for a new plan, and the SQL that drops the plans which are wanted no longer."""
        if len(self._kept) >= MAX_HOT:
            self._unwanted.append(self._kept.popitem(last=False)[1])
        dropping = "".join(f"DEALLOCATE {name}; " for name in self._unwanted)
        self._unwanted = []
        name = self._kept[key] = f"hot_{next(self._numbers)}"
        return name, dropping

    def forget(self, key: Key) -> None:
        """Plan the statement anew when it is asked again."""
        self._seen.pop(hash(key), None)
        name = self._kept.pop(key, None)
        if name is not None:
            self._unwanted.append(name)


_sessions: WeakKeyDictionary[Any, _Session] = WeakKeyDictionary()  # by driver connection


def execute_hot(cursor: CursorWrapper, sql: str, params: Sequence[Any], serial: int) -> None:
    """Run a read on the cursor; what the session is asked a second time is planned for the last time.

    Planning a page of records costs the database more than reading it. The plan is made for the very values of
    the parameters, as any other: with other values it is another statement. Only values marked as `Varying` are
    left open. `serial` is another when the SQL was compiled anew, for another version of the data model.
    PostgreSQL plans anew by itself after changes of a table, its indexes or its statistics. A statement that
    fails is forgotten, since its columns may have another type now. EXPLAIN runs as it is.
    """
    values = [item.value if isinstance(item, Varying) else item for item in params]
    numbers = count(1)
    fixed = [AsIs(f"${next(numbers)}") if isinstance(item, Varying) else item for item in params]
    text = cursor.cursor.mogrify(sql, fixed).decode()
    db = cursor.db
    session = _sessions.get(db.connection) or _sessions.setdefault(db.connection, _Session())
    key = (db.schema_name, serial, text)  # type: ignore[attr-defined] # django-tenants' backend
    name = session.name_of(key)
    if name is None and (len(text) > LONGEST or not text.startswith("SELECT") or session.is_new(key)):
        cursor.execute(sql, values)
        return
    try:
        if name is None:
            name, dropping = session.keep(key)
            with db.wrap_database_errors:
                # Past Django's wrapper: how a statement is planned is no part of what a request asks.
                cursor.cursor.execute(f"{dropping}PREPARE {name} AS {text}")
        varying = [item.value for item in params if isinstance(item, Varying)]
        arguments = f" ({', '.join(['%s'] * len(varying))})" if varying else ""
        cursor.execute(f"EXECUTE {name}{arguments}", varying)
    except DatabaseError:
        session.forget(key)
        raise
