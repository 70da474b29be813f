"""The objects of the shipped CRM that this part knows by name. One that does not exist for the caller is left out."""

from __future__ import annotations

from collections.abc import Iterable

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound
from objects.display.desk import RecordDesk

FOLLOW_UP, TASK = "follow_up", "task"
RELATED, NAME, OWNER = "related_id", "name", "owner_id"

STATUS, DUE, REMIND, COMPLETED, PRIORITY = "status", "due_on", "remind_at", "completed_at", "priority"
OPEN_STATUSES, DONE, OPEN = ("open", "in_progress"), "done", "open"


def open_desk(actor: Actor, object_name: str, needs: Iterable[str] = (), action: str = "read") -> RecordDesk | None:
    """Return an object if it exists for the caller, with all of these fields; None otherwise."""
    try:
        desk = RecordDesk(actor, object_name, action)
    except (NotFound, Forbidden):
        return None
    return desk if all(desk.reads(name) for name in needs) else None
