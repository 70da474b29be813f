"""Watches for what a test must not leave behind: pinned snapshots, models in Django's own registry."""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps
from django.db import connection
from django_tenants.utils import get_public_schema_name

from metadata.compiler import current


@dataclass(frozen=True)
class RegistryState:
    """How much Django's global registry holds."""

    models: frozenset[tuple[str, str]]
    pending_operations: int

    @classmethod
    def now(cls) -> RegistryState:
        names = frozenset((app, name) for app, models in apps.all_models.items() for name in models)
        return cls(names, sum(len(waiting) for waiting in apps._pending_operations.values()))


def leaks(before: RegistryState) -> list[str]:
    """Return a sentence for everything that is left since `before`."""
    after = RegistryState.now()
    found = []
    if after.models - before.models:
        found.append(f"models in the global registry: {sorted(after.models - before.models)}")
    if after.pending_operations > before.pending_operations:
        found.append("lazy operations wait in the global registry for models that do not exist")
    if current._pins.get() is not None:
        found.append("a pinned snapshot")
    if connection.schema_name != get_public_schema_name():
        found.append(f"the connection is in the schema {connection.schema_name}")
    return found
