"""Into which pools records may be handed over: the layers above tell, since they know who has to do with a pool."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crm_platform.kit.context import Actor


@dataclass(frozen=True, slots=True)
class PoolChoice:
    """A pool that takes records of an object, as the caller may choose it."""

    id: uuid.UUID
    label: str


PoolSource = Callable[[Actor, str], Sequence[PoolChoice]]
pool_sources: list[PoolSource] = []  # (actor, API name of the object) → the pools that he may fill


def pool_choices(actor: Actor, object_name: str) -> list[PoolChoice]:
    """Return the pools into which the caller may hand over records of an object."""
    return [choice for source in pool_sources for choice in source(actor, object_name)]
