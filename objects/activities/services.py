"""Writing down a follow-up 跟进, and doing tasks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, Forbidden, NotFound, StateConflict, ValidationFailed
from metadata.compiler.current import current_snapshot
from metadata.field_types.values import Reference
from objects.access.policy import AccessPolicy
from objects.activities.shipped import (
    COMPLETED,
    DONE,
    DUE,
    FOLLOW_UP,
    NAME,
    OPEN,
    OPEN_STATUSES,
    OWNER,
    RELATED,
    REMIND,
    STATUS,
    TASK,
    open_desk,
)
from objects.activities.sources import targets_of
from objects.query.pages import DisplayRow
from objects.query.query import RecordQuery
from objects.records.service import RecordService, SavedRecord
from objects.records.unit import run_unit

NEXT_CONTACT, CONTENT, MENTIONED = "next_contact_at", "content", "mentioned_ids"
_SUBJECT_LENGTH = 40


@dataclass(frozen=True, slots=True)
class FollowUpInput:
    """What was said and agreed. `method` "" is the usual one; `files` are uploaded ones, by id."""

    content: str
    method: str = ""
    contact_id: Any = None
    files: Sequence[Any] = ()
    mentions: Sequence[Any] = ()  # users, by id
    next_contact_at: Any = None
    next_plan: str = ""
    followed_up_at: Any = None  # now, unless it was earlier


@dataclass(frozen=True, slots=True)
class LoggedFollowUp:
    """The record of the follow-up, and the task for the next contact, if one was made."""

    record: SavedRecord
    task: SavedRecord | None = None


def followed_objects() -> tuple[str, ...]:
    """Return the objects on whose records follow-ups are written down: those that its lookup leads to."""
    spec = current_snapshot().spec.object_map.get(FOLLOW_UP)
    return targets_of(spec, RELATED) if spec is not None else ()


def may_log(actor: Actor, object_name: str) -> bool:
    """Tell whether somebody may write down follow-ups on records of an object."""
    return object_name in followed_objects() and AccessPolicy.of(actor).can(FOLLOW_UP, "create")


def log_follow_up(
    actor: Actor, object_name: str, record_id: uuid.UUID | str, given: FollowUpInput, *, dry_run: bool = False
) -> LoggedFollowUp:
    """Write down a follow-up on a record, with a task for its next contact: both or neither.

    Raises NotFound for a record that the caller may not see or an object that takes none, Forbidden,
    ValidationFailed by the members of FollowUpInput.
    """
    subject = _subject(actor, object_name, record_id)
    AccessPolicy.of(actor).require(FOLLOW_UP, "create")
    about = {"object": object_name, "id": str(subject.id)}

    def work() -> LoggedFollowUp:
        service = RecordService(actor)
        saved = service.create(FOLLOW_UP, {**_values(given), RELATED: about})
        at = saved.record.value(NEXT_CONTACT) if given.next_contact_at else None
        if at is None:
            return LoggedFollowUp(saved)
        if at <= service.now():
            raise ValidationFailed.single(NEXT_CONTACT, "out_of_range", _("The next contact must be in the future."))
        _keep_next_contact(service, object_name, subject, at)
        return LoggedFollowUp(saved, _plan(service, subject, about, at, given.next_plan))

    try:
        return run_unit(work, dry_run=dry_run)
    except ValidationFailed as failure:
        raise _told_by_member(failure) from failure


def complete_task(actor: Actor, task_id: uuid.UUID | str, *, expected_version: int | None = None) -> SavedRecord:
    """Mark a task as done, now; one that is done already stays as it is. Raises what an update does."""
    return _set_done(actor, task_id, {STATUS: DONE, COMPLETED: timezone.now().isoformat()}, expected_version)


def reopen_task(actor: Actor, task_id: uuid.UUID | str) -> SavedRecord:
    """Take back that a task is done."""
    return _set_done(actor, task_id, {STATUS: OPEN, COMPLETED: None}, None)


def _set_done(
    actor: Actor, task_id: uuid.UUID | str, changes: Mapping[str, Any], expected_version: int | None
) -> SavedRecord:
    desk = open_desk(actor, TASK, (STATUS,))
    if desk is None:
        raise NotFound
    row = RecordQuery(actor, TASK).fields("id", STATUS).show(task_id)
    wanted = {name: value for name, value in changes.items() if desk.reads(name)}
    if changes[STATUS] == DONE and row[STATUS] == DONE:
        wanted = {}
    elif changes[STATUS] == DONE and row[STATUS] not in (*OPEN_STATUSES, None):
        raise StateConflict(_("The task is not open."))
    return RecordService(actor).update(TASK, task_id, wanted, expected_version=expected_version)


def _subject(actor: Actor, object_name: str, record_id: uuid.UUID | str) -> DisplayRow:
    """Return the record that was followed up, with its name and owner; raises NotFound."""
    query = RecordQuery(actor, object_name)
    if object_name not in followed_objects():
        raise NotFound
    desk = open_desk(actor, object_name)
    names = desk.readable([OWNER]) if desk else ()
    rows = query.fields("id", *query.name_fields(), *names).where_ids([record_id]).display(1).rows
    if not rows:
        raise NotFound
    return rows[0]


def _values(given: FollowUpInput) -> dict[str, Any]:
    """Return the values of the follow-up's record: what was not given is left to its defaults."""
    content = given.content.strip() if isinstance(given.content, str) else given.content
    optional = {
        "method": given.method,
        "contact_id": given.contact_id,
        "files": list(given.files),
        MENTIONED: [str(item) for item in given.mentions],
        NEXT_CONTACT: given.next_contact_at,
        "next_plan": given.next_plan,
        "followed_up_at": given.followed_up_at,
    }
    return {NAME: headline(content), CONTENT: content, **{name: value for name, value in optional.items() if value}}


def headline(content: Any) -> str:
    """Return what a follow-up is called: the beginning of its first line."""
    lines = content.splitlines() if isinstance(content, str) else []
    first = lines[0].strip() if lines else ""
    return first if len(first) <= _SUBJECT_LENGTH else f"{first[: _SUBJECT_LENGTH - 1]}…"


def _keep_next_contact(service: RecordService, object_name: str, subject: DisplayRow, at: datetime) -> None:
    """Set the record's own next contact, where it has one and the caller may set it."""
    policy = AccessPolicy.of(service.actor)
    obj = current_snapshot().object(object_name)
    if not policy.can(object_name, "edit") or NEXT_CONTACT not in obj.fields:
        return
    if all(field.name != NEXT_CONTACT for field in policy.editable_fields(obj)):
        return
    try:
        service.update(object_name, subject.id, {NEXT_CONTACT: at.isoformat()})
    except (Forbidden, ValidationFailed, StateConflict):
        return  # it is not his, or something else is wrong with it: that must not lose what he has written


def _plan(
    service: RecordService, subject: DisplayRow, about: Mapping[str, str], at: datetime, plan: str
) -> SavedRecord | None:
    """Make the task for the next contact, of the record's owner where the caller may make it for him."""
    actor = service.actor
    desk = open_desk(actor, TASK, (STATUS, DUE), "create")
    if desk is None or about["object"] not in targets_of(desk.obj.spec, RELATED):
        return None
    name = next((str(subject.values[key] or "") for key in subject.values if key == NAME), "")
    title = plan.strip() or (_("Contact %(name)s") % {"name": name} if name else _("Next contact"))
    values: dict[str, Any] = {NAME: title[:120], RELATED: about, DUE: at.astimezone(actor.zone).date().isoformat()}
    if desk.reads(REMIND):
        values[REMIND] = at.isoformat()
    owner = subject.values.get(OWNER)
    if isinstance(owner, Reference) and owner.id != actor.user_id:
        try:
            return service.create(TASK, {**values, OWNER: str(owner.id)})
        except Forbidden:
            pass  # whoever may not make tasks for others keeps it himself
    return service.create(TASK, values)


def _told_by_member(failure: ValidationFailed) -> ValidationFailed:
    """Return the failure with errors at the members of FollowUpInput instead of the fields of the record."""
    members = {MENTIONED: "mentions", NAME: "content"}
    told: dict[tuple[str | None, str], FieldError] = {}
    for error in failure.errors:
        member = members.get(error.field or "", error.field)
        told.setdefault((member, error.code), FieldError(member, error.code, error.message, error.params))
    return ValidationFailed(list(told.values()))
