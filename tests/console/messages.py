"""Finds translatable texts in templates and Python, without GNU gettext."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
APP_FOLDERS = ("crm_platform", "metadata", "objects", "workflows", "layouts", "openapi")
GETTEXT_NAMES = {
    "_",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
}
CALL = re.compile(r"""\b(?:_|gettext|ngettext)\(\s*u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


def templates(*folders: str) -> list[Path]:
    """Return every template of the given folders, by default of all apps."""
    found = (path for folder in folders or APP_FOLDERS for path in (ROOT / folder).rglob("templates/**/*.html"))
    return sorted(path for path in found if "node_modules" not in path.parts)


def python_files(*folders: str) -> list[Path]:
    found = (path for folder in folders or APP_FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if not {"node_modules", "migrations"} & set(path.parts))


def template_messages(path: Path) -> set[str]:
    """Return the source texts of `{% translate %}` and `{% blocktranslate %}` in a template."""
    code = templatize(path.read_text(), origin=str(path))
    return {ast.literal_eval(match.group(1)) for match in CALL.finditer(code)}


def python_messages(path: Path) -> set[str]:
    """Return the source texts of gettext calls in a module."""
    return set(_python_messages(ast.parse(path.read_text())))


def _python_messages(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in GETTEXT_NAMES:
            continue
        first = 1 if node.func.id.startswith("pgettext") else 0
        if len(node.args) > first and isinstance(node.args[first], ast.Constant):
            yield str(node.args[first].value)
