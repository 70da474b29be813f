"""Changes list views, layouts and what each user keeps for himself."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, Forbidden, NotFound, ValidationFailed
from layouts.models import ColumnChoice, ListView, PageLayout, RecentRecord
from layouts.selectors import ANY_VIEW
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.contexts import clean_context
from metadata.inputs import LabelInput
from metadata.models import LabelTranslation
from metadata.names import API_NAME, label_errors, normal_labels
from metadata.services.labels import set_labels
from objects.access.policy import AccessPolicy
from objects.query.binding import bind
from objects.query.conditions import from_json

CUSTOMIZE = "metadata.customize"
KEPT_RECENT_RECORDS = 50
MAX_COLUMNS = 30


@dataclass(frozen=True)
class ListViewInput:
    """What a list view is made of; a shared one has no owner and needs the right to customise."""

    label: LabelInput
    columns: Sequence[str]
    conditions: Mapping[str, Any] | None = None
    order: Sequence[str] = ()
    api_name: str = ""
    is_shared: bool = False
    is_default: bool = False
    position: int = 0


@dataclass(frozen=True)
class LayoutInput:
    label: LabelInput
    highlights: Sequence[str] = ()
    sections: Sequence[Mapping[str, Any]] = ()
    related: Sequence[Mapping[str, Any]] = ()
    api_name: str = "default"
    is_default: bool = True


@transaction.atomic
def create_list_view(actor: Actor, object_name: str, given: ListViewInput) -> ListView:
    """Create a shared list view (with the right to customise) or one of the caller's own."""
    obj = _readable_object(actor, object_name)
    if given.is_shared:
        _require_customize(actor)
    given = replace(given, api_name=given.api_name or f"v_{uuid.uuid4().hex[:12]}")
    _check_list_view(actor, obj, given)
    owner_id = None if given.is_shared else actor.user_id
    if given.is_default:
        _siblings(obj, owner_id).update(is_default=False)
    view = ListView(object_id=obj.spec.id, owner_id=owner_id, api_name=given.api_name)
    return _store(view, given)


@transaction.atomic
def update_list_view(actor: Actor, view_id: uuid.UUID, given: ListViewInput) -> ListView:
    """Replace the content of a list view; whether it is shared, and its API name, stay."""
    view = _changeable_view(actor, view_id)
    obj = current_snapshot().object_by_id(view.object_id)
    given = replace(given, api_name=view.api_name, is_shared=view.owner_id is None)
    _check_list_view(actor, obj, given, existing=view)
    if given.is_default:
        _siblings(obj, view.owner_id).exclude(pk=view.pk).update(is_default=False)
    return _store(view, given)


@transaction.atomic
def delete_list_view(actor: Actor, view_id: uuid.UUID) -> None:
    """Delete a list view; records are not touched."""
    view = _changeable_view(actor, view_id)
    LabelTranslation.objects.filter(target=view.uuid).delete()
    view.delete()


@transaction.atomic
def save_layout(actor: Actor, object_name: str, given: LayoutInput) -> PageLayout:
    """Create the object's layout of this API name, or replace its content."""
    _require_customize(actor)
    obj = current_snapshot().object(object_name)
    _check_layout(obj, given)
    if given.is_default:
        PageLayout.objects.filter(object_id=obj.spec.id).exclude(api_name=given.api_name).update(is_default=False)
    key = {"object_id": obj.spec.id, "api_name": given.api_name}
    layout = PageLayout.objects.filter(**key).first() or PageLayout(**key)
    set_labels(layout, label=given.label)
    layout.highlights, layout.is_default = list(given.highlights), given.is_default
    layout.sections = [dict(item) for item in given.sections]
    layout.related = [dict(item) for item in given.related]
    layout.save()
    return layout


@transaction.atomic
def delete_layout(actor: Actor, layout_id: uuid.UUID) -> None:
    """Delete a layout; the object's pages are generated again when none is left."""
    _require_customize(actor)
    if not PageLayout.objects.filter(uuid=layout_id).delete()[0]:
        raise NotFound
    LabelTranslation.objects.filter(target=layout_id).delete()


def choose_columns(actor: Actor, object_name: str, columns: Sequence[str], view_key: str = ANY_VIEW) -> None:
    """Keep the columns that the caller wants in a list; none at all forgets the choice."""
    obj = _readable_object(actor, object_name)
    mine: dict[str, Any] = {"user_id": actor.user_id, "object_id": obj.spec.id, "view": view_key}
    if not columns:
        ColumnChoice.objects.filter(**mine).delete()
        return
    errors = _column_errors(actor, obj, columns)
    if errors:
        raise ValidationFailed(errors)
    ColumnChoice.objects.update_or_create(**mine, defaults={"columns": list(columns)})


def note_opened(actor: Actor, object_id: int, record_id: uuid.UUID, now: datetime) -> None:
    """Remember that the caller opened a record; what falls behind the newest fifty is forgotten.

    One statement, so that opening a page costs one round trip. The oldest goes only when there are too many.
    """
    if actor.user_id is None:
        return
    table = connection.ops.quote_name(RecentRecord._meta.db_table)
    statement = f"""
        WITH noted AS (
            INSERT INTO {table} (user_id, object_id, record_id, at) VALUES (%s, %s, %s, %s)
            ON CONFLICT (user_id, object_id, record_id) DO UPDATE SET at = excluded.at RETURNING id
        )
        DELETE FROM {table} WHERE user_id = %s AND id NOT IN (SELECT id FROM noted) AND id IN (
            SELECT id FROM {table} WHERE user_id = %s ORDER BY at DESC OFFSET %s
        )"""  # noqa: S608 (the table's name is Django's own)
    user = str(actor.user_id)
    with connection.cursor() as cursor:
        cursor.execute(statement, [user, object_id, str(record_id), now, user, user, KEPT_RECENT_RECORDS - 1])


def _readable_object(actor: Actor, object_name: str) -> CompiledObject:
    AccessPolicy.of(actor).require(object_name, "read")
    return current_snapshot().object(object_name)


def _require_customize(actor: Actor) -> None:
    if not actor.has_function(CUSTOMIZE):
        raise Forbidden


def _changeable_view(actor: Actor, view_id: uuid.UUID) -> ListView:
    view = ListView.objects.select_for_update(of=("self",)).filter(uuid=view_id).first()
    if view is None or view.owner_id not in (None, actor.user_id):
        raise NotFound
    if view.owner_id is None:
        _require_customize(actor)
    return view


def _store(view: ListView, given: ListViewInput) -> ListView:
    set_labels(view, label=given.label)
    view.columns, view.order = list(given.columns), list(given.order)
    view.conditions = dict(given.conditions) if given.conditions else None
    view.is_default, view.position = given.is_default, given.position
    view.save()
    return view


def _siblings(obj: CompiledObject, owner_id: uuid.UUID | None) -> Any:
    return ListView.objects.filter(object_id=obj.spec.id, owner_id=owner_id)


def _check_list_view(actor: Actor, obj: CompiledObject, given: ListViewInput, existing: ListView | None = None) -> None:
    """Raise ValidationFailed with everything that is wrong with a list view."""
    errors = label_errors(normal_labels(given.label)) + _column_errors(actor, obj, given.columns)
    errors += _path_errors(actor, obj, "order", [path.removeprefix("-") for path in given.order])
    if not API_NAME.match(given.api_name):
        errors.append(FieldError("api_name", "invalid_type", _("Use lower-case letters, digits and underscores.")))
    elif existing is None:
        owner_id = None if given.is_shared else actor.user_id
        if _siblings(obj, owner_id).filter(api_name=given.api_name).exists():
            errors.append(FieldError("api_name", "not_unique", _("A list view of this name exists already.")))
    if errors:
        raise ValidationFailed(errors)
    bind(from_json(given.conditions), obj, AccessPolicy.of(actor), clean_context(actor))


def _check_layout(obj: CompiledObject, given: LayoutInput) -> None:
    names = [*given.highlights, *(name for item in given.sections for name in item.get("fields", ()))]
    errors = label_errors(normal_labels(given.label))
    errors += [_unknown(name, "fields") for name in names if name not in obj.spec.field_map]
    schema = current_snapshot().spec
    for item in given.related:
        other = schema.object_map.get(item.get("object", ""))
        if other is None or item.get("field") not in other.field_map:
            errors.append(_unknown(f"{item.get('object')}.{item.get('field')}", "related"))
    if errors:
        raise ValidationFailed(errors)


def _column_errors(actor: Actor, obj: CompiledObject, columns: Sequence[str]) -> list[FieldError]:
    if not columns:
        return [FieldError("columns", "required", _("Choose at least one column."))]
    if len(columns) > MAX_COLUMNS:
        return [FieldError("columns", "too_long", _("Choose at most %(max)d columns.") % {"max": MAX_COLUMNS})]
    return _path_errors(actor, obj, "columns", columns)


def _path_errors(actor: Actor, obj: CompiledObject, key: str, paths: Sequence[str]) -> list[FieldError]:
    """Return an error for each path that the caller can't read, in the same words as for one that isn't there."""
    policy = AccessPolicy.of(actor)
    fields = policy.visible_fields(obj) if key == "columns" else policy.readable_fields(obj)
    readable = {item.spec.api_name for item in fields}
    errors = []
    for path in paths:
        first, dot, _rest = path.partition(".")
        lookup = obj.spec.path_map.get(first)
        name = lookup.api_name if dot and lookup else first
        if name not in readable:
            errors.append(_unknown(path, key))
    return errors


def _unknown(name: str, key: str) -> FieldError:
    return FieldError(key, "unknown_field", _("There is no field %(name)s.") % {"name": name}, {"name": name})
