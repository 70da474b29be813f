"""Arriving at a visit 签到 and leaving it 签退: the server tells the time, a field of the object keeps the place."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, StateConflict, ValidationFailed
from metadata.compiler.compiled import CompiledObject
from metadata.field_types.check_in import CheckInType
from objects.activities.shipped import DONE, STATUS, open_desk
from objects.query.query import RecordQuery
from objects.records.service import RecordService, SavedRecord

VISIT, VERSION = "visit", "version"
PLANNED, CHECKED_IN = "planned", "checked_in"
ARRIVED, LEFT = "checked_in_at", "checked_out_at"


@dataclass(frozen=True, slots=True)
class Step:
    """What arriving or leaving changes: from which status to which, when, and in which of the check-in fields."""

    before: str
    after: str
    moment: str
    place: int


ARRIVING, LEAVING = Step(PLANNED, CHECKED_IN, ARRIVED, 0), Step(CHECKED_IN, DONE, LEFT, 1)


@dataclass(frozen=True, slots=True)
class Passed:
    """A visit after a step: its record, its status and the moment, and the place with its distance, if one is kept."""

    record: SavedRecord
    status: str
    at: Any
    place: Any


@dataclass(frozen=True, slots=True)
class PassInput:
    """Where somebody is, if it is to be kept, and the version of the visit that he knows."""

    place: Mapping[str, Any] | None = None
    expected_version: int | None = None


def check_in(actor: Actor, visit_id: uuid.UUID, given: PassInput) -> Passed:
    """Note that somebody has arrived, now; raises StateConflict unless the visit is planned, and what an update does.

    A place goes into the object's first check-in field; raises ValidationFailed where there is none.
    """
    return _pass(actor, visit_id, ARRIVING, given)


def check_out(actor: Actor, visit_id: uuid.UUID, given: PassInput) -> Passed:
    """Note that somebody leaves, now, which is the end of the visit; as `check_in`, with the second check-in field."""
    return _pass(actor, visit_id, LEAVING, given)


def _pass(actor: Actor, visit_id: uuid.UUID, step: Step, given: PassInput) -> Passed:
    desk = open_desk(actor, VISIT, (STATUS, step.moment))
    if desk is None:
        raise NotFound
    row = RecordQuery(actor, VISIT).fields(VERSION, STATUS).show(visit_id)
    if row[STATUS] != step.before:
        raise StateConflict(_("The visit is not in the state for this."))
    changes: dict[str, Any] = {STATUS: step.after, step.moment: timezone.now().isoformat()}
    kept_in = _place_field(desk.obj, step) if given.place else None
    if kept_in is not None:
        changes[kept_in] = given.place
    # What has been read holds still, so that of two who arrive at once one is told.
    version = row[VERSION] if given.expected_version is None else given.expected_version
    saved = RecordService(actor).update(VISIT, visit_id, changes, expected_version=version)
    values = saved.record.values()
    return Passed(saved, step.after, values[step.moment], _told(desk.obj, kept_in, values))


def _place_field(obj: CompiledObject, step: Step) -> str:
    names = [item.name for item in obj if isinstance(item.type, CheckInType)]
    if len(names) <= step.place:
        raise ValidationFailed.single("lat", "unknown_field", _("Visits have no field that keeps the place."))
    return names[step.place]


def _told(obj: CompiledObject, name: str | None, values: Mapping[str, Any]) -> Any:
    if name is None:
        return None
    kept = obj.field(name)
    return kept.type.to_api(kept.spec, values[name])
