"""What pools make known at start-up."""

from __future__ import annotations

from crm_platform.kit.context import Actor
from objects.demo.afterwards import Act, acts
from objects.handover.pools import PoolChoice, pool_sources
from objects.records.ownership import watchers
from workflows.pools import consistency, demo, importing, packages, rules
from workflows.pools.recycling import registration as recycling
from workflows.pools.watching import PoolWatcher


def register() -> None:
    watchers.register(PoolWatcher())
    rules.watch()
    consistency.register()
    packages.register()
    pool_sources.append(_choices)
    importing.register()
    acts.register(Act("pools", demo.fill_pools))
    recycling.register()


def _choices(actor: Actor, object_name: str) -> list[PoolChoice]:
    """Return the pools into which somebody may hand over records: all that are in use, for who does that."""
    found = rules.pool_rules(actor).pools.values()
    return [
        PoolChoice(pool.pk, pool.label)
        for pool in found
        if pool.is_active and pool.business_object.api_name == object_name
    ]
