"""Running a list: binding what was asked, finding the plan, reading one page, and saying how it goes on."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2.extensions import AsIs

from crm_platform.kit.guard import pending_guard
from crm_platform.kit.hot import Varying
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.contexts import calendar_of
from metadata.field_types.values import Calendar, CleanContext
from objects.query import conditions, paging
from objects.query.binding import Bound, bind, resolve_readable
from objects.query.columns import Member
from objects.query.ordering import LAST_DELETED, Order, total
from objects.query.pages import DisplayPage, DisplayRow, Page
from objects.query.paging import REST, START, Position
from objects.query.params import NOW
from objects.query.plan import (
    API,
    GUARD,
    IDS,
    LABELLED,
    LIMIT,
    OFFSET,
    TYPED,
    ListPlan,
    ListShape,
    RowsShape,
    list_plan,
)
from objects.query.run import fetch
from objects.query.virtual import clock_values

if TYPE_CHECKING:
    from objects.query.query import RecordQuery

Row = tuple[Any, ...]


@dataclass(frozen=True)
class _Slice:
    """The rows of one page as the database returned them, and how it goes on."""

    obj: CompiledObject
    plan: ListPlan
    rows: list[Row]
    next_cursor: str | None
    has_more: bool


def api_page(query: RecordQuery, limit: int, cursor: str | None, offset: int, labels: bool) -> Page:
    """Return one page in API form."""
    obj = query.object
    fields = asked_fields(query, obj)
    part = _read(query, obj, LABELLED if labels else API, fields, limit, cursor, offset)
    members = part.plan.members
    return Page(
        columns=tuple(member.name for member in members),
        rows=_answer(part.plan, part.rows),
        next_cursor=part.next_cursor,
        has_more=part.has_more,
        labels=[_labels(members, row, query.actor.language) for row in part.rows] if labels else None,
    )


def display_page(query: RecordQuery, limit: int, cursor: str | None, offset: int) -> DisplayPage:
    """Return one page of typed values, with what showing them needs besides (the record's currency)."""
    obj = query.object
    asked = asked_fields(query, obj)
    fields = tuple(dict.fromkeys((*asked, *_shown_with(obj, asked), "id", "version")))
    part = _read(query, obj, TYPED, fields, limit, cursor, offset)
    readers = [(member.name, _reader(member)) for member in part.plan.members]
    rows = []
    for row in part.rows:
        values = {name: read(row) for name, read in readers}
        rows.append(DisplayRow(values["id"], values["version"], values))
    behind = {member.name: member.field for member in part.plan.members}
    return DisplayPage(asked, behind, rows, part.next_cursor, part.has_more, offset)


def cursor_after(query: RecordQuery, values: tuple[Any, ...]) -> str:
    """Return the cursor for a place that the caller knows by the values of the sort fields there."""
    obj, order = query.object, total(query.wish.order)
    if len(values) != len(order):
        raise ValueError("a place is named by a value for every sort field")
    return paging.encode(Position(values, current_snapshot().version), _digest(query, obj, order))


def asked_fields(query: RecordQuery, obj: CompiledObject) -> tuple[str, ...]:
    """Return the paths to read: those asked for, else every field that exists for the caller."""
    return query.wish.fields or tuple(field.name for field in query.policy.visible_fields(obj))


def related_fields(query: RecordQuery, path: str) -> tuple[str, ...]:
    """Return the paths of all fields that exist for the caller in the record behind a lookup (`account.owner`)."""
    reached = resolve_readable(query.object, query.policy, f"{path}.id").objects[-1]
    return tuple(f"{path}.{field.name}" for field in query.policy.visible_fields(reached))


def too_many_fields(most: int) -> str:
    return _("At most %(max)d fields.") % {"max": most}


def bound_filter(query: RecordQuery, obj: CompiledObject) -> Bound:
    """Return the query's condition checked against the object."""
    tree = query.wish.tree
    if tree is None:
        return Bound()
    # The organisation's calendar costs a statement, and only relative dates ask for it.
    has_dates = any(leaf.operator == "rel" for leaf in conditions.leaves(tree))
    calendar = calendar_of(query.actor) if has_dates else Calendar()
    return bind(tree, obj, query.policy, CleanContext(query.actor, timezone.now(), calendar=calendar))


def rows_shape(query: RecordQuery, bound: Bound) -> RowsShape:
    return RowsShape(query.wish.action, bound.shape, query.wish.ids is not None, query.wish.in_trash)


def slot_values(query: RecordQuery, bound: Bound, limit: int, offset: int = 0) -> ChainMap[Any, Any]:
    """Return the values of all slots that any statement of this query may have, but the cursor's."""
    own: dict[Any, Any] = {LIMIT: limit, OFFSET: offset, **dict(enumerate(bound.values))}
    own.update(clock_values(query.actor, timezone.now()))
    own[NOW] = Varying(own[NOW])
    if query.wish.ids is not None:
        own[IDS] = Varying(f"{{{','.join(map(str, query.wish.ids))}}}")
    return ChainMap(own, query.policy.parameters)


def _read(
    query: RecordQuery,
    obj: CompiledObject,
    form: str,
    fields: tuple[str, ...],
    limit: int,
    cursor: str | None,
    offset: int,
) -> _Slice:
    bound = bound_filter(query, obj)
    order = LAST_DELETED if query.wish.in_trash and not query.wish.order else total(query.wish.order)
    position = paging.decode(cursor, _digest(query, obj, order), len(order)) if cursor else None
    seek = START if position is None else position.seek
    shape = ListShape(rows_shape(query, bound), form, fields, order, seek)
    plan = list_plan(obj, query.policy, shape)
    # One row more than asked tells whether there is a next page.
    values = slot_values(query, bound, limit + 1, 0 if position else offset)
    rows = _run(plan, values, position)
    if position is not None and len(rows) <= limit and _has_rest(plan, position):
        rest = list_plan(obj, query.policy, shape._replace(seek=REST))
        rows += _run(rest, values.new_child({LIMIT: limit + 1 - len(rows)}), None)
    has_more = len(rows) > limit
    rows = rows[:limit]
    next_cursor = None
    if has_more:
        ended = Position(rows[-1][plan.width : -1], current_snapshot().version)
        next_cursor = paging.encode(ended, _digest(query, obj, order))
    return _Slice(obj, plan, rows, next_cursor, has_more)


def _has_rest(plan: ListPlan, position: Position) -> bool:
    return paging.needs_rest(plan.first_nullable, plan.first_descending, position)


def _run(plan: ListPlan, values: ChainMap[Any, Any], position: Position | None) -> list[Row]:
    guard = pending_guard()
    more: dict[Any, Any] = {GUARD: AsIs("NULL" if guard is None else guard.sql)}
    if position is not None:
        more.update((f"after.{number}", value) for number, value in enumerate(position.values))
    rows = fetch(plan, values.new_child(more), as_text=plan.as_text)
    if guard is not None and rows:
        guard.check(rows[0][-1])
    return rows


def _digest(query: RecordQuery, obj: CompiledObject, order: Order) -> str:
    """Return what ties a cursor to this query of this caller; fields may differ from page to page.

    Sort fields count by their stable ids, so that a cursor outlives a change of the data model which does
    not concern it.
    """
    wish = query.wish
    sort = [(key.path, key.descending, obj.resolve(key.path).field.spec.id) for key in order]
    tree = conditions.to_json(wish.tree)
    return paging.query_hash(obj.spec.id, sort, tree, wish.ids, wish.in_trash, wish.action, query.actor.user_id)


def _answer(plan: ListPlan, rows: list[Row]) -> list[Row]:
    if plan.is_plain:
        width = plan.width
        return [row[:width] for row in rows]
    readers = [_reader(member) for member in plan.members]
    return [tuple([read(row) for read in readers]) for row in rows]


def _reader(member: Member) -> Callable[[Row], Any]:
    return member.read or itemgetter(member.index)


def _labels(members: tuple[Member, ...], row: Row, language: str) -> dict[str, Any]:
    """Return what people read for the coded values of a row: names of references, labels of choices."""
    labels: dict[str, Any] = {}
    for member in members:
        if member.label is not None:
            if row[member.label] is not None:
                labels[member.name] = row[member.label]
        elif member.field.spec.choice_set is not None:
            value = _reader(member)(row)
            if value:
                labels[member.name] = _choice_labels(member, value, language)
    return labels


def _choice_labels(member: Member, value: Any, language: str) -> Any:
    choices = member.field.spec.choice_set.by_value  # type: ignore[union-attr]
    if isinstance(value, list):
        return [choices[item].label.text(language) if item in choices else item for item in value]
    return choices[value].label.text(language) if value in choices else value


def _shown_with(obj: CompiledObject, paths: tuple[str, ...]) -> list[str]:
    """Return the fields without which others of the same record can't be shown: an amount's currency."""
    return [name for path in paths if "." not in path for name in obj.field(path).type.derives_from]
