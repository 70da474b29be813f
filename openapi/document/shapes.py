"""The plain types of JSON Schema that all parts of the document are made of; `NO_…` is the same or null."""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
NO_TEXT: dict[str, Any] = {"type": ["string", "null"]}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}
ID: dict[str, Any] = {"type": "string", "format": "uuid"}
NO_ID: dict[str, Any] = {"type": ["string", "null"], "format": "uuid"}
IDS: dict[str, Any] = {"type": "array", "items": ID}
FLAG: dict[str, Any] = {"type": "boolean"}
NUMBER: dict[str, Any] = {"type": "integer"}
DAY: dict[str, Any] = {"type": "string", "format": "date"}
NO_DAY: dict[str, Any] = {"type": ["string", "null"], "format": "date"}
MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}
NO_MOMENT: dict[str, Any] = {"type": ["string", "null"], "format": "date-time"}
