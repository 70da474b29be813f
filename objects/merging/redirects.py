"""Where the id of a record leads that was merged into another one."""

from __future__ import annotations

import uuid

from metadata.compiler.current import current_snapshot
from objects.merging.models import Redirect


def survivor_of(object_name: str, record_id: uuid.UUID) -> uuid.UUID | None:
    """Return the record into which one was merged; None when it was not. Whether it may be seen is asked later."""
    spec = current_snapshot().spec.object_map.get(object_name)
    if spec is None:
        return None
    return Redirect.objects.filter(pk=record_id, object_id=spec.id).values_list("survivor_id", flat=True).first()
