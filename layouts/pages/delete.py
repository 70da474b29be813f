"""Deleting a record, and the trash from which it comes back."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment, redirect
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import PlatformError
from layouts.pages.common import ObjectDesk, safe_next
from layouts.pages.record import open_record
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from objects.display import cells
from objects.display.desk import plural_label
from objects.query.pages import DisplayRow
from objects.query.query import RecordQuery
from objects.records import family
from objects.records.models import Deletion
from objects.records.service import RecordService

PAGE_SIZE = 50
SCANNED = 500  # deletions looked at for those that the caller may see


@dataclass(frozen=True)
class Deleted:
    """One deletion in the trash: the record that was chosen, and what went with it."""

    id: uuid.UUID
    icon: str
    object_label: str
    title: str
    at: datetime
    who: str
    others: str
    can_restore: bool


@signed_in
def record_delete(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Ask, naming what goes with the record; then move it to the trash."""
    page = open_record(request, object_name, record_id, "delete")
    if request.method != "POST":
        template = "layouts/records/delete.html" if is_fragment(request) else "layouts/records/delete_page.html"
        return render(request, template, {"record": page, "desk": page.desk, **_consequences(page.desk, record_id)})
    try:
        deletion_id = RecordService(page.desk.actor).delete(object_name, record_id)
    except PlatformError as error:
        if error.status in (403, 404):
            raise
        messages.error(request, str(error.message))
        return redirect(request, page.desk.record_url(record_id))
    can_restore = page.desk.policy.can(object_name, "restore")
    messages.success(request, undo_message(page.title, deletion_id) if can_restore else _in_trash(page.title))
    return redirect(request, safe_next(request, page.desk.list_url))


@require_GET
@signed_in
def trash(request: HttpRequest) -> HttpResponse:
    """Show what is in the trash: what the caller deleted, or everything that he may see."""
    actor = request.actor  # type: ignore[attr-defined]
    is_all = request.GET.get("show") == "all"
    deletions = Deletion.objects.order_by("-at")
    rows = deletions if is_all else deletions.filter(actor_id=actor.user_id)
    found = _deleted(actor, list(rows[:SCANNED]))
    shown = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    tabs = [
        {"label": _("Deleted by me"), "url": "?", "is_active": not is_all, "count": None},
        {"label": _("Everything I may see"), "url": "?show=all", "is_active": is_all, "count": None},
    ]
    return render(request, "layouts/trash/page.html", {"shown": shown, "tabs": tabs})


@require_POST
@signed_in
def restore(request: HttpRequest, deletion_id: uuid.UUID) -> HttpResponse:
    """Bring back everything that one deletion took."""
    try:
        count = RecordService(request.actor).restore(deletion_id)  # type: ignore[attr-defined]
    except PlatformError as error:
        if error.status in (403, 404):
            raise
        messages.error(request, str(error.message))
    else:
        text = ngettext("%(count)d record was restored.", "%(count)d records were restored.", count)
        messages.success(request, text % {"count": count})
    return redirect(request, safe_next(request, "/trash/"))


def undo_message(title: str, deletion_id: uuid.UUID) -> str:
    """Return the toast after a delete, with a button that sends the page's undo form."""
    return format_html(
        '{} <button type="submit" class="link-button" form="undo-form" formaction="/trash/{}/restore">{}</button>',
        _in_trash(title),
        deletion_id,
        _("Undo"),
    )


def _in_trash(title: str) -> str:
    return _("“%(title)s” is in the trash.") % {"title": title}


def _consequences(desk: ObjectDesk, record_id: uuid.UUID) -> dict[str, Any]:
    """Return what goes with a record, and what forbids deleting it ("" when nothing does)."""
    snapshot = current_snapshot()
    found = family.collect(snapshot, desk.obj.spec, [record_id], lock=False)
    counts = {object_id: len(ids) for object_id, ids in found.items()}
    counts[desk.obj.spec.id] -= 1
    link = family.forbidding(snapshot, found)
    is_known = link is not None and desk.policy.can(link.child.api_name, "read")
    holder = plural_label(link.child).text(desk.language) if link and is_known else _("Other records")
    return {"others": _counted(counts, desk), "held_by": holder if link else ""}


def _counted(counts: dict[int, int], desk: ObjectDesk) -> list[str]:
    """Return "3 Contacts" for each object; one that the caller may not know is not named."""
    hidden, texts = 0, []
    for object_id, count in counts.items():
        if not count:
            continue
        spec = current_snapshot().spec.object_by_id.get(object_id)
        if spec is None or not desk.policy.can(spec.api_name, "read"):
            hidden += count
            continue
        texts.append(f"{count} {plural_label(spec).text(desk.language)}")
    return [*texts, _("%(count)d other records") % {"count": hidden}] if hidden else texts


def _deleted(actor: Actor, rows: list[Deletion]) -> list[Deleted]:
    """Return the deletions whose chosen record the caller may see; one read per object."""
    by_object: dict[int, list[uuid.UUID]] = defaultdict(list)
    for row in rows:
        by_object[row.object_id].append(row.record_id)
    found: dict[tuple[int, uuid.UUID], tuple[ObjectDesk, DisplayRow]] = {}
    for object_id, ids in by_object.items():
        spec = current_snapshot().spec.object_by_id.get(object_id)
        if spec is not None and AccessPolicy.of(actor).can(spec.api_name, "read"):
            desk = ObjectDesk(actor, spec.api_name)
            query = RecordQuery(actor, desk.name).trash().where_ids(ids).fields("deleted_by_id", *desk.name_fields)
            found |= {(object_id, shown.id): (desk, shown) for shown in query.display(len(ids))}
    known = ((row, found.get((row.object_id, row.record_id))) for row in rows)
    return [_entry(row, *pair) for row, pair in known if pair]


def _entry(row: Deletion, desk: ObjectDesk, shown: DisplayRow) -> Deleted:
    counts = {int(key): count for key, count in row.counts.items()}
    counts[row.object_id] = counts.get(row.object_id, 1) - 1
    who = shown["deleted_by_id"].name if shown["deleted_by_id"] else ""
    others = ", ".join(_counted(counts, desk))
    can_restore = desk.policy.can(desk.name, "restore")
    return Deleted(row.id, desk.icon, desk.label, cells.title(desk, shown.values), row.at, who, others, can_restore)
