"""The reference of all functions, in the reader's language: for the editor's completion and for the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from metadata.expressions.definitions import RELATED, Function, functions

FAMILIES: Mapping[str, Promise] = {
    "logic": _("Logic"),
    "text": _("Text"),
    "number": _("Numbers"),
    "date": _("Dates and times"),
    "choice": _("Choices"),
    "list": _("Lists"),
    "related": _("Other records"),
    "user": _("The caller"),
    "geo": _("Places"),
    "chinese": _("China"),
}


def function_reference() -> list[dict[str, Any]]:
    """Return every function as plain JSON, by family and then as they are defined."""
    order = list(FAMILIES)
    known = sorted(functions, key=lambda function: order.index(function.family))
    return [_entry(function) for function in known]


def reference_markdown() -> str:
    """Return the reference as Markdown, one table per family."""
    lines: list[str] = []
    family = ""
    for entry in function_reference():
        if entry["family"] != family:
            family = entry["family"]
            lines += ["", f"### {FAMILIES[family]}", "", "| function | what it gives | example |", "|---|---|---|"]
        result = f" → `{_cell(entry['result'])}`" if entry["result"] else ""
        mark = "" if entry["is_compilable"] else " ¹"
        lines.append(
            f"| `{_cell(entry['signature'])}`{mark} | {_cell(entry['summary'])} | `{_cell(entry['example'])}`{result} |"
        )
    return "\n".join(lines[1:]) + "\n"


def _entry(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "family": function.family,
        "family_label": str(FAMILIES[function.family]),
        "signature": function.signature,
        "summary": str(function.summary),
        "example": function.example[0],
        "result": function.example[1],
        "is_compilable": function.sql is not None and RELATED not in function.uses,
    }


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "\\n")
