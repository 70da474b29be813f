"""Finding records by what a file calls them: one statement per field for the rows of a chunk.

Only what the caller may see is found. A name that fits several is refused: nobody guesses whose record was meant.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import Department, User
from crm_platform.identity.people import hides_details, visible_ids
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Message
from crm_platform.kit.ids import parse_uuid
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.reference_lists import ReferenceListType
from metadata.field_types.values import CleanContext, InvalidValue
from objects.access.policy import AccessPolicy
from objects.exchange.cells import folded, split
from objects.exchange.fields import DEPARTMENT, ID, USER, finding_fields
from objects.records.locking import scope_sql

NOTHING, SEVERAL = _("Nothing here is called “%(text)s”."), _("Several things here are called “%(text)s”.")
MAX_TOLD = 80
_NOTE = re.compile(r"(?P<name>.*\S)\s*\((?P<note>[^()]*)\)", re.DOTALL)
_PRIMARY = frozenset({"primary", "主要", "主"})


class NotFoundByName(Exception):
    """A cell that names nothing, or several things."""

    def __init__(self, message: Message, text: str) -> None:
        self.message, self.params = message, {"text": text[:MAX_TOLD]}
        super().__init__(str(message))


class Finder:
    """Finds what cells name, for one caller. What was found is remembered while the job runs."""

    def __init__(self, actor: Actor, context: CleanContext) -> None:
        self.actor, self.context = actor, context
        self.policy = AccessPolicy.of(actor)
        self._found: dict[tuple[str, str], dict[str, uuid.UUID]] = defaultdict(dict)  # by target and field asked
        self._several: dict[tuple[str, str], set[str]] = defaultdict(set)

    def prepare(self, target: str, match: str, texts: Iterable[str]) -> None:
        """Look up what is not known yet; `match` is the only field to look in, "" stands for any that fits."""
        key = (target, match)
        known, several = self._found[key], self._several[key]
        wanted = {text for text in texts if text not in known and text not in several and "\0" not in text}
        for name in (ID, *([match] if match else finding_fields(self.actor, target))):
            if not wanted:
                return
            for text, ids in self._ask(target, name, wanted).items():
                wanted.discard(text)
                if len(ids) == 1:
                    known[text] = next(iter(ids))
                else:
                    several.add(text)

    def find(self, target: str, match: str, text: str) -> uuid.UUID:
        """Return the id; raises NotFoundByName. `prepare` was asked for the text before."""
        found = self._found[target, match].get(text)
        if found is None:
            raise NotFoundByName(SEVERAL if text in self._several[target, match] else NOTHING, text)
        return found

    def knows(self, target: str, match: str, text: str) -> bool:
        return text in self._found[target, match] or text in self._several[target, match]

    def forget(self, written: str) -> None:
        """Look again for names that stood for several, and for those of the object whose records are written."""
        self._several.clear()
        for target, match in list(self._found):
            if target == written:
                del self._found[target, match]

    def start_anew(self) -> None:
        """Look for everything again: what was found was rolled back, perhaps."""
        self._found.clear()
        self._several.clear()

    def by_key(self, obj: CompiledObject, name: str, texts: Iterable[str]) -> dict[str, set[uuid.UUID]]:
        """Return the visible records of an object by what a key field says of them."""
        return self._ask(obj.name, name, {text for text in texts if "\0" not in text})

    def _ask(self, target: str, name: str, texts: set[str]) -> dict[str, set[uuid.UUID]]:
        if name == ID:
            return _by_id(texts) if target in (USER, DEPARTMENT) else self._records_by_id(target, texts)
        if target == USER:
            return _users(self.actor, name, texts)
        if target == DEPARTMENT:
            return _departments(texts)
        return self._records(current_snapshot().object(target), name, texts)

    def _records_by_id(self, target: str, texts: set[str]) -> dict[str, set[uuid.UUID]]:
        ids = _by_id(texts)
        if not ids:
            return {}
        there = {
            found for found, _ in self._select(current_snapshot().object(target), "t.id", [*set().union(*ids.values())])
        }
        return {text: found for text, found in ids.items() if found <= there}

    def _records(self, obj: CompiledObject, name: str, texts: set[str]) -> dict[str, set[uuid.UUID]]:
        """Return what a field says: compared as the field keeps it, unique text whatever its case."""
        field = obj.field(name)
        spellings = self._spellings(field, texts)
        if not spellings:
            return {}
        is_text = isinstance(next(iter(spellings)), str)
        is_folded = (
            is_text and field.type.is_unique(field.spec) and not (field.spec.is_system or field.spec.is_case_sensitive)
        )
        column = f"t.{quote(field.main.column)}"
        if is_folded:
            column = f"lower({column})"
        found: dict[str, set[uuid.UUID]] = defaultdict(set)
        for record_id, value in self._select(obj, column, list(spellings)):
            for text in spellings.get(value, ()):
                found[text].add(record_id)
        return found

    def _spellings(self, field: CompiledField, texts: set[str]) -> Mapping[Any, set[str]]:
        """Return the texts by the value that the field would keep for them."""
        fold = field.type.is_unique(field.spec) and not (field.spec.is_system or field.spec.is_case_sensitive)
        found: dict[Any, set[str]] = defaultdict(set)
        for text in texts:
            try:
                value = field.type.clean(field.spec, text, self.context)
                kept = field.type.to_columns(field.spec, value, self.context)[""] if value is not None else None
            except InvalidValue:
                continue
            if kept is not None:
                found[kept.lower() if fold and isinstance(kept, str) else kept].add(text)
        return found

    def _select(self, obj: CompiledObject, column: str, values: list[Any]) -> list[tuple[uuid.UUID, Any]]:
        seen = scope_sql(self.policy, obj, "read")
        sql = (
            f"SELECT t.id, {column} FROM {quote(obj.table)} t"  # noqa: S608 (physical names only)
            f" WHERE {column} = ANY(%s) AND t.deleted_at IS NULL AND ({seen.text})"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [values, *seen.params])
            return list(cursor.fetchall())


def _by_id(texts: set[str]) -> dict[str, set[uuid.UUID]]:
    return {text: {found} for text in texts if (found := parse_uuid(text.strip())) is not None}


def _users(actor: Actor, name: str, texts: set[str]) -> dict[str, set[uuid.UUID]]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for text in texts:
        wanted[folded(text)].add(text)
    found: dict[str, set[uuid.UUID]] = defaultdict(set)
    if name == "email" and hides_details(actor):
        return {}
    spelled = User.objects.annotate(spelled=Lower(name)).filter(spelled__in=[text.strip().lower() for text in texts])
    rows = list(spelled.values_list("pk", name))
    visible = visible_ids(actor, [pk for pk, _value in rows])
    for pk, value in rows:
        for text in wanted.get(folded(value), ()) if pk in visible else ():
            found[text].add(pk)
    return found


def _departments(texts: set[str]) -> dict[str, set[uuid.UUID]]:
    """Return departments by name, or by the names on the way to them: `North / City`."""
    names = {text: [part.strip() for part in re.split(r"[/／>\\]", text)] for text in texts}
    rows = list(Department.objects.filter(is_active=True).values_list("pk", "path", "name"))
    by_path = {path: name for _pk, path, name in rows}
    found: dict[str, set[uuid.UUID]] = defaultdict(set)
    for text, parts in names.items():
        for pk, path, name in rows:
            if name == text.strip() or (
                len(parts) > 1 and name == parts[-1] and _way(path, by_path)[-len(parts) :] == parts
            ):
                found[text].add(pk)
    return found


def _way(path: str, by_path: Mapping[str, str]) -> list[str]:
    return [by_path[known] for known in sorted(by_path, key=len) if path.startswith(known)]


class ReferenceReader:
    """Reads the cells of a column whose field points at something, for one field."""

    def __init__(self, finder: Finder, field: CompiledField, match: str) -> None:
        self.finder, self.field, self.match = finder, field, match
        self.targets = field.type.targets(field.spec)
        self.is_list = isinstance(field.type, ReferenceListType)

    def prepare(self, texts: Iterable[str]) -> None:
        """Look up everything that the cells name."""
        names = {name for text in texts for name in self.names(text)}
        for target in self.targets:
            self.finder.prepare(target, self.match, names)

    def read(self, text: str) -> Any:
        """Return the input of the field; raises NotFoundByName."""
        if not self.is_list:
            return self._one(text.strip())
        found = []
        for item in split(text):
            try:
                found.append(self._one(item))
            except NotFoundByName:
                note = _NOTE.fullmatch(item)  # `Name (role · primary)`, as lists of links are shown
                if not note:
                    raise
                found.append({**self._as_link(self._one(note["name"])), **self._said(note["note"])})
        return found

    def names(self, text: str) -> Iterable[str]:
        """Return everything that a cell may name."""
        if not self.is_list:
            return [text.strip()]
        items = split(text)
        return [*items, *(note["name"] for item in items if (note := _NOTE.fullmatch(item)))]

    def _one(self, text: str) -> Any:
        for target in self.targets:
            if self.finder.knows(target, self.match, text):
                found = self.finder.find(target, self.match, text)
                return {"object": target, "id": found} if len(self.targets) > 1 else str(found)
        raise NotFoundByName(NOTHING, text)

    @staticmethod
    def _as_link(found: Any) -> dict[str, Any]:
        return found if isinstance(found, dict) else {"id": found}

    def _said(self, note: str) -> dict[str, Any]:
        words = [word.strip() for word in note.split("·")]
        names = self.field.type.attributes(self.field.spec)  # type: ignore[attr-defined]
        said: dict[str, Any] = {"primary": True} if "primary" in names and folded(words[-1]) in _PRIMARY else {}
        texts = words[:-1] if said else words
        return said | dict(zip([name for name in ("role", "label") if name in names], texts, strict=False))
