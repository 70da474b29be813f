"""The shape of a bound condition: nested tuples, equal for conditions that have the same SQL."""

from __future__ import annotations

from typing import Any

LEAF, AND, OR, NOT = "is", "and", "or", "not"

Shape = tuple[Any, ...]
