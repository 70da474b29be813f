"""`PoolPolicy`: how a member of a pool sees the records that wait in it.

Outside of its pools a record without an owner is out of everybody's reach whose role does not open all records. Through
a pool its members read what waits there, and nothing else; some fields stay masked until the record is claimed, and
what is masked can be neither filtered nor sorted, as everywhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crm_platform.kit.context import Actor
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.access.field_grants import FieldLevel, FieldLevels
from objects.access.policy import AccessPolicy
from objects.access.reach import READ
from objects.access.visibility import Scope, Way
from objects.query.params import Slot, SqlText

POOL_SLOT = "scope.pool"


@dataclass(frozen=True)
class Waiting(Way):
    """Records that wait in one pool."""

    @property
    def shape(self) -> tuple[Any, ...]:  # type: ignore[override]
        return ("waiting",)

    def sql(self, alias: str) -> SqlText:
        owner, pool = f"{alias}.{quote('owner_id')}", f"{alias}.{quote('pool_id')}"
        return SqlText(f"({owner} IS NULL AND {pool} = %s::uuid)", (Slot(POOL_SLOT),))


class PoolPolicy(AccessPolicy):
    """A caller's policy narrowed to the records that wait in one pool, with some of their fields masked."""

    def __init__(self, actor: Actor, object_name: str, pool_id: uuid.UUID, masked: Iterable[str] = ()) -> None:
        self.object_name, self.pool_id, self.masked = object_name, pool_id, frozenset(masked)
        super().__init__(actor)
        self.parameters[POOL_SLOT] = str(pool_id)
        self._field_shape = (*self._field_shape, "pool", object_name, self.masked)
        self._fingerprint = (*self._fingerprint, "pool", object_name, self.masked)

    def scope(self, obj: CompiledObject, action: str = READ) -> Scope:
        if obj.name != self.object_name:
            return super().scope(obj, action)
        if action != READ:
            return Scope(obj, self.parameters)  # what waits is claimed or assigned, never edited
        limits = super().scope(obj, action).limits
        return Scope(obj, self.parameters, (Waiting(),), limits)

    @property
    def field_limits(self) -> FieldLevels | None:
        limits = super().field_limits
        if not self.masked:
            return limits
        spec = current_snapshot().spec.object_map[self.object_name]
        granted = (limits or {}).get(self.object_name)
        own = dict(granted) if granted is not None else {f.api_name: FieldLevel.EDIT for f in spec.business_fields}
        for name in self.masked & own.keys():
            own[name] = min(own[name], FieldLevel.MASKED)
        return {**(limits or {}), self.object_name: own}
