"""Values of records that the reader may not see: enough to know whom to ask, too little to use."""

from __future__ import annotations

import re
from typing import Any

from crm_platform.kit.text import has_han
from metadata.compiler.compiled import CompiledField
from metadata.field_types.values import DisplayContext, Reference

_OPEN = frozenset({"date", "datetime", "boolean", "choice"})
_PHONE = re.compile(r"^[+\d][\d\s().\-]{5,}$")


def masked(field: CompiledField, value: Any, ctx: DisplayContext) -> str:
    """Return what is told of a value: dates, choices and owners as they are, all else covered."""
    if value is None:
        return ""
    if isinstance(value, Reference):
        return value.name if value.object in ("user", "department") else cover(value.name)
    text = field.type.to_text(field.spec, value, ctx)
    return text if field.type.expression_type in _OPEN else cover(text)


def cover(text: str) -> str:
    """Return the beginning of a text, the rest covered: 王**, 华为****, J. S., 138****00, w***@example.com."""
    text = " ".join(text.split())
    local, at, host = text.rpartition("@")
    if at and local:
        return f"{local[0]}***@{host}"
    if _PHONE.match(text):
        return f"{text[:3]}****{text[-2:]}"
    if has_han(text):
        shown = 1 if len(text) < 5 else 2
        return text[:shown] + "*" * min(len(text) - shown, 4)
    return " ".join(f"{word[0]}." for word in text.split()[:4])
