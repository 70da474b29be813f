"""What a user still owns: counted by the layers above, which know of records, for who lets the user go."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crm_platform.kit.context import Actor


@dataclass(frozen=True, slots=True)
class Belonging:
    """So many things of one kind, as the caller may call it."""

    label: str
    count: int


Counter = Callable[[Actor, uuid.UUID], Sequence[Belonging]]
counters: list[Counter] = []


def belongings_of(actor: Actor, user_id: uuid.UUID) -> list[Belonging]:
    """Return everything that the user owns, by kind; kinds of which he owns nothing are left out."""
    return [found for count in counters for found in count(actor, user_id) if found.count]
