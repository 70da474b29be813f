"""What pools offer on the pages of records and lists, and in the navigation."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.console import navigation
from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from objects.access.policy import AccessPolicy
from objects.access.reach import EDIT
from objects.extensions import (
    BulkAction,
    RecordAction,
    RecordPanel,
    Values,
    bulk_actions,
    record_actions,
    record_panels,
)
from workflows.pools.rules import pool_rules
from workflows.pools.services.seats import MANAGE, pools_of
from workflows.pools.views.records import OWNER, POOL, as_id, seat_of


def register() -> None:
    """Fill the registries; called once, when Django starts."""
    desk = navigation.NavItem("desk", _("Lead desk"), icon="layout-dashboard", url_name="desk", position=10)
    navigation.register(desk)
    navigation.register(navigation.NavItem("pools", _("Pools"), icon="droplet", url_name="pools", position=20))
    navigation.register(
        navigation.NavItem(
            "pool-settings",
            _("Pools"),
            icon="droplet-cog",
            url_name="pool-settings",
            section="admin",
            permission=MANAGE,
            position=22,
        )
    )
    for action in (
        RecordAction(
            "pool-open", _("Claim or assign"), icon="droplet", url_name="record-in-pool", offered=_waits, is_main=True,
            is_dialog=False, position=10,
        ),
        RecordAction(
            "pool-release", _("Give back to the pool"), icon="arrow-back-up", url_name="record-release",
            offered=_can_give_back, position=20,
        ),
        RecordAction(
            "pool-move", _("Move to another pool"), icon="arrows-exchange", url_name="record-pool-move",
            offered=_can_move, position=30,
        ),
        RecordAction(
            "pool-assign", _("Assign to …"), icon="user-plus", url_name="record-pool-assign", offered=_can_assign,
            position=15,
        ),
    ):  # fmt: skip
        record_actions.register(action)
    record_panels.register(
        RecordPanel("pool", _("Pool"), icon="droplet", url_name="record-pool-panel", offered=_belongs, position=20)
    )
    bulk_actions.register(
        BulkAction(
            "pool-release", _("Give back"), icon="arrow-back-up", url_name="records-release", offered=_holds_some
        )
    )
    bulk_actions.register(
        BulkAction("pool-assign", _("Assign to …"), icon="user-plus", url_name="records-assign", offered=_is_admin)
    )


def _holds_some(actor: Actor, obj: CompiledObject) -> bool:
    """Offer giving back to who may hold records of the object and work on them."""
    if not obj.spec.has_pools or not AccessPolicy.of(actor).can(obj.name, EDIT):
        return False
    return bool(pool_rules(actor).active(obj.spec.id))


def _is_admin(actor: Actor, obj: CompiledObject) -> bool:
    return obj.spec.has_pools and any(held.is_admin for held in pools_of(actor, obj.name))


def _belongs(actor: Actor, obj: CompiledObject, values: Values) -> bool:
    return obj.spec.has_pools and as_id(values.get(POOL)) is not None


def _is_waiting(values: Values) -> bool:
    return values.get(POOL) is not None and OWNER in values and values[OWNER] is None


def _waits(actor: Actor, obj: CompiledObject, values: Values) -> bool:
    return obj.spec.has_pools and _is_waiting(values) and seat_of(actor, obj.name, values) is not None


def _can_assign(actor: Actor, obj: CompiledObject, values: Values) -> bool:
    return obj.spec.has_pools and _is_waiting(values) and _administers(actor, obj, values)


def _can_give_back(actor: Actor, obj: CompiledObject, values: Values) -> bool:
    owner = values.get(OWNER)
    if not obj.spec.has_pools or owner is None or not pool_rules(actor).active(obj.spec.id):
        return False
    return bool(owner.id == actor.user_id) or _administers(actor, obj, values)


def _can_move(actor: Actor, obj: CompiledObject, values: Values) -> bool:
    return _administers(actor, obj, values) and len(pools_of(actor, obj.name)) > 1


def _administers(actor: Actor, obj: CompiledObject, values: Any) -> bool:
    held = seat_of(actor, obj.name, values) if obj.spec.has_pools else None
    return held is not None and held.is_admin
