"""Keeps cursors right when the database has moved to another cluster, where transaction ids start lower."""

from __future__ import annotations

import logging

from django.db import connection, transaction

from crm_platform.events.consumers import consumers
from crm_platform.kit.db import advisory_xact_lock

log = logging.getLogger(__name__)

FIRST_XID = "3"  # the lowest id of an ordinary transaction: below every one that can be running


def settle_cluster() -> None:
    """Re-base the outbox if any cursor was made in another cluster (a restored dump); else one cheap read.

    What every consumer had read is deleted; the rest becomes the oldest there is, to be read by all. So a
    consumer that was ahead of another may see some messages twice, and none is missed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM events_consumercursor "
            "WHERE cluster IS DISTINCT FROM (SELECT system_identifier FROM pg_control_system())"
        )
        if cursor.fetchone()[0]:
            _rebase()


def _rebase() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for key in sorted(consumers.keys()):
            advisory_xact_lock("outbox", key)
        cursor.execute(
            "SELECT count(*) FROM events_consumercursor WHERE cluster IS NOT NULL "
            "AND cluster <> (SELECT system_identifier FROM pg_control_system())"
        )
        if cursor.fetchone()[0]:
            log.warning("the database runs in another cluster: the outbox starts anew")
            # Ids of the new cluster may be below a cursor of the old one: only the time tells them apart.
            cursor.execute(
                """
                DELETE FROM events_outboxmessage message WHERE NOT EXISTS (
                    SELECT FROM unnest(%s::text[]) AS known(consumer)
                    LEFT JOIN events_consumercursor reader ON reader.consumer = known.consumer
                    WHERE reader.consumer IS NULL OR message.at > reader.advanced_at
                       OR (message.xid, message.seq) > (reader.xid, reader.seq)
                )
                """,
                [list(consumers.keys())],
            )
            cursor.execute("UPDATE events_outboxmessage SET xid = %s", [FIRST_XID])
            cursor.execute("UPDATE events_consumercursor SET xid = '0', seq = 0")
        cursor.execute("UPDATE events_consumercursor SET cluster = (SELECT system_identifier FROM pg_control_system())")
