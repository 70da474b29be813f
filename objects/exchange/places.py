"""Where imported records may go besides to an owner: layers above register it (pools)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crm_platform.kit.context import Actor
from crm_platform.kit.registry import Registry
from metadata.compiler.compiled import CompiledObject

Place = tuple[uuid.UUID, str]  # its id and what people call it


@dataclass(frozen=True, slots=True)
class ImportPlaces:
    """A kind of places; `offered` returns those into which the caller may put records of the object."""

    key: str
    offered: Callable[[Actor, CompiledObject], Sequence[Place]]


import_places: Registry[ImportPlaces] = Registry("kind of places for imported records")


def places_of(actor: Actor, obj: CompiledObject) -> list[Place]:
    """Return every place that the caller may choose, in order."""
    if not obj.spec.has_pools:
        return []
    return [place for kind in import_places for place in kind.offered(actor, obj)]
