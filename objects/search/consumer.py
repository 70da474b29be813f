"""Keeps the index up to date from the outbox, and notices when the data model has changed."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence

from crm_platform.events.consumers import Consumer
from crm_platform.events.models import OutboxMessage
from crm_platform.jobs.services import enqueue
from objects.search.entries import index_records

CONSUMER = "search"
RECONCILE = "search.reconcile"
METADATA_PUBLISHED = "metadata.published"


def index_batch(batch: Sequence[OutboxMessage]) -> None:
    """Index the records that a batch of messages is about, each once, as they are now.

    What a message says of the change does not matter: the record is read again. So a message that comes
    twice, or after a newer one, does no harm.
    """
    changed: dict[int, list[uuid.UUID]] = defaultdict(list)
    for message in batch:
        if message.object_id is not None and message.record_id is not None:
            changed[message.object_id].append(message.record_id)
    for object_id, record_ids in changed.items():
        index_records(object_id, record_ids)
    if any(message.type == METADATA_PUBLISHED for message in batch):
        enqueue(RECONCILE, {}, dedupe_key=RECONCILE)


search_consumer = Consumer(CONSUMER, index_batch)
