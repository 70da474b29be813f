"""Recycling over the API: what would return and why, a run at once, the runs of a pool, undoing one."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from crm_platform.events.clock import database_now
from crm_platform.kit.context import Actor
from metadata import services
from metadata.compiler.current import current_snapshot, repin
from metadata.models import BusinessObject
from objects.records.service import RecordService
from openapi.keys import create_key
from tests.kit import make
from tests.kit.work import run_queued_jobs
from tests.openapi.conftest import problem_codes
from workflows.pools.models import Pool, RecycleRule

pytestmark = pytest.mark.django_db


@pytest.fixture
def pool(ticket: str, admin_actor: Actor) -> Pool:
    services.update_object(admin_actor, ticket, has_pools=True)
    repin()
    made = Pool.objects.create(
        business_object=BusinessObject.objects.get(api_name=ticket), api_name="p", label="工单池", recycles=True
    )
    RecycleRule.objects.create(pool=made, label="三天未跟进", kind="no_follow_up", days=3)
    return made


@pytest.fixture
def due(pool: Pool, ticket: str, admin_actor: Actor) -> list[str]:
    """Two tickets that return, the oldest first, and one that does not yet."""
    service, table = RecordService(admin_actor), current_snapshot().object(ticket).table
    ids = [str(service.create(ticket, {"name": f"工单{days}"}).id) for days in (9, 5, 1)]
    with connection.cursor() as cursor:
        for record, days in zip(ids, (9, 5, 1), strict=True):
            cursor.execute(
                f"UPDATE {table} SET pool_id = %s, last_owner_change_at = now() - %s WHERE id = %s",
                [pool.pk, timedelta(days=days), record],
            )
    return ids


def test_a_pool_is_asked_run_and_undone(caller: Any, pool: Pool, due: list[str], ticket: str) -> None:
    url = f"/api/v1/pools/{pool.pk}"
    told = caller.post(f"{url}/recycle-preview", {"limit": 1}, format="json").json()
    (row,) = told["data"]
    assert (told["total"], row["id"], row["name"], row["reasons"][0]["rule"]) == (2, due[0], "工单9", "三天未跟进")
    assert row["reasons"][0]["days"] == 3 and row["reasons"][0]["since"] < row["due_at"]
    following = caller.post(f"{url}/recycle-preview", {"after": told["next"]}, format="json").json()
    assert [item["id"] for item in following["data"]] == due[1:2] and following["next"] is None
    later = (database_now() + timedelta(days=3)).isoformat()
    assert caller.post(f"{url}/recycle-preview", {"at": later}, format="json").json()["total"] == 3
    assert caller.post(f"{url}/recycle-run", format="json").status_code == 202
    run_queued_jobs()
    (run,) = caller.get(f"{url}/recycle-runs").json()["data"]
    assert (run["recycled"], run["refused"], run["is_undone"]) == (2, 0, False)
    undo = f"{url}/recycle-runs/{run['id']}/undo"
    assert caller.post(f"/api/v1/pools/{uuid.uuid4()}/recycle-runs/{run['id']}/undo").status_code == 404
    assert caller.post(undo).status_code == 202
    run_queued_jobs()
    assert caller.get(f"{url}/recycle-runs").json()["data"][0]["is_undone"]
    assert caller.get(f"/api/v1/records/{ticket}/{due[0]}").json()["owner_id"] is not None
    assert caller.post(undo).status_code == 409


def test_what_is_asked_wrongly_is_named(caller: Any, api: Any, pool: Pool, admin_actor: Actor) -> None:
    url = f"/api/v1/pools/{pool.pk}/recycle-preview"
    given = {"at": "2026-01-01", "limit": 0, "after": "x", "wat": 1}
    answer = caller.post(url, given, format="json")
    assert (answer.status_code, problem_codes(answer)) == (
        422,
        {
            ("#/fields/at", "invalid_type"),
            ("#/fields/limit", "out_of_range"),
            ("#/fields/after", "invalid_type"),
            ("#/fields/wat", "unknown_field"),
        },
    )
    RecycleRule.objects.update(kind="expression", settings={"expression": "no_such_field"})
    assert caller.post(url, {}, format="json").status_code == 409
    stranger = create_key(admin_actor, "k", ["pools"], user=make.user(role="individual"))[1]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {stranger}")
    assert api.post(url, {}, format="json").status_code == 404
