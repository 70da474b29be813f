"""A unit of work: one transaction, tried again when it lost a race, and once more when the data model moved on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.db import RETRYABLE, retry_unit, sqlstate
from crm_platform.kit.errors import MetadataStale, StateConflict
from metadata.compiler.current import repin
from objects.query.run import STALE_SHAPE

T = TypeVar("T")


def run_unit(work: Callable[[], T], *, dry_run: bool = False) -> T:
    """Run `work` in a transaction and return its result; a dry run is rolled back, with all it caused.

    Inside a transaction of the caller it becomes a savepoint, and trying again is left to him. Raises
    StateConflict when the records stay busy, MetadataStale when the data model has changed once too often.
    """

    def unit() -> T:
        with transaction.atomic():
            result = work()
            if dry_run:
                transaction.set_rollback(True)
            return result

    try:
        return _with_fresh_shapes(unit)
    except DatabaseError as error:
        if sqlstate(error) in RETRYABLE and not connection.in_atomic_block:
            raise StateConflict(_("The records are being changed by others. Try again in a moment.")) from error
        raise


def _with_fresh_shapes(unit: Callable[[], T]) -> T:
    """Run the unit; when a table or column that it names is gone, reload the data model and run it once more."""
    try:
        return retry_unit(unit)
    except DatabaseError as error:
        if sqlstate(error) not in STALE_SHAPE:
            raise
        if connection.in_atomic_block:  # the caller's transaction: only he can start again
            raise MetadataStale from error
    repin()
    try:
        return retry_unit(unit)
    except DatabaseError as error:
        if sqlstate(error) in STALE_SHAPE:
            raise MetadataStale from error
        raise
