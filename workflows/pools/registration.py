"""What pools make known at start-up."""

from __future__ import annotations

from objects.records.ownership import watchers
from workflows.pools import rules
from workflows.pools.recycling import registration as recycling
from workflows.pools.watching import PoolWatcher


def register() -> None:
    watchers.register(PoolWatcher())
    rules.watch()
    recycling.register()
