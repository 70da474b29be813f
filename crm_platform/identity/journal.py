"""Where changes of who may do what are told. The audit trail stands above this app, so it listens here."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_platform.kit.context import Actor

Changes = Mapping[str, tuple[Any, Any]]  # attribute → before, after; JSON-ready


@dataclass(frozen=True, slots=True)
class Event:
    """One change: `action` is a key of the audit trail's actions, the rest says of what, and from what to what."""

    action: str
    name: str
    id: uuid.UUID | None = None
    changes: Changes = field(default_factory=dict)


Listener = Callable[[Actor, Event], None]
listeners: list[Listener] = []


def tell(actor: Actor, event: Event) -> None:
    """Tell the listeners of a change, in the transaction that makes it."""
    for listener in listeners:
        listener(actor, event)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what differs between two states of the same thing."""
    names = [*before, *(name for name in after if name not in before)]
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
