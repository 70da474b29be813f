"""The composer of a record: writing down a follow-up where one reads what came before."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment, redirect
from crm_platform.kit.errors import NotFound, PlatformError, ValidationFailed
from layouts.generated import lookups_to
from layouts.pages.activities.timeline import METHODS, ShownEntry
from layouts.pages.common import ObjectDesk, desk
from layouts.pages.record_form import RecordForm
from layouts.pages.typed_names import resolve_typed
from metadata.compiler.compiled import CompiledField
from metadata.compiler.current import current_snapshot
from metadata.field_types.choices import active_choices
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import Reference
from objects.activities.services import FollowUpInput, LoggedFollowUp, log_follow_up, may_log
from objects.activities.shipped import FOLLOW_UP
from objects.activities.timeline import Filters, Timeline
from objects.display import cells
from objects.display.names import names_of
from objects.query.query import RecordQuery

METHOD, CONTENT, CONTACT, MENTIONED, FILES = "method", "content", "contact_id", "mentioned_ids", "files"
NEXT_CONTACT, NEXT_PLAN = "next_contact_at", "next_plan"
NAMES = (METHOD, CONTENT, CONTACT, MENTIONED, FILES, NEXT_CONTACT, NEXT_PLAN)
MEMBERS = {MENTIONED: "mentions"}  # of FollowUpInput, where they are called differently
CONTACT_OBJECT = "contact"
WORK_BEGINS = time(9)


class Composer:
    """The form in which a follow-up on a record is written down; with `data` as it was sent."""

    def __init__(self, about: ObjectDesk, record_id: uuid.UUID, data: Any = None) -> None:
        self.about, self.id = about, record_id
        self.desk = ObjectDesk(about.actor, FOLLOW_UP, "create", now=about.now)
        fields = tuple(self._fields())
        sent = resolve_typed(self.desk, fields, data) if data is not None else None
        self.form = RecordForm(self.desk.obj, fields, self.desk.display(), values=self._starting(fields), data=sent)

    @property
    def url(self) -> str:
        return reverse("record-follow-up", args=[self.about.name, self.id])

    @property
    def back_url(self) -> str:
        return self.about.record_url(self.id)

    @property
    def methods(self) -> list[tuple[str, str, str, bool]]:
        """Value, label, icon, and whether it is chosen, of the ways to follow up."""
        if METHOD not in self.form.fields:
            return []
        chosen = self.form[METHOD].value()
        signs = {sign.value: sign.icon for sign in METHODS}
        spec = self.desk.obj.field(METHOD).spec
        return [
            (
                item.value,
                item.label.text(self.desk.language),
                signs.get(item.value, self.desk.icon),
                item.value == chosen,
            )
            for item in active_choices(spec)
        ]

    @property
    def mentioned(self) -> list[tuple[str, str]]:
        """Ids and names of the people whom a form that came back mentions."""
        if not self.form.is_bound or MENTIONED not in self.form.fields:
            return []
        sent: Any = self.form.data
        links = [Reference("user", item) for item in map(_as_id, sent.getlist(MENTIONED)) if item]
        return [(str(key), name) for key, name in names_of(self.desk.actor, links).items()]

    @property
    def quick_times(self) -> list[tuple[str, str]]:
        """Labels and values of the times that are one click away."""
        now = self.desk.now.astimezone(self.desk.actor.zone)
        monday = 7 - now.weekday()
        offered = ((_("Tomorrow"), 1), (_("In 3 days"), 3), (_("Next Monday"), monday))
        days = (
            (label, datetime.combine(now.date() + timedelta(days=number), WORK_BEGINS)) for label, number in offered
        )
        return [(label, at.strftime("%Y-%m-%dT%H:%M")) for label, at in days]

    @cached_property
    def has_errors(self) -> bool:
        return self.form.is_bound and bool(self.form.errors)

    def save(self) -> LoggedFollowUp | None:
        """Write it down; None, with every error in the form, when something is wrong with it."""
        is_valid, given = self.form.is_valid(), self._given()
        try:
            logged = log_follow_up(self.desk.actor, self.about.name, self.id, given, dry_run=not is_valid)
        except ValidationFailed as failure:
            self.form.show_errors(_by_field(failure))
            return None
        except NotFound:
            raise
        except PlatformError as error:
            self.form.add_error(None, str(error.message))
            return None
        return logged if is_valid else None

    def _given(self) -> FollowUpInput:
        values: dict[str, Any] = {MEMBERS.get(name, name): value for name, value in self.form.submitted().items()}
        return FollowUpInput(**{CONTENT: "", **{name: value for name, value in values.items() if value}})

    def _fields(self) -> Iterator[CompiledField]:
        editable = {field.name: field for field in self.desk.policy.editable_fields(self.desk.obj, for_create=True)}
        for name in NAMES:
            if name in editable and (name != CONTACT or self._has_contacts()):
                yield editable[name]

    def _has_contacts(self) -> bool:
        """Tell whether records of the object have people of their own with whom one spoke."""
        schema = current_snapshot().spec
        return any(
            other.api_name == CONTACT_OBJECT for other, _field in lookups_to(self.about.obj.spec, schema)
        ) or any(item.settings.get("target") == CONTACT_OBJECT for item in self.about.obj.spec.business_fields)

    def _starting(self, fields: tuple[CompiledField, ...]) -> Mapping[str, Any]:
        ctx = clean_context(self.desk.actor, now=self.desk.now)
        return {field.name: field.type.default(field.spec, ctx) for field in fields}


def composer_of(about: ObjectDesk, record_id: uuid.UUID) -> Composer | None:
    """Return the composer of a record; None where the caller writes down no follow-ups on it."""
    return Composer(about, record_id) if may_log(about.actor, about.name) else None


@signed_in
def follow_up(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Write down a follow-up: from the record's page as a fragment, else on a page of its own."""
    opened = desk(request, object_name)
    query = RecordQuery(opened.actor, object_name)
    values = query.fields("id", *query.name_fields()).show(record_id)
    if not may_log(opened.actor, object_name):
        raise NotFound
    composer = Composer(opened, record_id, request.POST if request.method == "POST" else None)
    logged = composer.save() if request.method == "POST" else None
    context = {"composer": composer, "desk": opened, "title": cells.title(opened, values)}
    if logged is None:
        return _ask(request, composer, context)
    messages.success(request, _("Follow-up saved; the task is in your list.") if logged.task else _("Follow-up saved."))
    if not is_fragment(request):
        return redirect(request, composer.back_url)
    fresh = {"composer": Composer(opened, record_id), "item": _entry(opened, record_id, logged), "is_swapped": True}
    return render(request, "layouts/activities/logged.html", fresh)


def _ask(request: HttpRequest, composer: Composer, context: Mapping[str, Any]) -> HttpResponse:
    status = 422 if composer.form.is_bound else 200
    if not is_fragment(request):
        return render(request, "layouts/activities/composer_page.html", context, status=status)
    response = render(request, "layouts/activities/composer.html", context, status=status)
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#composer", "outerHTML"
    return response


def _entry(opened: ObjectDesk, record_id: uuid.UUID, logged: LoggedFollowUp) -> ShownEntry | None:
    """Return the new follow-up as an entry of the timeline; None where its writer may not read it."""
    page = Timeline(opened.actor, opened.name, record_id, Filters(FOLLOW_UP), now=opened.now).page()
    return next((ShownEntry(entry) for entry in page.entries if entry.id == logged.record.id), None)


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _by_field(failure: ValidationFailed) -> ValidationFailed:
    """Return a failure of the service with its errors at the fields of the form."""
    names = {member: name for name, member in MEMBERS.items()}
    return ValidationFailed(
        [replace(error, field=names.get(error.field or "", error.field)) for error in failure.errors]
    )
