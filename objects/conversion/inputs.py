"""What a conversion is told, and what it answers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from objects.conversion.mapping import TARGETS
from objects.conversion.values import Lost

NEW, EXISTING, NONE = MODES = ("new", "existing", "none")


@dataclass(frozen=True)
class Becomes:
    """What a lead becomes in one place: a new record, an existing one (`id`), or nothing.

    `values` are the caller's own, by API name: they go before what is mapped, and change an existing record.
    `is_another`: the caller has seen the records that match, and makes a new one all the same. `existing` says for
    once what an existing record does with the lead's values; "" is as the mapping says.
    """

    mode: str = NEW
    id: uuid.UUID | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    is_another: bool = False
    existing: str = ""


NOTHING = Becomes(NONE)


@dataclass(frozen=True)
class ConvertInput:
    """How a lead is converted. `owner_id`: of the new records, where they shall not have the lead's owner.

    `reason` is why matching records are others; `warnings`: warnings of validation rules are confirmed.
    """

    account: Becomes = Becomes()
    contact: Becomes = Becomes()
    opportunity: Becomes = NOTHING
    owner_id: uuid.UUID | str | None = None
    reason: str = ""
    warnings: bool = False

    def of(self, target: str) -> Becomes:
        found: Becomes = getattr(self, target)
        return found


@dataclass(frozen=True)
class Converted:
    """What became of a lead. A repeated call gets the records of the first one, and `is_repeated`."""

    lead_id: uuid.UUID
    version: int
    ids: Mapping[str, uuid.UUID | None]
    made: frozenset[str] = frozenset()  # targets that are new
    moved: Mapping[str, int] = field(default_factory=dict)  # "<object>.<field>" → activities led to another record
    left: Mapping[str, int] = field(default_factory=dict)  # the same → records that still point at the lead
    lost: tuple[Lost, ...] = ()
    is_repeated: bool = False

    def to_api(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "id": str(self.lead_id),
            "version": self.version,
            **{f"{name}_id": _text(self.ids.get(name)) for name in TARGETS},
            "created": [name for name in TARGETS if name in self.made],
            "moved": dict(self.moved),
            "left": dict(self.left),
            "unmapped": [
                {"field": item.field, "label": item.label, "target": item.target or None, "reason": item.reason}
                for item in self.lost
            ],
            "repeated": self.is_repeated,
        }


def _text(found: uuid.UUID | None) -> str | None:
    return str(found) if found else None
