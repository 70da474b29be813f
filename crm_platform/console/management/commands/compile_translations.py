"""Compile the message catalogues without GNU gettext: the .mo files are built, never committed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management.base import BaseCommand

SKIPPED = {"node_modules", ".venv", "var"}


def catalogues() -> list[Path]:
    """Return every .po file of the project."""
    found = Path(settings.BASE_DIR).glob("*/**/locale/*/LC_MESSAGES/django.po")
    return sorted(path for path in found if not SKIPPED & set(path.parts))


def compile_catalogue(source: Path) -> bool:
    """Compile one catalogue when it is newer than its .mo; returns whether it was."""
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return False
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parts[-3], abort_invalid=True)
    partial = target.with_suffix(".tmp")
    with partial.open("wb") as file:
        write_mo(file, catalogue)
    partial.replace(target)
    return True


class Command(BaseCommand):
    help = "Compile the translations of all apps."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        compiled = [path for path in catalogues() if compile_catalogue(path)]
        self.stdout.write(f"{len(compiled)} catalogues compiled")
