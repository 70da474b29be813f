"""My tasks: what is open by when it is due, added and done without leaving the page; for managers their people's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.forms import DateInput
from crm_platform.console.htmx import is_fragment, redirect
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, PlatformError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.field_types.values import Reference
from objects.access.policy import AccessPolicy
from objects.activities.services import complete_task, reopen_task
from objects.activities.shipped import DUE, NAME, OWNER, PRIORITY, RELATED, STATUS, TASK, open_desk
from objects.activities.tasks import OVERDUE, TODAY, TaskGroup, TaskList, open_tasks
from objects.display import cells
from objects.display.desk import RecordDesk
from objects.query.pages import DisplayRow
from objects.query.query import RecordQuery
from objects.records.service import RecordService

ALL = "all"


class QuickTask(forms.Form):
    """A task in one line."""

    name = forms.CharField(label=gettext_lazy("What is to be done"), max_length=120)
    due_on = forms.DateField(label=gettext_lazy("Due on"), widget=DateInput, required=False)


@dataclass(frozen=True)
class TaskLine:
    """A task as the page shows it."""

    desk: RecordDesk
    row: DisplayRow
    key: str = ""  # of its period
    is_done: bool = False

    @property
    def title(self) -> str:
        return cells.title(self.desk, self.row.values)

    @property
    def url(self) -> str:
        return self.desk.record_url(self.row.id)

    @property
    def complete_url(self) -> str:
        return reverse("task-complete", args=[self.row.id])

    @property
    def reopen_url(self) -> str:
        return reverse("task-reopen", args=[self.row.id])

    @cached_property
    def related(self) -> SafeString:
        return self._cell(RELATED)

    @cached_property
    def priority(self) -> SafeString:
        return self._cell(PRIORITY)

    @property
    def owner(self) -> Reference | None:
        return self.row.values.get(OWNER)

    @property
    def due(self) -> str:
        value: date | None = self.row.values.get(DUE)
        return date_format(value, "MONTH_DAY_FORMAT") if value and self.key != TODAY else ""

    @property
    def is_late(self) -> bool:
        return self.key == OVERDUE

    def _cell(self, name: str) -> SafeString:
        field = self.desk.field(name) if name in self.row.values else None
        return cells.cell(self.desk, field, self.row.values[name], self.row.values) if field else SafeString()


class TaskPage:
    """Everything that the page shows. `who` is "" (the caller), "all" or a user."""

    def __init__(self, actor: Actor, who: str = "", form: QuickTask | None = None) -> None:
        self.actor, self.now = actor, timezone.now()
        self.owner = parse_uuid(who) if who else None
        self.is_all = who == ALL and self.has_people
        self.today = self.now.astimezone(actor.zone).date()
        self.form = form or QuickTask(initial={"due_on": self.today})

    @property
    def has_people(self) -> bool:
        """Whether the caller may see tasks of others at all."""
        return self.actor.data_scope != "own"

    @property
    def may_create(self) -> bool:
        return AccessPolicy.of(self.actor).can(TASK, "create")

    @cached_property
    def tasks(self) -> TaskList | None:
        """The open tasks; None in an organisation that has no such object for the caller."""
        return open_tasks(self.actor, self.today, owner=self.owner, everybody=self.is_all)

    @property
    def groups(self) -> Iterator[tuple[TaskGroup, list[TaskLine]]]:
        tasks = self.tasks
        for group in tasks.groups.values() if tasks else ():
            if group.rows and tasks:
                yield group, [TaskLine(tasks.desk, row, group.key) for row in group.rows]

    @property
    def shows_owners(self) -> bool:
        return self.is_all

    @property
    def owner_name(self) -> str:
        """Whose tasks are shown where they are somebody else's."""
        rows = (line.row for _group, lines in self.groups for line in lines)
        owner = next((row.values.get(OWNER) for row in rows), None) if self.owner else None
        return (owner.name or "") if isinstance(owner, Reference) else ""


@signed_in
def task_list(request: HttpRequest) -> HttpResponse:
    """Show the open tasks, and add one in a line."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    who = request.GET.get("who", "")
    if request.method != "POST":
        return _show(request, TaskPage(actor, who))
    form = QuickTask(request.POST)
    if form.is_valid():
        due = form.cleaned_data["due_on"]
        values = {NAME: form.cleaned_data["name"], DUE: due.isoformat() if due else None}
        try:
            RecordService(actor).create(TASK, values)
        except ValidationFailed as failure:
            for error in failure.errors:
                form.add_error(error.field if error.field in form.fields else None, error.text)
    if form.errors:
        return _show(request, TaskPage(actor, form=form), 422)
    messages.success(request, _("Task added."))
    return _show(request, TaskPage(actor)) if is_fragment(request) else redirect(request, "tasks")


@require_POST
@signed_in
def task_complete(request: HttpRequest, task_id: uuid.UUID) -> HttpResponse:
    """Mark a task as done; its line offers to take that back."""
    return _changed(request, task_id, complete_task, is_done=True)


@require_POST
@signed_in
def task_reopen(request: HttpRequest, task_id: uuid.UUID) -> HttpResponse:
    """Take back that a task is done."""
    return _changed(request, task_id, reopen_task, is_done=False)


def _changed(request: HttpRequest, task_id: uuid.UUID, change: Any, *, is_done: bool) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    try:
        change(actor, task_id)
    except ValidationFailed as failure:  # rules of the organisation want more than a click
        messages.error(request, " ".join(error.text for error in failure.errors))
        is_done = not is_done
    except NotFound:
        raise
    except PlatformError as error:
        messages.error(request, str(error.message))
        is_done = not is_done
    if not is_fragment(request):
        return redirect(request, "tasks")
    desk = open_desk(actor, TASK, (STATUS, DUE, OWNER))
    if desk is None:
        raise NotFound
    names = (*desk.name_fields, STATUS, DUE, OWNER, *desk.readable([RELATED, PRIORITY]))
    rows = RecordQuery(actor, TASK).fields(*dict.fromkeys(names)).where_ids([task_id]).display(1).rows
    if not rows:
        raise NotFound
    return render(request, "layouts/activities/task_line.html", {"line": TaskLine(desk, rows[0], is_done=is_done)})


def _show(request: HttpRequest, page: TaskPage, status: int = 200) -> HttpResponse:
    name = "task_board" if is_fragment(request) else "tasks"
    return render(request, f"layouts/activities/{name}.html", {"page": page, "tasks": page.tasks}, status=status)
