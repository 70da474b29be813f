"""What the record that is chosen would take in of a lead, told before the lead is converted."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from crm_platform.kit.errors import NotFound
from crm_platform.kit.ids import parse_uuid
from layouts.pages.common import ObjectDesk, desk
from layouts.pages.converting.columns import OTHER
from objects.conversion.inputs import EXISTING
from objects.conversion.mapping import LEAD
from objects.conversion.proposing import taken_in
from objects.conversion.taking import Change
from objects.conversion.values import EMPTY
from objects.display import cells
from objects.display.names import with_names


@dataclass(frozen=True)
class ShownChange:
    """One field that changes, as the caller reads it."""

    label: str
    before: SafeString | str
    after: SafeString | str


@require_safe
@signed_in
def convert_changes(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Return what would be changed, for the form as it stands; nothing where no record is chosen."""
    if object_name != LEAD:
        raise NotFound
    opened, target = desk(request, LEAD), request.GET.get("target", "")
    chosen = _chosen(request, target)
    found = taken_in(opened.actor, record_id, target, chosen, request.GET.get(f"{target}-values", "")) if chosen else ()
    shown = [_shown(desk(request, target), item) for item in found]
    return render(request, "layouts/converting/changes.html", {"changes": shown, "chosen": chosen})


def _chosen(request: HttpRequest, target: str) -> uuid.UUID | None:
    if request.GET.get(f"{target}-mode") != EXISTING:
        return None
    picked = request.GET.get(f"{target}-pick", OTHER)
    return parse_uuid(request.GET.get(f"{target}-existing") if picked == OTHER else picked)


def _shown(opened: ObjectDesk, item: Change) -> ShownChange:
    values = with_names(opened.actor, {"before": item.before, "after": item.after})
    label = item.field.spec.label.text(opened.language)
    before = "" if item.before in EMPTY else cells.cell(opened, item.field, values["before"], {})
    after = cells.cell(opened, item.field, values["after"], {}) if item.is_shown else _("(a value you may not see)")
    return ShownChange(label, before, after)
