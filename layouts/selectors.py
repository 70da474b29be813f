"""Reads list views, layouts and recent records; falls back to generated ones where nothing is stored."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from crm_platform.kit.context import Actor
from crm_platform.kit.db import fetch_prepared
from layouts import generated
from layouts.documents import Layout, ListViewSpec, RelatedList, Section
from layouts.models import PageLayout, RecentRecord
from metadata.compiler.compiled import CompiledObject, UnknownField
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import Labels
from metadata.models import LabelTranslation
from objects.access.policy import AccessPolicy
from objects.query.binding import resolve_readable
from objects.query.conditions import from_json, leaves

ANY_VIEW = ""


VIEWS_SQL = """
    SELECT v.uuid, v.api_name::text, v.label::text, v.columns::text, v.conditions::text, v."order"::text, v.is_default,
           v.owner_id IS NOT NULL, (
               SELECT jsonb_object_agg(l.locale, l.text)::text FROM metadata_labeltranslation l
               WHERE l.target = v.uuid AND l.attribute = 'label'
           )
    FROM layouts_listview v WHERE v.object_id = $1 AND (v.owner_id IS NULL OR v.owner_id = $2)
    ORDER BY v.owner_id NULLS FIRST, v.position, v.id
"""
CHOICE_SQL = "SELECT columns::text FROM layouts_columnchoice WHERE user_id = $1 AND object_id = $2 AND view = $3"


def list_views(actor: Actor, obj: CompiledObject) -> tuple[ListViewSpec, ...]:
    """Return the shared list views, then the caller's own; generated ones when no shared one exists."""
    rows = fetch_prepared("list_views", VIEWS_SQL, [obj.spec.id, actor.user_id])
    policy = AccessPolicy.of(actor)
    stored = tuple(view for view in (_list_view(*row) for row in rows) if _is_usable(policy, obj, view))
    if any(not view.is_own for view in stored):
        return stored
    return (*_generated_views(obj), *stored)


def _is_usable(policy: AccessPolicy, obj: CompiledObject, view: ListViewSpec) -> bool:
    """Tell whether nothing that exists is kept from the caller in a view's conditions: its rows would tell of it."""
    for leaf in leaves(from_json(view.conditions)) if view.conditions else ():
        try:
            obj.resolve(leaf.path)
        except UnknownField:
            continue  # gone for everybody: the list says so
        try:
            resolve_readable(obj, policy, leaf.path)
        except UnknownField:
            return False
    return True


def default_list_view(views: Iterable[ListViewSpec]) -> ListViewSpec:
    """Return the view that a list opens with: the caller's own default, else the shared one, else the first."""
    ordered = sorted(views, key=lambda view: (not view.is_default, not view.is_own))
    return ordered[0]


def arranged_columns(actor: Actor, obj: CompiledObject) -> tuple[str, ...]:
    """Return the columns of the list view that the object opens with."""
    return default_list_view(list_views(actor, obj)).columns


def chosen_columns(actor: Actor, obj: CompiledObject, view_key: str) -> tuple[str, ...] | None:
    """Return the columns that the caller chose for this list, None when he left them as they are."""
    rows = fetch_prepared("column_choice", CHOICE_SQL, [actor.user_id, obj.spec.id, view_key])
    return tuple(json.loads(rows[0][0])) if rows else None


def default_layout(obj: CompiledObject) -> Layout:
    """Return the object's page layout, completed with every field and related list that it leaves out."""
    schema = current_snapshot().spec
    row = PageLayout.objects.filter(object_id=obj.spec.id, is_default=True).first()
    if row is None:
        return _generated_layout(obj)
    return generated.complete(_layout(row), obj.spec, schema)


def recent_records(actor: Actor, limit: int = 8) -> list[tuple[int, uuid.UUID]]:
    """Return (object id, record id) of what the caller opened last, newest first."""
    rows = RecentRecord.objects.filter(user=actor.user_id).order_by("-at")
    return list(rows.values_list("object_id", "record_id")[:limit])


def translations(targets: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[str, str]]:
    """Return the label of each row by locale."""
    found: dict[uuid.UUID, dict[str, str]] = {}
    targets = list(targets)
    if not targets:
        return found
    rows = LabelTranslation.objects.filter(target__in=targets, attribute="label")
    for target, locale, text in rows.values_list("target", "locale", "text"):
        found.setdefault(target, {})[locale] = text
    return found


@lru_cache(maxsize=4096)
def _list_view(
    key: uuid.UUID,
    name: str,
    label: str,
    columns: str,
    conditions: str | None,
    order: str,
    is_default: bool,
    is_own: bool,
    texts: str | None,
) -> ListViewSpec:
    """Return what a row of VIEWS_SQL says; kept, since rows change less often than they are read."""
    return ListViewSpec(
        key=str(key) if is_own else name,
        label=Labels({**json.loads(texts or "{}"), "": label}),
        columns=tuple(json.loads(columns)),
        conditions=json.loads(conditions) if conditions else None,
        order=tuple(json.loads(order)),
        is_default=is_default,
        is_own=is_own,
        uuid=key,
    )


def _layout(row: PageLayout) -> Layout:
    return Layout(
        highlights=tuple(row.highlights),
        sections=tuple(_section(item) for item in row.sections),
        related=tuple(
            RelatedList(item["object"], item["field"], tuple(item.get("columns", ()))) for item in row.related
        ),
    )


def _section(item: dict[str, Any]) -> Section:
    label = item.get("label") or {}
    labels = Labels(label if isinstance(label, dict) else {"": label})
    return Section(labels, tuple(item.get("fields", ())), int(item.get("columns", 2)))


def _generated_views(obj: CompiledObject) -> tuple[ListViewSpec, ...]:
    memo = current_snapshot().memo
    key = ("layouts.list_views", obj.spec.id)
    if key not in memo:
        memo[key] = generated.list_views(obj.spec)
    views: tuple[ListViewSpec, ...] = memo[key]
    return views


def _generated_layout(obj: CompiledObject) -> Layout:
    snapshot = current_snapshot()
    key = ("layouts.layout", obj.spec.id)
    if key not in snapshot.memo:
        snapshot.memo[key] = generated.layout(obj.spec, snapshot.spec)
    layout: Layout = snapshot.memo[key]
    return layout
