"""The launcher's first run: the demo organisation with its data."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from objects.demo.install import install, logins


class Command(BaseCommand):
    help = "Makes and fills the demo organisation on a fresh installation; does nothing on any other."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--logins", type=Path, help="a file to write the demo's logins into")

    def handle(self, *args: Any, **options: Any) -> None:
        counts = install(self.stdout.write)
        if counts is None:
            return
        self.stdout.write(f"It has {sum(counts.values())} records.")
        if options["logins"]:
            _write_private(options["logins"], logins() + "\n")
        else:
            self.stdout.write(logins())


def _write_private(path: Path, text: str) -> None:
    """Write a file that nobody but us can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
