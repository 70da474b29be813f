"""What conversion adds to the registries of lower layers."""

from __future__ import annotations

from objects.conversion import leads


def register() -> None:
    """Register the guard of converted leads; called once, when Django starts."""
    leads.register()
