"""The registry of those who read the outbox. Layers above fill it in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crm_platform.events.models import OutboxMessage
from crm_platform.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Consumer:
    """A reader of the outbox with a cursor of its own, named `key`.

    `handle` gets messages in their order, inside the transaction in which the cursor moves past them: its
    effects in the database happen exactly once. It must not do anything else (mail, HTTP): such effects
    belong into a job that it enqueues. A message may come again after a restore from a backup.
    """

    key: str
    handle: Callable[[Sequence[OutboxMessage]], None]


consumers: Registry[Consumer] = Registry("consumer")
