"""Physical names: made from ids alone, so that no text of a user ever reaches an identifier."""

from __future__ import annotations

import re

_PHYSICAL = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


def table_name(object_id: int) -> str:
    """Return the record table of a business object."""
    return f"o_{int(object_id)}"


def second_table_name(object_id: int) -> str:
    """Return the table that holds the fields of a business object for which its record table has no room."""
    return f"x_{int(object_id)}"


def column_name(field_id: int, suffix: str = "") -> str:
    """Return the column of a business field; `suffix` tells the parts of a composite field apart."""
    return f"c_{int(field_id)}{suffix}"


def quote(name: str) -> str:
    """Quote a physical name; refuses anything that this module could not have made."""
    if not _PHYSICAL.match(name):
        raise ValueError(f"not a physical name: {name!r}")
    return f'"{name}"'
