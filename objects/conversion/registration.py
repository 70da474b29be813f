"""What conversion adds to the registries of lower layers."""

from __future__ import annotations

from objects.conversion import leads, packages, settings


def register() -> None:
    """Register the guard of converted leads, the section of packages and the kind of audit entry; once, at start."""
    leads.register()
    packages.register()
    settings.register()
