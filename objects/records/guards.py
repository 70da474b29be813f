"""What parts of the platform have against ordinary changes of certain records: asked before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_platform.kit.registry import Registry
from metadata.compiler.compiled import CompiledObject
from objects.records.drafts import Batch

EXEMPT = ("convert", "merge")  # what these do with records is their own affair


@dataclass(frozen=True, slots=True)
class Guard:
    """`check` refuses drafts of people's changes, or adds errors to them; it is asked once for a batch.

    `seals` says of a record with certain values why no form is worth offering; "" where one is.
    """

    key: str
    check: Callable[[Batch], None]
    seals: Callable[[CompiledObject, Mapping[str, Any]], str] | None = None


guards: Registry[Guard] = Registry("guard of records")


def guard(batch: Batch) -> None:
    """Ask the guards about what people change; the platform's own writes go past them."""
    if batch.action == "edit" and not batch.actor.is_system and batch.event not in EXEMPT:
        for item in guards:
            item.check(batch)


def seal_of(obj: CompiledObject, values: Mapping[str, Any]) -> str:
    """Return why people's changes of a record with these values would be refused, "" where they would not."""
    reasons = (item.seals(obj, values) for item in guards if item.seals)
    return next((reason for reason in reasons if reason), "")
