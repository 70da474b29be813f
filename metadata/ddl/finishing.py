"""The steps that a publish leaves to jobs: indexes built beside live traffic, constraints checked on old rows."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, connection

from crm_platform.jobs.services import JobContext, JobFailed
from crm_platform.kit.context import system_actor
from crm_platform.kit.db import sqlstate
from crm_platform.kit.sqlnames import quote
from metadata.compiler.current import current_snapshot
from metadata.ddl.catalog import read_tables
from metadata.ddl.operations import CreateIndex
from metadata.models import BusinessField
from metadata.publishing import publish

UNIQUE_VIOLATION = "23505"


def build_index(job: JobContext) -> dict[str, Any]:
    """Build one index without blocking writers; an attempt that was killed leaves an invalid one to replace."""
    index = CreateIndex(job.args["table"], job.args["name"], job.args["definition"], job.args["unique"])
    facts = read_tables([index.table]).get(index.table)
    if facts is None or index.name in facts.indexes:
        return {"built": False}
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET lock_timeout = 0")
        try:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {quote(index.name)}")
            cursor.execute(index.sql(concurrently=True))
        except DatabaseError as error:
            if sqlstate(error) != UNIQUE_VIOLATION:
                raise
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {quote(index.name)}")
            _give_up_uniqueness(index)
            raise JobFailed("records hold the same value twice, so the field can't be unique") from error
        finally:
            cursor.execute("RESET statement_timeout")
            cursor.execute("RESET lock_timeout")
    return {"built": True}


def validate_constraint(job: JobContext) -> dict[str, Any]:
    """Check old rows against a constraint that new rows obey already; traffic goes on."""
    table, name = job.args["table"], job.args["name"]
    facts = read_tables([table]).get(table)
    if facts is None or name not in facts.unvalidated:
        return {"validated": False}
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        try:
            cursor.execute(f"ALTER TABLE {quote(table)} VALIDATE CONSTRAINT {quote(name)}")
        finally:
            cursor.execute("RESET statement_timeout")
    return {"validated": True}


def _give_up_uniqueness(index: CreateIndex) -> None:
    """Take the promise back that the data can't keep: the field is no longer unique."""
    field_id = int(index.name.removeprefix("u_c_").split("_")[0])
    known = {field.id for spec in current_snapshot().objects() for field in spec.business_fields}
    if field_id in known:
        publish(
            system_actor("index builder"),
            "A field could not become unique: its records hold the same value twice",
            lambda: BusinessField.objects.filter(id=field_id).update(is_unique=False),
        )
