"""Dropping what has been hidden long enough: the nightly, deferred half of deleting fields and objects."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from crm_platform.files.services import discard_belonging
from crm_platform.jobs.services import JobContext
from crm_platform.kit.context import system_actor
from crm_platform.kit.db import lock_timeout
from crm_platform.kit.sqlnames import column_name, quote, second_table_name, table_name
from metadata.ddl.catalog import read_tables
from metadata.ddl.executor import LOCK_TIMEOUT_MS
from metadata.ddl.layout import SECOND
from metadata.ddl.operations import Unguard
from metadata.hooks import field_dropped
from metadata.limits import HIDDEN_DAYS
from metadata.models import BusinessField, BusinessObject
from metadata.publishing import publish

_TABLES = (table_name, second_table_name)
_COLUMN = re.compile(r"^(c_\d+)(?:_\w+)?$")


def contract(job: JobContext) -> dict[str, Any]:
    """Drop the columns of fields and the tables of objects deleted more than 30 days ago.

    By then no worker can hold a snapshot that still names them. Each drop is a transaction of its own with a
    short lock timeout; what is busy tonight is dropped tomorrow.
    """
    before = job.now - timedelta(days=HIDDEN_DAYS)
    fields = BusinessField.objects.filter(state=BusinessField.State.HIDDEN, hidden_at__lt=before)
    objects = BusinessObject.objects.filter(state=BusinessObject.State.TRASHED, trashed_at__lt=before)
    dropped = [purge_field(field) for field in fields.select_related("business_object")]
    dropped += [purge_object(row) for row in objects]
    return {"dropped": sum(dropped) + drop_orphans()}


def purge_field(field: BusinessField) -> bool:
    """Drop a hidden field's columns and its row, and with the last field of a second table that table."""
    owner = field.business_object_id
    table = second_table_name(owner) if field.part == SECOND else table_name(owner)
    facts = read_tables([table]).get(table)
    stem = column_name(field.id)
    columns = [name for name in (facts.columns if facts else ()) if name == stem or name.startswith(f"{stem}_")]

    def change() -> bool:
        with lock_timeout(LOCK_TIMEOUT_MS), connection.cursor() as cursor:
            for column in columns:
                cursor.execute(Unguard(table, column).sql())
                cursor.execute(f"ALTER TABLE {quote(table)} DROP COLUMN {quote(column)}")
            if field.part == SECOND and not field.business_object.fields.filter(part=SECOND).exclude(pk=field.pk):
                cursor.execute(f"DROP TABLE IF EXISTS {quote(table)}")
        discard_belonging(field.business_object_id, field_id=field.id)
        for hook in field_dropped:
            hook(field)
        field.delete()
        return True

    return publish(system_actor("contract"), f"Drop field {field.business_object.api_name}.{field.api_name}", change)


def purge_object(row: BusinessObject) -> bool:
    """Drop a trashed object's tables and its rows of metadata."""
    with transaction.atomic(), lock_timeout(LOCK_TIMEOUT_MS), connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {quote(second_table_name(row.id))}")
        cursor.execute(f"DROP TABLE IF EXISTS {quote(table_name(row.id))} CASCADE")
        discard_belonging(row.id)
        row.delete()
    return True


def drop_orphans() -> int:
    """Drop columns whose field has no row any more, those of cancelled changes of type; returns how many."""
    names = [make(pk) for pk in BusinessObject.objects.values_list("id", flat=True) for make in _TABLES]
    tables, dropped = read_tables(names), 0
    # Read after the tables: a field that is added in between has its row with its columns.
    known = {column_name(pk) for pk in BusinessField.objects.values_list("id", flat=True)}
    for facts in tables.values():
        orphans = [name for name in facts.columns if (match := _COLUMN.match(name)) and match[1] not in known]
        for column in orphans:
            with transaction.atomic(), lock_timeout(LOCK_TIMEOUT_MS), connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE {quote(facts.name)} DROP COLUMN {quote(column)}")
                dropped += 1
    return dropped
