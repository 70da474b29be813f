"""Pools over the API: what waits, claiming, giving and taking back, the log, people's limits."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import Profile
from crm_platform.kit.context import system_actor
from metadata import services
from metadata.compiler.current import repin
from metadata.models import BusinessObject
from objects.access.grants import ACTIONS, grant_object
from objects.records.service import RecordService
from openapi.keys import create_key
from tests.kit import make
from tests.kit.clients import OrganizationAPIClient
from tests.kit.database import ACME_HOST
from workflows.pools.models import Pool
from workflows.pools.services.inputs import MemberInput, PoolInput
from workflows.pools.services.settings import create_pool, set_members, update_pool


@pytest.fixture
def pool(ticket: str) -> Pool:
    services.update_object(system_actor(), ticket, has_pools=True)
    repin()
    grant_object(
        system_actor(), Profile.objects.get(api_name="sales_rep"), BusinessObject.objects.get(api_name=ticket), ACTIONS
    )
    made = create_pool(
        system_actor(),
        PoolInput(object=ticket, label="公海", hold_cap=2, masked_fields=["code__c"], reasons=["无意向"], batch_size=3),
    )
    set_members(system_actor(), made.pk, [MemberInput(principal="everyone")])
    return made


@pytest.fixture
def waiting(pool: Pool) -> list[str]:
    rows = [{"name": f"T{number}", "code__c": f"K-{number}"} for number in range(3)]
    return [str(result.id) for result in RecordService(system_actor()).bulk_create("ticket__c", rows)]


@pytest.fixture
def rep(pool: Pool) -> Any:
    """A representative's client, and who he is."""
    user = make.user(name="代表", role="individual")
    client = OrganizationAPIClient(ACME_HOST)
    secret = create_key(build_actor(user, via="console"), "rep", ["pools", "records:read"])[1]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client, user


def test_a_member_sees_claims_and_gives_back(rep: Any, caller: Any, pool: Pool, waiting: list[str]) -> None:
    client, user = rep
    base = f"/api/v1/pools/{pool.pk}"
    (told,) = client.get("/api/v1/pools").json()["data"]
    assert (told["label"], told["is_admin"], told["used"], told["cap"]) == ("公海", False, 0, 2)
    assert "settings" not in client.get(base).json() and caller.get(base).json()["settings"]["hold_cap"] == 2
    listed = client.get(f"{base}/records?sort=name&count=exact").json()
    assert [row["id"] for row in listed["data"]] == waiting and listed["count"]["value"] == 3
    assert "K-0" not in str(listed) and "K-0" in str(caller.get(f"{base}/records").json())
    assert client.get(f"{base}/records?filter[code__c][eq]=K-0").status_code == 422
    tried = client.post(f"{base}/claim?dry_run=true", {"ids": waiting[:1]}).json()
    assert (tried["dry_run"], tried["results"][0]["status"], tried["quota"]["used"]) == (True, "claimed", 1)
    answer = client.post(f"{base}/claim", {"ids": waiting}).json()
    assert [item["status"] for item in answer["results"]] == ["claimed", "claimed", "rejected"]
    assert answer["results"][2]["code"] == "pool_cap_reached"
    assert answer["results"][2]["params"] == {"cap": 2, "used": 2}
    assert answer["summary"] == {"total": 3, "claimed": 2, "rejected": 1} and answer["quota"]["used"] == 2
    assert caller.post(f"{base}/claim", {"ids": waiting[:1]}).json()["results"][0]["code"] == "already_claimed"
    assert client.post(f"{base}/release", {"ids": waiting[:1]}).status_code == 422
    given = client.post(f"{base}/release", {"ids": waiting[:1], "reason": "无意向", "note": "n"}).json()
    assert given["results"][0]["status"] == "released"
    assert client.post(f"{base}/claim-next", {"count": 1}).json()["summary"]["claimed"] == 1
    log = client.get(f"{base}/log?kind=release").json()["data"]
    assert [(row["record_id"], row["reason"], row["from_owner_id"]) for row in log] == [
        (waiting[0], "无意向", str(user.pk))
    ]
    assert [row["user_id"] for row in client.get(f"{base}/quotas").json()["data"]] == [str(user.pk)]


def test_administrators_assign_recall_move_and_limit(rep: Any, caller: Any, pool: Pool, waiting: list[str]) -> None:
    client, user = rep
    base = f"/api/v1/pools/{pool.pk}"
    other = create_pool(system_actor(), PoolInput(object="ticket__c", label="二"))
    orders: list[tuple[str, dict[str, Any]]] = [
        ("assign", {"owner_id": str(user.pk)}),
        ("recall", {"reason": "重新分配"}),
        ("move", {"to_pool_id": str(other.pk), "note": "x"}),
    ]
    for name, more in orders:
        assert client.post(f"{base}/{name}", {"ids": waiting[:1], **more}).status_code == 403
        assert caller.post(f"{base}/{name}", {"ids": waiting[:1], **more}).json()["summary"]["rejected"] == 0
        assert caller.post(f"{base}/{name}", {**more}).status_code == 422
    assert caller.post(f"{base}/assign", {"ids": waiting, "owner_id": str(uuid4())}).status_code == 422
    assert caller.put(f"{base}/quotas/{user.pk}", {"hold_cap": 1, "daily_cap": None}).json()["hold_cap"] == 1
    assert client.put(f"{base}/quotas/{user.pk}", {"hold_cap": 9}).status_code == 403
    results = caller.post(f"{base}/assign", {"ids": waiting[1:], "owner_id": str(user.pk)}).json()["results"]
    assert [item.get("code") for item in results] == [None, "pool_cap_reached"]
    (limits,) = caller.get(f"{base}/quotas").json()["data"]
    assert (limits["user_id"], limits["used"], limits["cap"]) == (str(user.pk), 1, 1)
    assert [row["kind"] for row in caller.get(f"{base}/log?limit=2").json()["data"]] == ["assign", "move"]
    assert caller.get(f"{base}/log?limit=x").status_code == 422


def test_a_limit_of_views_is_not_passed_by_lists(rep: Any, pool: Pool, waiting: list[str]) -> None:
    client, _user = rep
    base = f"/api/v1/pools/{pool.pk}"
    update_pool(system_actor(), pool.pk, {"daily_views": 1})
    rows = client.get(f"{base}/records").json()["data"]
    assert len(rows) == 3 and "amount__c" not in rows[0] and rows[0]["name"]
    assert client.get(f"{base}/records?fields=name,amount__c").status_code == 422
    assert client.get(f"{base}/records?expand=owner").status_code == 422
    assert client.get(f"{base}/records/{waiting[0]}").json()["amount__c"] is None
    assert client.get(f"{base}/records/{waiting[1]}").status_code == 429
    assert client.get(f"{base}/records/{uuid4()}").status_code == 404
