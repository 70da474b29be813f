"""Running compiled SQL: values into slots, text instead of numerics where asked, and one retry on a new shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DatabaseError, connection
from django.utils.translation import gettext_lazy as _
from psycopg2.extensions import UNICODE

from crm_platform.kit.db import sqlstate
from crm_platform.kit.errors import MetadataStale, PlatformError
from crm_platform.kit.hot import execute_hot
from metadata.compiler.current import repin
from objects.query.params import Statement, Values, fill

T = TypeVar("T")

NUMERIC_OID, UUID_OID = 1700, 2950
# Per cursor, never registered: the ORM on the same connection goes on with Decimal and UUID.
AS_TEXT = {NUMERIC_OID: UNICODE, UUID_OID: UNICODE}

FEATURE_NOT_SUPPORTED, UNDEFINED_COLUMN, UNDEFINED_TABLE = "0A000", "42703", "42P01"
STALE_SHAPE = frozenset({FEATURE_NOT_SUPPORTED, UNDEFINED_COLUMN, UNDEFINED_TABLE})
QUERY_CANCELED = "57014"


class QueryTimeout(PlatformError):
    """The database gave up on a read that took longer than the statement timeout."""

    code = "query_timeout"
    status = 503
    message = _("The query took too long. Narrow it down and try again.")


def fetch(statement: Statement, values: Values, *, as_text: bool = False) -> list[tuple[Any, ...]]:
    """Run a query and return its rows; with `as_text` numerics and UUIDs arrive as text, digit for digit."""
    with connection.cursor() as cursor:
        if as_text:
            cursor.cursor.string_types = AS_TEXT
        execute_hot(cursor, statement.sql, fill(statement.slots, values), statement.serial)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def with_current_shape(work: Callable[[], T]) -> T:
    """Run a read; when a table or column that it names is gone, reload the data model and run it once more.

    Raises QueryTimeout; and MetadataStale inside a transaction, which the failed statement has spoilt, so that
    the caller must start again.
    """
    try:
        return work()
    except DatabaseError as error:
        if sqlstate(error) == QUERY_CANCELED:
            raise QueryTimeout from error
        if sqlstate(error) not in STALE_SHAPE:
            raise
        if connection.in_atomic_block:
            raise MetadataStale from error
    repin()
    return work()
