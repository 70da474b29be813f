"""What every template of the platform keeps to: no inline code, a header, Chinese texts, a small size."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.console.messages import APP_FOLDERS, ROOT, python_files, python_messages, template_messages, templates

COMPONENT_LINES = 60
FORBIDDEN = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "an htmx handler": re.compile(r"\bhx-on\b|hx-vals\s*=\s*.js:", re.I),
    "an inline script": re.compile(r"<script\b(?![^>]*\bsrc=)", re.I),
    "a javascript address": re.compile(r"=\s*[\"']\s*javascript:", re.I),
    "something from another host": re.compile(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", re.I),
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def translated() -> frozenset[str]:
    """Return the source texts that have a Chinese translation which is not marked as a guess."""
    found: set[str] = set()
    for folder in APP_FOLDERS:
        for path in (ROOT / folder).rglob("locale/zh_Hans/LC_MESSAGES/django.po"):
            with path.open("rb") as file:
                for message in read_po(file):
                    texts = message.string if isinstance(message.string, tuple | list) else [message.string]
                    if message.id and all(texts) and not message.fuzzy:
                        found.add(message.id[0] if isinstance(message.id, tuple | list) else message.id)
    return frozenset(found)


@pytest.mark.parametrize("path", templates(), ids=name)
def test_template_holds_no_inline_code(path: Path) -> None:
    text = path.read_text()
    assert [what for what, pattern in FORBIDDEN.items() if pattern.search(text)] == []


@pytest.mark.parametrize("path", templates(), ids=name)
def test_template_says_in_its_head_what_it_needs(path: Path) -> None:
    head = "\n".join(path.read_text().splitlines()[:14])
    assert "Context:" in head, "open with a comment that names Blocks and Context"


@pytest.mark.parametrize("path", [path for path in templates() if "components" in path.parts], ids=name)
def test_component_is_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= COMPONENT_LINES


@pytest.mark.parametrize("path", templates(), ids=name)
def test_template_is_translated(path: Path) -> None:
    assert sorted(template_messages(path) - translated()) == []


@pytest.mark.parametrize("folder", [*APP_FOLDERS])
def test_texts_in_python_are_translated(folder: str) -> None:
    missing = {text for path in python_files(folder) for text in python_messages(path)} - translated()
    assert sorted(missing) == []
