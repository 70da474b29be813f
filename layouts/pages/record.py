"""The page of one record: what it is, where it stands, what belongs to it, what happened to it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import redirect
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.kit.errors import Forbidden, NotFound, PlatformError, ValidationFailed, VersionConflict
from layouts import services
from layouts.generated import is_wide, stage_name
from layouts.pages.access.links import AccessLinks
from layouts.pages.activities.composer import Composer, composer_of
from layouts.pages.activities.timeline import TimelineCard
from layouts.pages.common import ObjectDesk, desk
from layouts.pages.related import RelatedRecords, related_records
from metadata.compiler.compiled import CompiledField
from metadata.field_types.choices import active_choices, find_choice, label_of
from metadata.field_types.stage import LOST, OPEN, WON
from objects import extensions
from objects.access.policy import AccessPolicy
from objects.activities.shipped import FOLLOW_UP
from objects.display import cells
from objects.extensions import RecordAction, RecordPanel
from objects.history.models import RecordChange
from objects.history.selectors import HistoryEntry
from objects.merging.redirects import survivor_of
from objects.query.pages import DisplayRow
from objects.query.query import RecordQuery
from objects.records.guards import seal_of
from objects.records.revealing import may_reveal
from objects.records.rights import rights_on
from objects.records.service import RecordService


@dataclass(frozen=True)
class Detail:
    """One field on the page: its label, and its value as HTML."""

    name: str
    label: str
    value: SafeString
    is_wide: bool = False
    reveal_url: str = ""  # where a masked value is revealed to those who may


@dataclass(frozen=True)
class Step:
    """One stage of the path; `state` is done, now, lost or "" (ahead)."""

    value: str
    label: str
    state: str


@dataclass(frozen=True)
class StagePath:
    """The stages of a record as arrows, and the next open one, if there is any."""

    field: CompiledField
    steps: tuple[Step, ...]
    days: int | None
    following: Step | None


class RecordPage:
    """Everything that the page of one record shows; nothing is read before a template asks for it."""

    def __init__(self, opened: ObjectDesk, row: DisplayRow) -> None:
        self.desk, self.row, self.id = opened, row, row.id

    @property
    def version(self) -> int:
        return self.row.version

    @property
    def title(self) -> str:
        return cells.title(self.desk, self.row.values)

    @cached_property
    def rights(self) -> Mapping[str, bool]:
        """What the caller may do with this very record."""
        actions = ("edit", "delete", "transfer")
        allowed = rights_on(self.desk.policy, self.desk.obj, self.id, actions)
        return {action: action in allowed for action in actions}

    @cached_property
    def seal(self) -> str:
        """Why the record is not edited although the caller might; "" when nothing stands against it."""
        return seal_of(self.desk.obj, self.row.values) if self.rights["edit"] else ""

    @property
    def can_edit(self) -> bool:
        return self.rights["edit"] and not self.seal

    @property
    def access(self) -> AccessLinks:
        """Where it is explained what the caller may do, and who else can."""
        may_ask = self.desk.actor.has_function(MANAGE_USERS) or (self.rights["edit"] and self.rights["transfer"])
        return AccessLinks.of(self.desk.name, self.id, may_ask=may_ask)

    # --- what other parts of the platform offer -----------------------------------------------------------------
    @cached_property
    def actions(self) -> list[RecordAction]:
        return extensions.actions_on(self.desk.actor, self.desk.obj, self.row.values)

    @property
    def panels(self) -> list[RecordPanel]:
        return extensions.panels_beside(self.desk.actor, self.desk.obj, self.row.values)

    # --- fields -----------------------------------------------------------------------------------------------
    @property
    def highlights(self) -> list[Detail]:
        shown = (name for name in self.desk.layout.highlights if not (self.path and name == self.path.field.name))
        return list(self._details(shown))

    @property
    def sections(self) -> Iterator[tuple[str, int, list[Detail]]]:
        for section in self.desk.layout.sections:
            details = list(self._details(section.fields))
            if details:
                yield section.label.text(self.desk.language), section.columns, details

    def _details(self, names: Iterable[str]) -> Iterator[Detail]:
        for name in names:
            field = self.desk.field(name) if name in self.row.values else None
            if field is not None:
                value = cells.cell(self.desk, field, self.row.values[name], self.row.values)
                label = field.spec.label.text(self.desk.language)
                yield Detail(name, label, value, is_wide(field.spec), self._reveal_url(field))

    def _reveal_url(self, field: CompiledField) -> str:
        is_offered = field.type.can_be_revealed and self.row.values[field.name] is not None
        if not is_offered or not may_reveal(self.desk.actor):
            return ""
        return reverse("record-reveal", args=[self.desk.name, self.id, field.name])

    # --- stages -----------------------------------------------------------------------------------------------
    @cached_property
    def path(self) -> StagePath | None:
        """The path of the object's stage field, None when it has none or the caller can't read it."""
        name = stage_name(self.desk.obj.spec)
        if name is None or not self.desk.reads(name):
            return None
        field = self.desk.obj.field(name)
        current, choices = self.row.values[name], active_choices(field.spec)
        steps = _steps(field, [item.value for item in choices], current, self.desk.language)
        following = _following(field, steps, current)
        return StagePath(field, steps, self._days_in_stage(field), following)

    @property
    def can_move(self) -> bool:
        return self.can_edit and self.path is not None and self._may_write(self.path.field.name)

    def _may_write(self, name: str) -> bool:
        return any(field.name == name for field in self.desk.policy.editable_fields(self.desk.obj))

    def _days_in_stage(self, field: CompiledField) -> int | None:
        entered = next((change.at for change in self.changes if _touches(change, field)), None)
        if entered is None and self.changes and self.changes[-1].action == RecordChange.Action.CREATED:
            entered = self.changes[-1].at
        return (self.desk.now - entered).days + 1 if entered else None

    # --- what belongs to it -----------------------------------------------------------------------------------
    @cached_property
    def related(self) -> list[RelatedRecords]:
        return related_records(self.desk, self.id, self.desk.layout.related)

    @property
    def activity_links(self) -> list[tuple[str, str, str]]:
        """Icon, label and address of the forms in which activities are written down; one for each object."""
        lists = related_records(self.desk, self.id, self.desk.layout.activities)
        links = {
            item.desk.name: (item.desk.icon, item.desk.label, item.new_url)
            for item in reversed(lists)
            if item.new_url and not (item.desk.name == FOLLOW_UP and self.composer)
        }
        return list(reversed(links.values()))

    # --- what happened to it ----------------------------------------------------------------------------------
    @cached_property
    def composer(self) -> Composer | None:
        return composer_of(self.desk, self.id)

    @cached_property
    def timeline(self) -> TimelineCard:
        return TimelineCard(self.desk, self.id)

    @property
    def changes(self) -> tuple[HistoryEntry, ...]:
        """The latest changes of the record, as far as the timeline has read them."""
        return self.timeline.page.changes


def open_record(request: HttpRequest, object_name: str, record_id: uuid.UUID, action: str = "read") -> RecordPage:
    """Read a record with every field that the caller may read; raises NotFound and Forbidden."""
    opened = desk(request, object_name)
    query = RecordQuery(opened.actor, object_name).where_ids([record_id])
    rows = query.display(1).rows
    if not rows:
        raise NotFound
    page = RecordPage(opened, rows[0])
    if action != "read":
        opened.policy.require(object_name, action)
        if not page.rights[action]:
            raise Forbidden
    return page


@require_GET
@signed_in
def record(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Show one record; the address of one that was merged leads to the record that has stayed."""
    try:
        page = open_record(request, object_name, record_id)
    except NotFound:
        survivor = survivor_of(object_name, record_id)
        if survivor is None or not AccessPolicy.of(request.actor).can(object_name, "read"):  # type: ignore[attr-defined]
            raise
        return redirect(request, desk(request, object_name).record_url(survivor))
    services.note_opened(page.desk.actor, page.desk.obj.spec.id, page.id, page.desk.now)
    return render(request, "layouts/records/page.html", {"record": page, "desk": page.desk})


@require_POST
@signed_in
def move_stage(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Move a record to another stage of its path, unless somebody changed it since the page was loaded."""
    opened = desk(request, object_name, "edit")
    name, version = stage_name(opened.obj.spec), request.POST.get("version", "")
    if name is None or not opened.reads(name):
        raise NotFound
    try:
        RecordService(opened.actor).update(
            object_name,
            record_id,
            {name: request.POST.get("stage") or None},
            expected_version=int(version) if version.isdigit() else None,
        )
    except VersionConflict:
        messages.warning(request, _("Someone else changed this record meanwhile. Look at it, then move it again."))
    except ValidationFailed as failure:
        messages.error(request, " ".join(error.text for error in failure.errors))
    except NotFound:
        raise
    except PlatformError as error:
        messages.error(request, str(error.message))
    return redirect(request, opened.record_url(record_id))


def _steps(field: CompiledField, values: list[str], current: str | None, language: str) -> tuple[Step, ...]:
    """Return a step for each stage: those before the present one are done, unless the deal is lost."""
    if current and current not in values:
        values = [current, *values]  # a retired stage stays where it is
    category, place = _category(field, current), values.index(current) if current in values else -1
    steps = []
    for number, value in enumerate(values):
        state = ""
        if value == current:
            state = "lost" if category == LOST else "now"
        elif number < place and category != LOST and _category(field, value) == OPEN:
            state = "done"
        steps.append(Step(value, label_of(find_choice(field.spec, value), value, language), state))
    return tuple(steps)


def _following(field: CompiledField, steps: tuple[Step, ...], current: str | None) -> Step | None:
    """Return the next stage on the way to winning; None when the deal is closed."""
    if _category(field, current) != OPEN:
        return None
    place = next((number for number, step in enumerate(steps) if step.value == current), -1)
    ahead = (step for step in steps[place + 1 :] if _category(field, step.value) in (OPEN, WON))
    return next(ahead, None)


def _category(field: CompiledField, value: str | None) -> str:
    category: str = field.type.category(field.spec, value)  # type: ignore[attr-defined]
    return category


def _touches(entry: HistoryEntry, field: CompiledField) -> bool:
    return any(change.field_id == field.spec.id for change in entry.changes)
