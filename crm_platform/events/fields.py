"""A column for PostgreSQL's 64-bit transaction ids, which Django lacks."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.expressions import Func


class CurrentTransactionId(Func):
    """`pg_current_xact_id()`: the id of the running transaction, assigned to it when it has none yet."""

    template = "%(function)s()"
    function = "pg_current_xact_id"
    arity = 0


class TransactionIdField(models.Field):
    """An `xid8`: ordered, never wraps around; Python sees an int."""

    description = "64-bit transaction id"

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> Any:
        return str(value) if isinstance(value, int) else super().get_prep_value(value)
