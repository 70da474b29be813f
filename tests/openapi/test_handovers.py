"""Handovers over the API: previewed, ordered, watched, cancelled, tried again."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from objects.records.service import RecordService
from openapi.keys import create_key
from tests.kit import make
from tests.kit.work import run_queued_jobs
from tests.openapi.conftest import problem_codes

pytestmark = pytest.mark.django_db
URL = "/api/v1/handovers"


@pytest.fixture
def leaver(ticket: str, admin_actor: Actor) -> User:
    """Somebody with two tickets and a key."""
    person = make.user()
    for name in "ab":
        RecordService(admin_actor).create(ticket, {"name": name, "owner_id": str(person.pk)})
    create_key(admin_actor, "k", ["records:read"], user=person)
    return person


def test_a_dry_run_only_tells_what_there_is(caller: Any, leaver: User) -> None:
    answer = caller.post(f"{URL}?dry_run=true", {"user": str(leaver.pk)}, format="json")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    found = {item["object"]: (item["owned"], item["unfinished"], item["can_transfer"]) for item in told["objects"]}
    assert (told["dry_run"], told["records"], found["ticket__c"]) == (True, 2, (2, None, True))
    assert (told["holdings"]["api_keys"], told["holdings"]["reports"]) == (1, 0)
    assert User.objects.get(pk=leaver.pk).is_active


def test_an_order_is_carried_out_and_can_be_read(caller: Any, api: Any, leaver: User) -> None:
    heir = make.user()
    plan = {"user": str(leaver.pk), "everything": {"to": "user", "user": str(heir.pk)}, "deactivate": True}
    answer = caller.post(URL, plan, format="json")
    assert answer.status_code == 202, answer.content
    one = f"{URL}/{answer.json()['id']}"
    assert (answer.json()["state"], caller.get(one).json()["state"]) == ("running", "running")
    assert not User.objects.get(pk=leaver.pk).is_active
    assert caller.post(URL, plan, format="json").status_code == 409
    run_queued_jobs()

    told = caller.get(one).json()
    assert (told["state"], told["total"], told["moved"], told["stayed"]) == ("done", 2, 2, [])
    assert told["objects"] == {"ticket__c": {"total": 2, "moved": 2, "failed": 0, "skipped": 0}}
    records = caller.get(f"{one}/records").json()
    owners = {(item["old_owner"], item["new_owner"], item["state"]) for item in records["data"]}
    assert (owners, records["next"]) == ({(str(leaver.pk), str(heir.pk), "moved")}, None)
    owned = caller.get("/api/v1/records/ticket__c", {"filter[owner_id][eq]": str(heir.pk)}).json()
    assert len(owned["data"]) == 2
    assert caller.post(f"{one}/cancel").status_code == 409
    assert caller.post(f"{one}/retry").status_code == 202


def test_what_is_wrong_with_an_order_is_told(caller: Any, leaver: User) -> None:
    wrong = {"user": str(leaver.pk), "everything": {"to": "user"}, "objects": {"none__c": {"to": "keep"}}, "x": 1}
    answer = caller.post(URL, wrong, format="json")
    assert answer.status_code == 422
    codes = {code for _pointer, code in problem_codes(answer)}
    assert codes == {"required", "unknown_object", "unknown_field"}
    nobody = {"user": str(uuid.uuid4()), "everything": {"to": "keep"}}
    assert caller.post(URL, nobody, format="json").status_code == 404
    assert caller.post(URL, {}, format="json").status_code == 422


def test_a_representative_may_neither_look_nor_order(api: Any, actor_for: Any, leaver: User) -> None:
    _row, secret = create_key(actor_for(make.user()), "k", ["users:read", "users:write"])
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert api.post(f"{URL}?dry_run=1", {"user": str(leaver.pk)}, format="json").status_code == 403
    assert api.get(f"{URL}/{uuid.uuid4()}").status_code == 404
