"""What a package is once it is read: the shapes it brings, what it has withdrawn, and documents of other parts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from crm_platform.kit.frozen import FrozenDict
from metadata.compiler.spec import Labels, SchemaSpec


@dataclass(frozen=True)
class Tombstone:
    """A field that an earlier version of the package had; `object_uuid` names its object."""

    object_uuid: uuid.UUID
    uuid: uuid.UUID
    api_name: str


@dataclass(frozen=True)
class PackageSpec:
    """A package: metadata that travels between organisations, keyed by UUIDs that never change.

    The shapes are the platform's own specs, except that ids are 0: an organisation gives them. `sections` holds
    the documents of parts above the metadata (list views, page layouts) by the key of their section.
    """

    name: str
    version: str
    label: Labels
    schema: SchemaSpec
    removed: tuple[Tombstone, ...] = ()
    sections: Mapping[str, tuple[FrozenDict, ...]] = field(default_factory=dict)

    @property
    def object_names(self) -> tuple[str, ...]:
        return tuple(item.api_name for item in self.schema.objects)


@dataclass(frozen=True)
class PackageChange:
    """One difference between a package and an organisation, in the order in which it is applied.

    `kind` is "add", "change", "rename" or "remove"; `what` the kind of thing ("object", "field", "choice_set" or
    a section's key); `uuid` is empty for things without an identity of their own; `details` holds
    (present, wanted) by attribute.
    """

    kind: str
    what: str
    name: str
    uuid: uuid.UUID | None
    details: Mapping[str, tuple[object, object]] = field(default_factory=dict)

    def __str__(self) -> str:
        sign = {"add": "+", "change": "~", "rename": "→", "remove": "-"}[self.kind]
        parts = "; ".join(f"{name}: {old!r} → {new!r}" for name, (old, new) in self.details.items())
        return f"{sign} {self.what} {self.name}" + (f" ({parts})" if parts else "")
