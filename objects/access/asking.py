"""Asking the predicates of scopes about one record: the whole of each and its parts one by one, many in a statement."""

from __future__ import annotations

import uuid
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from objects.access.visibility import Scope, Way
from objects.query.params import SqlText, fill

AT_ONCE = 200  # predicates in one statement


@dataclass(frozen=True)
class Asked:
    """A scope, and other ways with their values, whose predicates are wanted one by one."""

    scope: Scope
    others: Sequence[Way] = ()
    values: Mapping[Any, Any] = field(default_factory=dict)

    def predicates(self) -> list[SqlText]:
        """Return the whole scope, its ways, its limits, and the other ways."""
        known = ChainMap(dict(self.values), self.scope.values)  # type: ignore[arg-type]
        parts = [way.sql("t") for way in (*self.scope.ways, *self.scope.limits, *self.others)]
        return [_filled(part, known) for part in (self.scope.template("t"), *parts)]


@dataclass(frozen=True)
class Answer:
    """What holds of a record: whether the scope covers it, by which of its ways, within which of its limits."""

    is_within: bool
    ways: tuple[bool, ...]
    limits: tuple[bool, ...]
    others: tuple[bool, ...]


def ask(questions: Sequence[Asked], record_id: uuid.UUID) -> list[Answer]:
    """Ask about a record that there is; all scopes are of its object."""
    wanted = [question.predicates() for question in questions]
    said = _said((predicate for some in wanted for predicate in some), record_id, questions)
    return [_answer(question, [said[item] for item in some]) for question, some in zip(questions, wanted, strict=True)]


def covering(scopes: Iterable[Scope], record_id: uuid.UUID) -> list[bool]:
    """Tell for each of an object's scopes whether it covers a record."""
    questions = [Asked(scope) for scope in scopes]
    predicates = [_whole(question.scope) for question in questions]
    said = _said(predicates, record_id, questions)
    return [said[predicate] for predicate in predicates]


def _answer(question: Asked, said: list[bool]) -> Answer:
    ways = 1 + len(question.scope.ways)
    limits = ways + len(question.scope.limits)
    return Answer(said[0], tuple(said[1:ways]), tuple(said[ways:limits]), tuple(said[limits:]))


def _whole(scope: Scope) -> SqlText:
    if scope.is_all:
        return SqlText("TRUE")
    return _filled(scope.obj.plans.fetch(("access.asked", scope.shape), lambda: scope.template("t")), scope.values)


def _filled(predicate: SqlText, values: Mapping[Any, Any]) -> SqlText:
    return SqlText(predicate.text, tuple(fill(predicate.params, values)))


def _said(predicates: Iterable[SqlText], record_id: uuid.UUID, questions: Sequence[Asked]) -> dict[SqlText, bool]:
    """Return what each predicate says; equal ones are asked once."""
    wanted = list(dict.fromkeys(predicates))
    found: dict[SqlText, bool] = {}
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        found |= zip(some, _run(questions[0].scope.obj, record_id, some), strict=True)
    return found


def _run(obj: CompiledObject, record_id: uuid.UUID, predicates: Sequence[SqlText]) -> list[bool]:
    """Return what holds of the record; nothing does of one that is not there."""
    columns = ", ".join(f"({predicate.text}) IS TRUE" for predicate in predicates)
    sql = f"SELECT ARRAY[{columns}] FROM {quote(obj.table)} t WHERE t.id = %s"  # noqa: S608 (physical names only)
    params = [value for predicate in predicates for value in predicate.params]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, record_id])
        row = cursor.fetchone()
    return list(row[0]) if row else [False] * len(predicates)
