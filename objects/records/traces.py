"""What a write leaves behind, in its own transaction: history rows and outbox messages."""

from __future__ import annotations

from typing import Any

from crm_platform.events.services import EventInput, emit
from objects.history.models import RecordChange
from objects.history.recording import ChangeInput, record_changes
from objects.records.drafts import Batch, Draft


def history(batch: Batch) -> None:
    """Write one history row per record, with the changes of the fields whose history is kept."""
    action = RecordChange.Action.CREATED if batch.is_create else RecordChange.Action.UPDATED
    rows = [ChangeInput(draft.id, draft.version, _tracked(batch, draft)) for draft in _written(batch) if draft.id]
    record_changes(batch.actor, batch.object.spec.id, action, batch.now, rows)


def outbox(batch: Batch) -> None:
    """Write one outbox message per record; `changed` holds old and new of every changed field."""
    kind = "record.created" if batch.is_create else "record.updated"
    emit(
        [
            EventInput(
                kind,
                batch.object.spec.id,
                batch.object.name,
                draft.id,
                draft.version,
                {name: _change(batch, name, *values) for name, values in draft.changes.items()},
                batch.actor,
            )
            for draft in _written(batch)
        ]
    )


def _written(batch: Batch) -> list[Draft]:
    return [draft for draft in batch.sound if draft.columns]


def _tracked(batch: Batch, draft: Draft) -> dict[str, Any]:
    fields = {name: batch.object.fields[name].spec for name in draft.changes}
    return {
        str(fields[name].id): _change(batch, name, *values)
        for name, values in draft.changes.items()
        if fields[name].track_history
    }


def _change(batch: Batch, name: str, old: Any, new: Any) -> dict[str, Any]:
    field = batch.object.fields[name]
    return {"old": _api(field, old), "new": _api(field, new)}


def _api(field: Any, value: Any) -> Any:
    return None if value is None else field.type.to_api(field.spec, value)
