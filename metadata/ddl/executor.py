"""Running a plan: the in-line part inside the publishing transaction, the rest as jobs."""

from __future__ import annotations

from django.db import connection

from crm_platform.jobs.services import enqueue
from crm_platform.kit.context import Actor
from metadata.ddl.plan import DdlPlan

# Nobody waits longer than this behind a change of shape; a busy table is tried again by the publisher.
LOCK_TIMEOUT_MS = 100


def execute(actor: Actor, plan: DdlPlan) -> None:
    """Run the in-line steps and enqueue the others, all in the caller's transaction.

    Raises OperationalError (SQLSTATE 55P03) when a lock was not to be had in time: the caller rolls back,
    which frees everything taken so far, and tries again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_TIMEOUT_MS}ms"])
        for operation in plan.inline:
            cursor.execute(operation.sql())
    for index in plan.deferred_indexes:
        enqueue(
            "metadata.build_index",
            {
                "table": index.table,
                "name": index.name,
                "definition": index.definition,
                "unique": index.unique,
            },
            actor=actor,
            dedupe_key=f"index:{index.name}",
        )
    for table, constraint in plan.deferred_validations:
        enqueue(
            "metadata.validate_constraint",
            {"table": table, "name": constraint},
            actor=actor,
            dedupe_key=f"validate:{constraint}",
        )
