"""Pools as places for imported records: those that the caller administers, or any where he may change every record."""

from __future__ import annotations

from collections.abc import Sequence

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from objects.access.policy import AccessPolicy
from objects.exchange.places import ImportPlaces, Place, import_places
from workflows.pools.rules import pool_rules
from workflows.pools.services.seats import pools_of


def offered(actor: Actor, obj: CompiledObject) -> Sequence[Place]:
    """Return the pools of an object into which the caller may import, in their order."""
    if AccessPolicy.of(actor).opens(obj.name, "edit"):
        pools = [pool for pool in pool_rules(actor).pools.values() if pool.business_object.api_name == obj.name]
        return [(pool.pk, pool.label) for pool in pools if pool.is_active]
    return [(seat.pool.pk, seat.pool.label) for seat in pools_of(actor, obj.name) if seat.is_admin]


def register() -> None:
    import_places.register(ImportPlaces("pools", offered))
