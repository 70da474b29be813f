"""Callers whom this process has met: taken for the same until the statement that reads their records has looked.

Reading a key with its user, role, department, settings and the version of the data model costs as much as reading
a page. All of that is one text, the seal; the next request's own statement compares it with what the database
holds at that moment. Nothing of an answer is sent unless they are equal.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from crm_platform.identity.auth import CALLER_COLUMNS, CALLER_JOINS, CallerFacts
from crm_platform.kit.db import fetch_prepared
from crm_platform.kit.json import loads
from crm_platform.tenancy.context import current_schema

USE_NOTED_EVERY = timedelta(minutes=1)
MAX_REMEMBERED = 2_000  # keys in one process

COLUMNS = f"""
    k.id, k.scopes::text, k.expires_at, (SELECT current FROM metadata_schemastate), {CALLER_COLUMNS}
"""  # noqa: S608 (constants only, here and below)
LIVING = f"""
    FROM openapi_apikey k JOIN identity_user u ON u.id = k.user_id {CALLER_JOINS}
    WHERE k.revoked_at IS NULL AND u.is_active AND k.secret_hash ="""
HOLDER_SQL = f"SELECT ROW({COLUMNS})::text, k.last_used_at, {COLUMNS} {LIVING} $1"
SEAL_SQL = f"SELECT ROW({COLUMNS})::text {LIVING} %s"


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The user of a request that came with a key; looks to Django REST framework like any user."""

    condition: str  # the SQL that tells whether all of this still holds
    key_id: uuid.UUID
    scopes: frozenset[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    schema_version: int
    facts: CallerFacts

    is_authenticated = True
    is_anonymous = False

    @property
    def pk(self) -> uuid.UUID:
        return self.facts.user_id

    def is_alive(self, now: datetime) -> bool:
        """Tell whether the key's time has not run out."""
        return self.expires_at is None or self.expires_at > now

    def use_is_noted(self, now: datetime) -> bool:
        """Tell whether the key's row says well enough when it was used last."""
        return self.last_used_at is not None and now - self.last_used_at <= USE_NOTED_EVERY


_known: dict[tuple[str, str], KeyHolder] = {}


def find_holder(digest: str) -> KeyHolder | None:
    """Read who holds a living key, with all that an actor needs; and remember him."""
    key = (current_schema(), digest)
    for seal, last_used_at, key_id, scopes, expires_at, version, *caller in fetch_prepared(
        "api_key_holder", HOLDER_SQL, [digest]
    ):
        granted = frozenset(loads(scopes))
        facts = CallerFacts(*caller)
        condition = _condition(digest, seal)
        holder = KeyHolder(condition, key_id, granted, expires_at, last_used_at, version or 0, facts)
        if not holder.is_alive(timezone.now()):
            break
        if len(_known) >= MAX_REMEMBERED:
            _known.clear()
        _known[key] = holder
        return holder
    _known.pop(key, None)
    return None


def known_holder(digest: str) -> KeyHolder | None:
    """Return who held the key at its last request, unless it is time to read him again."""
    holder, now = _known.get((current_schema(), digest)), timezone.now()
    return holder if holder is not None and holder.is_alive(now) and holder.use_is_noted(now) else None


def _condition(digest: str, seal: str) -> str:
    """Return the SQL of "the database says of this key and its user what it said before"."""
    with connection.cursor() as cursor:
        text: bytes = cursor.cursor.mogrify(f"({SEAL_SQL}) = %s", [digest, seal])
    return text.decode()
