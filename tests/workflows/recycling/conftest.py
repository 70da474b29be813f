"""A lead pool from which leads return after a week without follow-up."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection

from crm_platform.events.clock import database_now
from metadata.compiler.current import current_snapshot
from metadata.models import BusinessObject
from objects.records.service import RecordService
from tests.objects.world import World
from workflows.pools.models import Pool, PoolMember, RecycleRule

MakeLead = Callable[..., uuid.UUID]


@pytest.fixture
def pool(crm: World) -> Pool:
    lead = BusinessObject.objects.get(api_name="lead")
    made = Pool.objects.create(business_object=lead, api_name="leads", label="线索公海", recycles=True)
    PoolMember.objects.create(pool=made, principal=f"user:{crm.users['head'].pk}", is_admin=True)
    PoolMember.objects.create(pool=made, principal=f"user:{crm.users['south'].pk}")
    RecycleRule.objects.create(pool=made, label="七天未跟进", kind="no_follow_up", days=7)
    return made


@pytest.fixture
def lead(crm: World, pool: Pool) -> MakeLead:
    """Make a lead of the pool that somebody has held for some days."""

    def make(days: float, owner: str = "rep", followed: datetime | None = None) -> uuid.UUID:
        name = f"{uuid.uuid4().hex[:10]}先生"
        found = RecordService(crm.actor(owner)).create("lead", {"name": name, "company": f"{name}公司"}).id
        since = database_now() - timedelta(days=days)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {current_snapshot().object('lead').table}"
                " SET pool_id = %s, last_owner_change_at = %s, last_followup_at = %s WHERE id = %s",
                [pool.pk, since, followed, found],
            )
        return found

    return make
