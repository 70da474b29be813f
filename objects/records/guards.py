"""What parts of the platform have against ordinary changes of certain records: asked before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crm_platform.kit.registry import Registry
from objects.records.drafts import Batch

EXEMPT = ("convert", "merge")  # what these do with records is their own affair


@dataclass(frozen=True, slots=True)
class Guard:
    """`check` refuses drafts of people's changes, or adds errors to them; it is asked once for a batch."""

    key: str
    check: Callable[[Batch], None]


guards: Registry[Guard] = Registry("guard of records")


def guard(batch: Batch) -> None:
    """Ask the guards about what people change; the platform's own writes go past them."""
    if batch.action == "edit" and not batch.actor.is_system and batch.event not in EXEMPT:
        for item in guards:
            item.check(batch)
