"""What pools put onto the pages of records: giving back, moving, assigning, and a card that says where a record is."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect as plain_redirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment, redirect
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import Forbidden, NotFound, PlatformError
from metadata.field_types import widgets
from objects.display.cells import title
from objects.display.desk import RecordDesk
from objects.query.query import RecordQuery
from workflows.pools.models import Pool
from workflows.pools.movements import movements_of
from workflows.pools.outcomes import OK, Outcome
from workflows.pools.recycling.countdown import badge, due_dates
from workflows.pools.services import claiming
from workflows.pools.services.seats import Seat, pools_of
from workflows.pools.views.common import dialog, report, selected, show_refusal, way_back
from workflows.pools.views.taking import AssignForm, PoolForm

MOVEMENTS = 6
OWNER, POOL = "owner_id", "pool_id"


class ReleaseForm(forms.Form):
    """To which pool records go back, and why; each pool may have reasons of its own to choose from."""

    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=300)

    def __init__(self, data: Any, pools: Sequence[Pool], current: Pool | None) -> None:
        super().__init__(data)
        self.pools = {str(pool.pk): pool for pool in pools}
        self.fields["to_pool"] = forms.ChoiceField(
            label=_("Pool"),
            choices=[(key, pool.label) for key, pool in self.pools.items()],
            initial=str(current.pk) if current else None,
            widget=widgets.Select,
        )
        free = [key for key, pool in self.pools.items() if not pool.reasons]
        if free:
            text = forms.CharField(label=_("Reason"), required=False, max_length=80)
            text.widget.attrs["data-show-when"] = f"to_pool={','.join(free)}"
            self.fields["reason"] = text
        for key, pool in self.pools.items():
            if pool.reasons:
                choices = [("", _("Choose a reason")), *((reason, reason) for reason in pool.reasons)]
                field = forms.ChoiceField(label=_("Reason"), choices=choices, required=False, widget=widgets.Select)
                field.widget.attrs["data-show-when"] = f"to_pool={key}"
                self.fields[f"reason_{key}"] = field
        self.order_fields(["to_pool", *(name for name in self.fields if name.startswith("reason")), "note"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        name = self._reason_of(cleaned.get("to_pool", ""))
        if name.startswith("reason_") and name not in self.errors and not cleaned.get(name):
            self.add_error(name, _("Choose a reason."))
        return cleaned

    @property
    def pool(self) -> Pool:
        return self.pools[self.cleaned_data["to_pool"]]

    @property
    def reason(self) -> str:
        return str(self.cleaned_data.get(self._reason_of(self.cleaned_data["to_pool"])) or "")

    def _reason_of(self, key: str) -> str:
        return f"reason_{key}" if f"reason_{key}" in self.fields else "reason"


class Held:
    """Some records of an object with their owners and pools, as far as the caller sees them."""

    def __init__(self, request: ActorRequest, object_name: str, ids: Iterable[uuid.UUID]) -> None:
        self.request = request
        self.desk = RecordDesk(request.actor, object_name)
        if not self.desk.obj.spec.has_pools:
            raise NotFound
        wanted = list(ids)
        query = RecordQuery(request.actor, object_name).where_ids(wanted)
        fields = ("id", OWNER, POOL, *query.name_fields())
        rows = query.fields(*fields).display(len(wanted) or 1).rows if wanted else []
        by_id = {row.id: row.values for row in rows}
        self.values = {item: by_id[item] for item in wanted if item in by_id}
        self.seats = {held.pool.pk: held for held in pools_of(request.actor, object_name)}

    @property
    def ids(self) -> list[uuid.UUID]:
        return list(self.values)

    @property
    def mine(self) -> list[uuid.UUID]:
        me = self.request.actor.user_id
        return [item for item, values in self.values.items() if values[OWNER] and values[OWNER].id == me]

    def pool_of(self, record_id: uuid.UUID) -> Pool | None:
        found = as_id(self.values[record_id][POOL])
        return Pool.objects.filter(pk=found).first() if found else None

    def by_pool(self, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
        """Return records by the pool to which they belong, of the pools whose administrator the caller is."""
        found: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
        for item in ids:
            key = as_id(self.values[item][POOL])
            if key in self.seats and self.seats[key].is_admin:
                found[key].append(item)
        return found


def as_id(value: Any) -> uuid.UUID | None:
    """Return a pool's id as records show it."""
    return uuid.UUID(str(value)) if value else None


def seat_of(actor: Any, object_name: str, values: Any) -> Seat | None:
    """Return the caller's seat at the pool of a record."""
    key = as_id(values.get(POOL))
    return next((held for held in pools_of(actor, object_name) if held.pool.pk == key), None) if key else None


# --- giving back ----------------------------------------------------------------------------------------------
@signed_in
def release_record(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Ask why and to which pool, then give a record back."""
    held = _one(request, object_name, record_id)
    return _release(request, held)


@require_POST
@signed_in
def release_selected(request: ActorRequest, object_name: str) -> HttpResponse:
    """Ask why and to which pool, then give the selected records back."""
    return _release(request, Held(request, object_name, selected(request)))


def _release(request: ActorRequest, held: Held) -> HttpResponse:
    """Owners, and those who may transfer, give back; administrators of its pool take back what others hold."""
    current = held.pool_of(held.ids[0]) if held.ids else None
    pools = targets(held, current)
    form = ReleaseForm(request.POST if "is_sent" in request.POST else None, pools, current)

    def act() -> list[Outcome]:
        given = {"reason": form.reason, "note": form.cleaned_data["note"]}
        groups = held.by_pool(item for item in held.ids if item not in held.mine)
        taken = {item for ids in groups.values() for item in ids}
        given_up = [item for item in held.ids if item not in taken]
        done = claiming.release(request.actor, held.desk.name, given_up, pool_id=form.pool.pk, **given)
        for pool_id, ids in groups.items():
            done = [*done, *claiming.recall(request.actor, pool_id, ids, **given)]
        return done

    return _carry_out(request, held, form, act, (_("Give back to the pool"), _("Give back")))


def targets(held: Held, current: Pool | None) -> list[Pool]:
    """Return the pools to which records may go back: their own first, then those that the caller knows."""
    known = [item.pool for item in held.seats.values()]
    own = [current] if current and current.is_active and current.pk not in held.seats else []
    return [*own, *known] or list(Pool.objects.filter(business_object=held.desk.obj.spec.id, is_active=True)[:1])


# --- administrators -------------------------------------------------------------------------------------------
@signed_in
def assign_record(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Ask for the new owner of a record, as administrator of its pool."""
    return _assign(request, _one(request, object_name, record_id))


@require_POST
@signed_in
def assign_selected(request: ActorRequest, object_name: str) -> HttpResponse:
    """Ask for the new owner of the selected records, as administrator of their pools."""
    return _assign(request, Held(request, object_name, selected(request)))


def _assign(request: ActorRequest, held: Held) -> HttpResponse:
    groups = _require_admin(held)
    form = AssignForm(request.POST if "is_sent" in request.POST else None, language=held.desk.language)

    def act() -> list[Outcome]:
        owner = form.cleaned_data["owner_id"]
        return [item for key, ids in groups.items() for item in claiming.assign(request.actor, key, ids, owner)]

    return _carry_out(request, held, form, act, (_("Assign to …"), _("Assign")))


@signed_in
def move_record(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Ask for another pool of a record, as administrator of the present one."""
    held = _one(request, object_name, record_id)
    groups = _require_admin(held)
    present = held.pool_of(record_id)
    pools = [item.pool for item in held.seats.values() if present is None or item.pool.pk != present.pk]
    form = PoolForm(request.POST if "is_sent" in request.POST else None, pools=pools)

    def act() -> list[Outcome]:
        data = form.cleaned_data
        return [
            item
            for key, ids in groups.items()
            for item in claiming.move(request.actor, key, ids, data["to_pool"].pk, note=data["note"])
        ]

    return _carry_out(request, held, form, act, (_("Move to another pool"), _("Move")))


def _require_admin(held: Held) -> dict[uuid.UUID, list[uuid.UUID]]:
    groups = held.by_pool(held.ids)
    if held.ids and not groups:
        raise Forbidden
    return groups


def _one(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> Held:
    held = Held(request, object_name, [record_id])
    if not held.ids:
        raise NotFound
    return held


def _carry_out(request: ActorRequest, held: Held, form: forms.Form, act: Any, texts: tuple[str, str]) -> HttpResponse:
    """Show the dialog of an order, or carry it out and go back to where the records are still seen."""
    fallback = held.desk.list_url
    if held.ids and form.is_bound and form.is_valid():
        try:
            outcomes = act()
        except PlatformError as refused:
            show_refusal(form, refused)
        else:
            count = sum(outcome.status == OK for outcome in outcomes)
            text = ngettext("Done for %(count)d record.", "Done for %(count)d records.", count) % {"count": count}
            report(request, outcomes, text)
            return redirect(request, _still_seen(request, held) or fallback)
    first = held.ids[:1]
    context = {
        "desk": held.desk,
        "form": form,
        "ids": held.ids,
        "title": title(held.desk, held.values[first[0]]) if len(held.ids) == 1 else "",
        "heading": texts[0],
        "button": texts[1],
        "action_url": request.path,
        "next_url": way_back(request, fallback),
    }
    return dialog(request, context, 422 if form.is_bound else 200)


def _still_seen(request: ActorRequest, held: Held) -> str:
    """Return the way back unless it is the page of a record that is out of sight now."""
    back = way_back(request, "")
    for item in held.ids:
        if str(item) in back and not RecordQuery(request.actor, held.desk.name).visible_ids([item]):
            return ""
    return back


# --- beside a record ------------------------------------------------------------------------------------------
@require_safe
@signed_in
def record_panel(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Show the card beside a record: its pool, how long it stays, where it has been."""
    held = _one(request, object_name, record_id)
    pool, values = held.pool_of(record_id), held.values[record_id]
    due = due_dates(held.desk.obj, [record_id], held.desk.now, request.actor).get(record_id)
    context = {
        "desk": held.desk,
        "pool": pool,
        "pool_url": reverse("pool", args=[pool.pk]) if pool and pool.pk in held.seats else "",
        "is_waiting": values[OWNER] is None,
        "due": due,
        "badge": badge(due, request.actor) if due else "",
        "movements": movements_of(held.desk.obj.spec.id, record_id, MOVEMENTS),
        "title": title(held.desk, values),
        "record_url": held.desk.record_url(record_id),
    }
    name = "panel" if is_fragment(request) else "panel_page"
    return render(request, f"workflows/records/{name}.html", context)


@require_safe
@signed_in
def in_pool(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Lead from a record's own page to the pool in which it waits."""
    held = _one(request, object_name, record_id)
    place = as_id(held.values[record_id][POOL])
    if place is None or held.values[record_id][OWNER] is not None:
        return plain_redirect(held.desk.record_url(record_id))
    return plain_redirect("pool-record", pool_id=place, waiting_id=record_id)
