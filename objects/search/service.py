"""Finding records by words: the global search, the choices of lookups, the quick search of a list.

The index proposes, `RecordQuery` decides: every hit is read as the caller before it is shown, with the fields
that the caller may read. Records that the index has not taken in yet are read directly, so that everybody
finds what was saved a moment ago.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils import timezone

from crm_platform.events.selectors import pending_record_ids
from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ObjectSpec
from metadata.field_types.values import DisplayContext
from objects.access.policy import AccessPolicy
from objects.query.pages import DisplayPage, DisplayRow
from objects.query.query import RecordQuery
from objects.search.candidates import candidates
from objects.search.consumer import CONSUMER
from objects.search.entries import findable, indexed_fields
from objects.search.terms import SearchText

DEFAULT_LIMIT, MAX_LIMIT = 8, 50
MATCHING_LIMIT = 1000
MAX_PENDING = 200
SUBTITLE_FIELDS = 3
ROUNDS = (2, 10, 40)  # by how much more candidates than hits are asked for, round by round


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A record that was found; `name` and `id` make it usable as a reference."""

    object: str
    id: uuid.UUID
    title: str
    subtitle: str = ""

    @property
    def name(self) -> str:
        return self.title


@dataclass(frozen=True, slots=True)
class SearchGroup:
    """The hits of one object, the best first; `has_more` when there were more than were asked for."""

    object: ObjectSpec
    hits: tuple[SearchHit, ...]
    has_more: bool = False


def search(
    actor: Actor, text: str, objects: Iterable[str] | None = None, limit: int = DEFAULT_LIMIT
) -> list[SearchGroup]:
    """Return what the actor may see of the records in which every word of `text` is found, by object."""
    asked = SearchText.parse(text)
    if not asked.terms:
        return []
    limit = max(1, min(limit, MAX_LIMIT))
    wanted = None if objects is None else frozenset(objects)
    finders = [
        _Finder(actor, current_snapshot().object(spec.api_name), asked)
        for spec in AccessPolicy.of(actor).readable_objects()
        if spec.is_searchable and (wanted is None or spec.api_name in wanted)
    ]
    return [group for group in _groups(finders, limit) if group.hits]


def suggest(actor: Actor, object_name: str, text: str = "", limit: int = DEFAULT_LIMIT) -> list[SearchHit]:
    """Return records to choose from in a lookup: those that are found, or the newest when nothing is typed.

    Raises UnknownObject for an object that the actor may not read.
    """
    query = RecordQuery(actor, object_name)
    limit = max(1, min(limit, MAX_LIMIT))
    asked = SearchText.parse(text)
    if not asked.terms:
        return [] if text.strip() else _newest(query, limit)
    found = _groups([_Finder(actor, query.object, asked)], limit)
    return list(found[0].hits) if found else []


def matching_ids(actor: Actor, object_name: str, text: str, limit: int = MATCHING_LIMIT) -> list[uuid.UUID]:
    """Return ids of records in which every word is found, for a list that applies access itself."""
    obj = RecordQuery(actor, object_name).object
    asked = SearchText.parse(text)
    if not asked.terms:
        return []
    finder = _Finder(actor, obj, asked)
    pending = _pending([finder])[obj.spec.id]
    proposed = candidates(finder.policy, [obj], asked, limit)[obj.spec.id]
    doubtful = proposed if finder.is_restricted else [item for item in proposed if item in frozenset(pending)]
    checked = {hit.id for hit in finder.read([*doubtful, *pending]).rows if finder.matches(hit)}
    sure = [item for item in proposed if item not in frozenset(doubtful) or item in checked]
    return list(dict.fromkeys([*sure, *(item for item in pending if item in checked)]))[:limit]


class _Finder:
    """Reads the proposals of one object as the actor, and makes hits of those that hold."""

    def __init__(self, actor: Actor, obj: CompiledObject, asked: SearchText) -> None:
        self.actor, self.obj, self.asked = actor, obj, asked
        self.policy = AccessPolicy.of(actor)
        readable = {field.name for field in self.policy.readable_fields(obj)}
        indexed = indexed_fields(obj)
        self.fields = tuple(field for field in indexed if field.name in readable)
        # A hit may be owed to a field that this caller may not read: then each is matched again.
        self.is_restricted = len(self.fields) < len(indexed)
        self.shown = subtitle_fields(obj, readable)

    def hits(self, proposed: Sequence[uuid.UUID], pending: Sequence[uuid.UUID]) -> list[SearchHit]:
        """Return hits for the proposals that the actor may see, in their order, and for pending records."""
        rows = {row.id: row for row in self.read([*proposed, *pending])}
        unsure = frozenset(pending)
        order = dict.fromkeys([*proposed, *pending])
        found = (rows[item] for item in order if item in rows)
        return [
            hit_of(self.actor, self.obj, row, self.shown)
            for row in found
            if not (self.is_restricted or row.id in unsure) or self.matches(row)
        ]

    def read(self, ids: Sequence[uuid.UUID]) -> DisplayPage:
        names = dict.fromkeys(field.name for field in (*self.fields, *self.shown))
        query = RecordQuery(self.actor, self.obj.name).where_ids(ids)
        return query.fields("id", *names, *query.name_fields()).display(min(max(len(ids), 1), MATCHING_LIMIT))

    def matches(self, row: DisplayRow) -> bool:
        found = findable(self.fields, row.values, self.obj.spec.name_field)
        return self.asked.matches(found.haystack, found.tokens)


def _groups(finders: Sequence[_Finder], limit: int) -> list[SearchGroup]:
    """Ask for more candidates of those objects that lost too many of them to the actor's rights."""
    if not finders:
        return []
    pending = _pending(finders)
    found: dict[int, SearchGroup] = {}
    asked, policy = finders[0].asked, finders[0].policy
    open_finders = list(finders)
    for factor in ROUNDS:
        size = (limit + 1) * factor
        proposals = candidates(policy, [finder.obj for finder in open_finders], asked, size)
        again = []
        for finder in open_finders:
            proposed, waiting = proposals[finder.obj.spec.id], pending[finder.obj.spec.id]
            hits = finder.hits(proposed, waiting) if proposed or waiting else []
            found[finder.obj.spec.id] = SearchGroup(finder.obj.spec, tuple(hits[:limit]), len(hits) > limit)
            if len(hits) <= limit and len(proposed) >= size:
                again.append(finder)
        open_finders = again
        if not open_finders:
            break
    return [found[finder.obj.spec.id] for finder in finders]


def _pending(finders: Sequence[_Finder]) -> dict[int, list[uuid.UUID]]:
    waiting: dict[int, list[uuid.UUID]] = defaultdict(list)
    for object_id, record_id in pending_record_ids(CONSUMER, [item.obj.spec.id for item in finders], MAX_PENDING):
        waiting[object_id].append(record_id)
    return waiting


def _newest(query: RecordQuery, limit: int) -> list[SearchHit]:
    readable = {field.name for field in query.policy.readable_fields(query.object)}
    shown = subtitle_fields(query.object, readable)
    names = (*query.name_fields(), *(field.name for field in shown))
    return [hit_of(query.actor, query.object, row, shown) for row in query.fields("id", *names).display(limit)]


def subtitle_fields(obj: CompiledObject, readable: Iterable[str]) -> tuple[CompiledField, ...]:
    """Return the fields that tell records of the same name apart: what they belong to, then how they are found."""
    names = frozenset(readable)
    others = [field for field in obj if field.name in names and field.name != obj.spec.name_field]
    parents = [field for field in others if field.type.is_reference and not field.spec.is_system]
    found = [field for field in others if field.spec.is_searchable]
    return tuple(dict.fromkeys([*parents[:1], *found]))[:SUBTITLE_FIELDS]


def hit_of(actor: Actor, obj: CompiledObject, row: DisplayRow, shown: Sequence[CompiledField]) -> SearchHit:
    """Return a record as a hit, its texts in the actor's language."""
    context = DisplayContext(actor.language, actor.zone, timezone.now(), row.values)
    name = AccessPolicy.of(actor).visible_field(obj, obj.spec.name_field)
    title = name.type.to_text(name.spec, row.values.get(name.name), context) if name else ""
    parts = [field.type.to_text(field.spec, row.values.get(field.name), context) for field in shown]
    return SearchHit(obj.name, row.id, title or str(row.id), " · ".join(filter(None, parts))[:200])
