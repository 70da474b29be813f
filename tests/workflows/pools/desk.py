"""Pools and leads for tests of pools."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from crm_platform.kit.context import system_actor
from objects.records.drafts import Movement
from objects.records.ownership import Holder, Move
from objects.records.service import RecordService
from tests.objects.world import World
from workflows.pools.models import Pool
from workflows.pools.outcomes import Outcome
from workflows.pools.services.inputs import MemberInput, PoolInput
from workflows.pools.services.settings import create_pool, set_members

NOBODY = {"field": "name", "op": "eq", "value": "nobody"}


def make_pool(
    label: str = "线索公海", *, members: Sequence[str] = ("everyone",), admins: Sequence[str] = (), **given: Any
) -> Pool:
    """Make a pool of leads as an administrator would."""
    pool = create_pool(system_actor(), PoolInput(**{"object": "lead", "label": label, **given}))
    rows = [MemberInput(principal=item) for item in members] + [
        MemberInput(principal=item, is_admin=True) for item in admins
    ]
    set_members(system_actor(), pool.pk, rows)
    return pool


def leads(crm: World, count: int, *, owner: str = "", pool: Pool | None = None, **values: Any) -> list[uuid.UUID]:
    """Make leads that somebody owns, or that wait in a pool."""
    rows = [{"name": f"线索{number}", "company": f"公司{uuid.uuid4().hex[:12]}", **values} for number in range(count)]
    service = RecordService(system_actor())
    ids = [result.id for result in service.bulk_create("lead", rows) if result.id]
    assert len(ids) == count
    to = Holder(crm.users[owner].pk if owner else None, pool.pk if pool else None)
    if owner or pool:
        assert not any(result.errors for result in service.move("lead", [Move(item, to) for item in ids], Movement()))
    return ids


def said(outcomes: Sequence[Outcome]) -> list[str]:
    return [item.status for item in outcomes]
