"""Pools, and what moves records by itself."""

from __future__ import annotations

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"

    def ready(self) -> None:
        from workflows.assignment import registration as assignment
        from workflows.intake import registration as intake
        from workflows.pools import registration as pools
        from workflows.pools.views import extensions, offers
        from workflows.sla import registration as sla

        pools.register()
        intake.register()
        assignment.register()
        sla.register()
        offers.register()
        extensions.register()
