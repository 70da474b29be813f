"""Records: written by `objects.records`, read by `objects.query`, guarded by `objects.access`."""

from __future__ import annotations

from django.apps import AppConfig


class ObjectsConfig(AppConfig):
    name = "objects"

    def ready(self) -> None:
        from objects.access.packages import register
        from objects.search import registration as search

        register()
        search.register()
