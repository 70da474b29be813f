"""Merging records side by side: whose value each field takes, what is moved, the merge itself, and its undo."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import redirect
from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, PlatformError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from layouts.pages.common import ObjectDesk, desk
from metadata.compiler.current import current_snapshot
from metadata.compiler.snapshot import SchemaSnapshot
from objects.display import cells
from objects.merging.models import Merge
from objects.merging.moving import count_pointing
from objects.merging.rights import may_merge, require_merge
from objects.merging.service import MAX_LOSERS, merge
from objects.merging.undoing import UNDO_DAYS, can_undo, undo
from objects.merging.values import TOGETHER, is_many, mergeable_fields, told_counts
from objects.query.pages import DisplayRow
from objects.query.query import RecordQuery


@dataclass(frozen=True)
class Option:
    """One record's value of a field."""

    record_id: str
    cell: SafeString | str
    is_chosen: bool


@dataclass(frozen=True)
class MergeRow:
    """A field in which the records differ, with everybody's value."""

    name: str
    label: str
    options: tuple[Option, ...]
    can_be_together: bool
    is_together: bool


@dataclass(frozen=True)
class Column:
    """One of the records."""

    id: str
    title: str
    url: str
    is_survivor: bool
    moved: int


@signed_in
def record_merge(request: HttpRequest, object_name: str) -> HttpResponse:
    """Show the records side by side; carry the merge out once it is confirmed."""
    opened = desk(request, object_name, "edit")
    require_merge(opened.policy, object_name)
    chosen = request.POST.getlist("ids") or request.GET.get("ids", "").split(",")
    if request.method == "POST" and not 2 <= len(set(chosen)) <= MAX_LOSERS + 1:
        messages.error(request, _("Select two to %(max)d records to merge.") % {"max": MAX_LOSERS + 1})
        return redirect(request, opened.list_url)
    rows = _rows(opened, chosen)
    given = request.POST if request.method == "POST" else request.GET
    survivor = next((row for row in rows if str(row.id) == given.get("survivor")), rows[0])
    choices = {name[6:]: str(value) for name, value in request.POST.items() if name.startswith("field:")}
    if request.method == "POST" and "_merge" in request.POST:
        losers = [row.id for row in rows if row.id != survivor.id]
        try:
            done = merge(opened.actor, object_name, survivor.id, losers, choices)
        except ValidationFailed as failed:
            return _show(request, opened, rows, survivor, choices, [error.text for error in failed.errors])
        except PlatformError as error:
            if error.status in (403, 404):
                raise
            return _show(request, opened, rows, survivor, choices, [str(error.message)])
        messages.success(request, _("The records are merged."))
        return redirect(request, reverse("merge", args=[done.merge_id]))
    return _show(request, opened, rows, survivor, choices, [])


@require_GET
@signed_in
def merge_detail(request: HttpRequest, merge_id: uuid.UUID) -> HttpResponse:
    """What a merge has done, and the way back."""
    actor = request.actor  # type: ignore[attr-defined]
    row, object_name = _merge(merge_id)
    opened = desk(request, object_name)
    survivor = RecordQuery(actor, object_name).where_ids([row.survivor_id]).display(1).rows
    if not survivor:
        raise NotFound
    context = {
        "desk": opened,
        "merge": row,
        "title": cells.title(opened, survivor[0].values),
        "url": opened.record_url(row.survivor_id),
        "who": User.objects.filter(pk=row.actor_id or uuid.UUID(int=0)).values_list("name", flat=True).first(),
        "moved": shown_counts(actor, row.counts.get("moved", {})),
        "kept": shown_counts(actor, row.counts.get("kept", {})),
        "can_undo": can_undo(row, opened.now) and may_merge(opened.policy, object_name),
        "days": UNDO_DAYS,
    }
    return render(request, "layouts/duplicates/merge.html", context)


@require_POST
@signed_in
def merge_undo(request: HttpRequest, merge_id: uuid.UUID) -> HttpResponse:
    """Bring the merged records back."""
    actor = request.actor  # type: ignore[attr-defined]
    row, object_name = _merge(merge_id)
    try:
        undo(actor, row.pk)
    except PlatformError as error:
        if error.status in (403, 404):
            raise
        messages.error(request, str(error.message))
        return redirect(request, reverse("merge", args=[merge_id]))
    messages.success(request, _("The merge is undone."))
    return redirect(request, desk(request, object_name).record_url(row.survivor_id))


def _merge(merge_id: uuid.UUID) -> tuple[Merge, str]:
    row = Merge.objects.filter(pk=merge_id).first()
    spec = current_snapshot().spec.object_by_id.get(row.object_id) if row else None
    if row is None or spec is None:
        raise NotFound
    return row, spec.api_name


def _rows(opened: ObjectDesk, given: Sequence[str]) -> list[DisplayRow]:
    """Return the records to merge, in the order given; raises NotFound unless there are two to five."""
    ids = [found for item in dict.fromkeys(given) if (found := parse_uuid(item)) is not None]
    if not 2 <= len(ids) <= MAX_LOSERS + 1:
        raise NotFound
    rows = RecordQuery(opened.actor, opened.name).where_ids(ids).display(len(ids)).rows
    if len(rows) < len(ids):
        raise NotFound
    return sorted(rows, key=lambda row: ids.index(row.id))


def _show(
    request: HttpRequest,
    opened: ObjectDesk,
    rows: Sequence[DisplayRow],
    survivor: DisplayRow,
    choices: Mapping[str, str],
    errors: list[str],
) -> HttpResponse:
    snapshot = current_snapshot()
    columns = [
        Column(
            str(row.id),
            cells.title(opened, row.values),
            opened.record_url(row.id),
            row.id == survivor.id,
            sum(count_pointing(snapshot, opened.obj, [row.id]).values()),
        )
        for row in rows
    ]
    context = {
        "desk": opened,
        "columns": columns,
        "rows": _differing(opened, rows, survivor, choices),
        "ids": ",".join(column.id for column in columns),
        "moved": shown_counts(opened.actor, _pointing(snapshot, opened, rows, survivor)),
        "errors": errors,
        "together": TOGETHER,
        "days": UNDO_DAYS,
        "survivor": survivor.id,
    }
    return render(request, "layouts/duplicates/merge_form.html", context, status=422 if errors else 200)


def _pointing(
    snapshot: SchemaSnapshot, opened: ObjectDesk, rows: Sequence[DisplayRow], survivor: DisplayRow
) -> Mapping[str, int]:
    return count_pointing(snapshot, opened.obj, [row.id for row in rows if row.id != survivor.id])


def _differing(
    opened: ObjectDesk, rows: Sequence[DisplayRow], survivor: DisplayRow, choices: Mapping[str, str]
) -> list[MergeRow]:
    """Return the fields in which the records differ, with the value chosen that a merge would take."""
    others = sorted((row for row in rows if row.id != survivor.id), key=_changed_at, reverse=True)
    found = []
    for field in mergeable_fields(opened.policy, opened.obj):
        values = [row.values.get(field.name) for row in rows]
        if all(value == values[0] for value in values):
            continue
        filled = [row for row in (survivor, *others) if row.values.get(field.name) not in (None, "", (), [])]
        many = is_many(field, values) and len(filled) > 1
        usual = TOGETHER if many else str((filled or [survivor])[0].id)
        chosen = choices.get(field.name) or usual
        options = tuple(
            Option(
                str(row.id), cells.cell(opened, field, row.values.get(field.name), row.values), chosen == str(row.id)
            )
            for row in rows
        )
        label = field.spec.label.text(opened.language)
        found.append(MergeRow(field.name, label, options, many, chosen == TOGETHER))
    return found


def _changed_at(row: DisplayRow) -> Any:
    return row.values["updated_at"]


def shown_counts(actor: Actor, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return numbers of rows by object and field, as far as these exist for the reader."""
    objects, found, language = current_snapshot().spec.object_map, [], actor.language
    for path, number in told_counts(actor, counts).items():
        object_name, _dot, field_name = path.partition(".")
        spec = objects.get(object_name)
        field = spec.field_map.get(field_name) if spec else None
        if spec is not None and field is not None:
            label = (spec.plural_label or spec.label).text(language)
            found.append({"object": label, "field": field.label.text(language), "number": number, "icon": spec.icon})
    return found
