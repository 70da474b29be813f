"""Hooks and mailboxes over the Open API: settled, tried, and what came in; no password ever comes back."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.kit.clients import OrganizationAPIClient
from tests.objects.world import World
from workflows.intake.models import Mailbox

MAPPING = [{"field": "name", "path": "who"}, {"field": "company", "constant": "F"}]


@pytest.fixture
def admin(crm: World, site: OrganizationAPIClient) -> OrganizationAPIClient:
    actor = build_actor(User.objects.get(username="admin"), via="console")
    site.credentials(HTTP_AUTHORIZATION=f"Bearer {create_key(actor, 'k', list(SCOPES))[1]}")
    return site


def test_a_hook_is_made_tried_called_and_read(admin: Any, pool: Any) -> None:
    given = {"object": "lead", "label": "H", "mapping": MAPPING, "pool_id": str(pool.pk)}
    made = admin.post("/api/v1/hooks", given)
    assert made.status_code == 201, made.content
    hook = made.json()
    url = f"/api/v1/hooks/{hook['id']}"
    assert (admin.get("/api/v1/hooks").json()["data"], admin.get(url)["ETag"]) == ([hook], '"1"')
    trial = admin.post(f"{url}/try", {"document": {"nobody": 1}}).json()
    assert (trial["state"], trial["values"], trial["errors"][0]["pointer"]) == (
        "held",
        {"company": "F"},
        "#/fields/name",
    )
    assert admin.post(f"{url}/try", {"document": 7}).status_code == 422
    sent = admin.post(f"/api/v1/public/hooks/{hook['token']}", {"nobody": 1}).json()
    [held] = admin.get(f"{url}/deliveries?state=held").json()["data"]
    assert (held["id"], held["body"], held["reason"]) == (sent["id"], '{"nobody":1}', "not_saved")
    release = f"{url}/deliveries/{held['id']}/release"
    assert admin.post(release).status_code == 422
    mapping = [{"field": "name", "path": "nobody"}, MAPPING[1]]
    assert admin.patch(url, {"mapping": mapping}, headers={"If-Match": '"7"'}).status_code == 412
    assert admin.patch(url, {"mapping": mapping}, headers={"If-Match": '"1"'}).status_code == 200
    assert admin.post(release).json()["state"] == "accepted"
    assert admin.delete(url).json()["deleted"]
    done = AuditEntry.objects.filter(action__startswith="hook.").values_list("action", flat=True)
    assert sorted(done) == ["hook.changed", "hook.created", "hook.deleted", "hook.released"]


def test_a_mailbox_is_made_and_keeps_its_password_to_itself(admin: Any, crm: World) -> None:
    given = {"object": "lead", "label": "M", "host": "nosuch.invalid", "username": "u", "password": "s3cret-word"}
    made = admin.post("/api/v1/inbound-addresses", given)
    assert made.status_code == 201, made.content
    url = f"/api/v1/inbound-addresses/{made.json()['id']}"
    assert [item["path"] for item in made.json()["mapping"]][:2] == ["sender.name", "sender.email"]
    answers = [made, admin.get(url), admin.patch(url, {"label": "N"}), admin.post(f"{url}/try")]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 422]
    assert answers[3].json()["reason"] == "no_such_host"
    row = Mailbox.objects.get()
    assert not any(
        "s3cret" in answer.content.decode() or row.secret_seal in answer.content.decode() for answer in answers
    )
    assert admin.patch(url, {"secret_seal": "x"}).status_code == 422
    assert admin.patch(url, {"host": "evil.example"}).status_code == 422
    assert admin.get(f"{url}/messages").json()["data"] == []
    details = AuditEntry.objects.filter(action__startswith="mailbox.").values_list("details", flat=True)
    assert len(details) == 2
    assert "s3cret" not in str(list(details))


def test_the_token_of_an_address_is_told_once(admin: Any, crm: World) -> None:
    given = {"object": "lead", "label": "P", "way": "posted"}
    dry = admin.post("/api/v1/inbound-addresses?dry_run=true", given)
    assert (dry.status_code, "token" in dry.json(), Mailbox.objects.exists()) == (200, False, False)
    made, again = [admin.post("/api/v1/inbound-addresses", given, headers={"Idempotency-Key": "k"}) for _turn in "12"]
    assert (made.status_code, made["ETag"], again.json()["id"]) == (201, '"1"', made.json()["id"])
    token = made.json()["token"]
    assert (len(token) > 40, "token" in again.json(), made.json()["way"]) == (True, False, "posted")
    url = f"/api/v1/inbound-addresses/{made.json()['id']}"
    sent = admin.generic("POST", f"/api/v1/public/email/{token}", b"From: a@b.example\r\n\r\nx", "message/rfc822")
    assert (sent.status_code, admin.post(f"{url}/try").status_code) == (202, 409)
    listed = admin.get("/api/v1/inbound-addresses").json()["data"]
    assert [("token" in item, item["host"]) for item in listed] == [(False, "")]
    assert admin.patch(url, {"way": "imap"}).status_code == 422
    assert admin.post("/api/v1/inbound-addresses", {**given, "way": "pigeon"}).status_code == 422
    assert admin.delete(url).status_code == 200
    assert admin.generic("POST", f"/api/v1/public/email/{token}", b"x", "message/rfc822").status_code == 404
