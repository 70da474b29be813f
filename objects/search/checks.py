"""Checks that the database can search Chinese: with a character type of "C" it sees no letters in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections


def trigrams_of_chinese(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Report a database whose trigrams leave Chinese out, or that lacks the extension."""
    return [error for alias in databases or [] for error in check_database(alias)]


def check_database(alias: str) -> list[CheckMessage]:
    """Return what is wrong with one database."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        if cursor.fetchone() is None:
            return []  # not prepared yet: `prepare_database` creates it, or says why it can't
        cursor.execute("SELECT cardinality(show_trgm('华为'))")
        if cursor.fetchone()[0]:
            return []
    return [
        Error(
            "The database can't search Chinese text: its character type knows no Chinese letters.",
            hint="Create it with LOCALE_PROVIDER builtin LOCALE 'C.UTF-8', or with an ICU locale.",
            id="search.E001",
        )
    ]
