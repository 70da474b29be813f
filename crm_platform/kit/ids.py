"""Identifiers: time-ordered UUIDs (version 7) for records, users and events."""

from __future__ import annotations

import uuid

import uuid_utils.compat


def uuid7() -> uuid.UUID:
    """Return a new UUIDv7 (RFC 9562): sorts by creation time, so that new rows sit together in an index."""
    return uuid_utils.compat.uuid7()


def parse_uuid(text: object) -> uuid.UUID | None:
    """Return the UUID in `text`, or None when it is none; never raises."""
    if isinstance(text, uuid.UUID):
        return text
    if not isinstance(text, str) or len(text) not in (32, 36):
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
