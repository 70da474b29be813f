"""Sealing stored values anew after the encryption key was changed, so that the old key can go."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.services import JobContext, register_job
from crm_platform.kit.sealing import CannotOpen, is_current, seal, unseal
from crm_platform.kit.sqlnames import quote

KIND = "records.reseal"
BATCH = 500
# By the catalog, so that retired fields and second tables are not forgotten.
_COLUMNS = r"""
    SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped
        AND a.attname ~ '^(c_\d+|secret)_seal$' ORDER BY 1, 2
"""


def reseal(job: JobContext) -> dict[str, Any]:
    """Seal every value anew that an older key has sealed; versions and histories stay as they are."""
    done, lost = 0, 0
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        columns = cursor.fetchall()
    for table, column in columns:
        after: uuid.UUID | None = uuid.UUID(int=0)
        while after is not None:
            after, sealed, closed = _reseal_batch(table, column, after)
            done, lost = done + sealed, lost + closed
            job.progress(done)
            job.check_abort()
    return {"sealed": done, "lost": lost}


def _reseal_batch(table: str, column: str, after: uuid.UUID) -> tuple[uuid.UUID | None, int, int]:
    """Return the last id of the batch (None at the end), and how many values were sealed and how many can't be."""
    name = quote(column)
    select = f"SELECT id, {name} FROM {quote(table)} WHERE {name} IS NOT NULL AND id > %s ORDER BY id LIMIT %s"  # noqa: S608
    update = (
        f"UPDATE {quote(table)} t SET {name} = v.new"  # noqa: S608 (physical names only)
        " FROM unnest(%s::uuid[], %s::text[], %s::text[]) v (id, old, new)"
        f" WHERE t.id = v.id AND t.{name} = v.old"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(select, [after, BATCH])
        rows = cursor.fetchall()
        old = [(key, token) for key, token in rows if not is_current(token)]
        opened = [(key, token, text) for key, token in old if (text := _opened(token)) is not None]
        if opened:
            tokens = [seal(text) for _key, _token, text in opened]
            cursor.execute(update, [[item[0] for item in opened], [item[1] for item in opened], tokens])
    return (rows[-1][0] if len(rows) == BATCH else None), len(opened), len(old) - len(opened)


def _opened(token: str) -> str | None:
    try:
        return unseal(token)
    except CannotOpen:
        return None


def register() -> None:
    """Register the job, from AppConfig.ready(); `manage.py reseal` asks for it in every organisation."""
    register_job(KIND, reseal, _("Encrypt stored values with the present key"))
