"""The log of movements must say where every record of a pool is."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from crm_platform.kit.sqlnames import quote
from metadata.compiler.current import current_snapshot
from objects.invariants import Invariant, invariants

# Of records that have moved at all: whether the last movement led to where the record is.
_ASTRAY = """
    SELECT t.id FROM {table} t JOIN LATERAL (
        SELECT m.to_owner_id, m.to_pool_id FROM workflows_poolmovement m
        WHERE m.record_id = t.id ORDER BY m.id DESC LIMIT 1) m ON TRUE
    WHERE t.deleted_at IS NULL
        AND (t.owner_id, t.pool_id) IS DISTINCT FROM (m.to_owner_id, m.to_pool_id) LIMIT 100
"""


def register() -> None:
    """Make the invariant known; called once, when Django starts."""
    invariants.register(Invariant("movements", _astray))


def _astray() -> Iterator[str]:
    for spec in current_snapshot().spec.objects:
        if spec.has_pools:
            with connection.cursor() as cursor:
                cursor.execute(_ASTRAY.format(table=quote(current_snapshot().object(spec.api_name).table)))
                for (record,) in cursor.fetchall():
                    yield f"{spec.api_name}: {record} is not where its last movement led"
