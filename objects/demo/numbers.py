"""Auto-numbers in volume: the pattern of a field as an SQL expression."""

from __future__ import annotations

import re

_PART = re.compile(r"\{(YYYY|YY|MM|DD|0+)\}")


def number_sql(pattern: str, first: int, zone: str) -> str:
    """Return the expression of the number of row `t.g`, created at `t.at`: `QT-202601-0042`."""
    parts = []
    for index, piece in enumerate(_PART.split(pattern)):
        if index % 2 == 0:
            parts.append(_literal(piece))
        elif piece.startswith("0"):
            digits = f"(t.g + {int(first)})::text"
            parts.append(f"lpad({digits}, greatest({len(piece)}, length({digits})), '0')")
        else:
            parts.append(f"to_char(t.at AT TIME ZONE {_literal(zone)}, '{piece}')")
    return " || ".join(parts)


def _literal(text: str) -> str:
    """Quote a text for SQL that is executed with parameters (where a percent sign stands for two)."""
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"
