"""What an explanation must know of one record: whose it is, where it belongs, whether it is still there."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from metadata.compiler.compiled import CompiledObject
from objects.access.visibility import master_field


@dataclass(frozen=True)
class Facts:
    """A record's owner, department and master."""

    id: uuid.UUID
    is_deleted: bool
    owner_id: uuid.UUID | None
    owner: str
    department_id: uuid.UUID | None
    department: str
    department_path: str
    master_id: uuid.UUID | None


def facts_of(obj: CompiledObject, record_id: uuid.UUID) -> Facts | None:
    """Return the facts of a record, of one in the recycle bin too; None where there is none."""
    master = master_field(obj)
    names = ["pk", "deleted_at", "owner_id", "owner__name", "owner_department_id"]
    names += ["owner_department__name", "owner_department__path", *([master.main.attr] if master else [])]
    row = obj.model._base_manager.filter(pk=record_id).values_list(*names).first()
    if row is None:
        return None
    key, deleted_at, owner_id, owner, department_id, department, path, *above = row
    return Facts(
        key,
        deleted_at is not None,
        owner_id,
        owner or "",
        department_id,
        department or "",
        path or "",
        above[0] if above else None,
    )
