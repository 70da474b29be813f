"""Over the API: previews of a change of type, the change itself, its progress, its end; where a field is used."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.jobs.context import JobContext
from crm_platform.jobs.models import Job
from crm_platform.kit.context import Actor
from layouts.models import ListView
from metadata import services
from metadata.inputs import FieldInput, ObjectInput
from metadata.models import BusinessObject
from metadata.retyping import job as jobs
from metadata.retyping import preview as previews
from objects.records.service import RecordService
from tests.jobs.conftest import silence, take
from tests.kit.clients import OrganizationAPIClient

pytestmark = pytest.mark.django_db

FIELD = "/api/v1/meta/objects/crate__c/fields/size__c"


@pytest.fixture
def crate(admin_actor: Actor) -> None:
    fields = [FieldInput("size__c", "text", "Size"), FieldInput("free__c", "text", "Free")]
    services.create_object(admin_actor, ObjectInput("crate__c", "Crate", fields=fields))
    service = RecordService(admin_actor)
    for size in ("7", "1.5", "many", None):
        service.create("crate__c", {"name": "n", "size__c": size})
    silence()


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    return answer.json()


def test_a_dry_run_counts_and_changes_nothing(crate: None, caller: OrganizationAPIClient) -> None:
    found = ok(caller.post(f"{FIELD}/change-type?dry_run=true", {"type": "integer"}))
    counts = {name: found[name] for name in ("total", "empty", "convertible", "lossy", "failing")}
    assert counts == {"total": 4, "empty": 1, "convertible": 2, "lossy": 1, "failing": 1}
    assert [item["text"] for item in found["examples"]] == ["many"]
    assert ok(caller.get(FIELD))["type"] == "text"
    assert caller.get(f"{FIELD}/change-type").status_code == 404


def test_a_change_is_started_followed_and_done(crate: None, caller: OrganizationAPIClient) -> None:
    started = ok(caller.post(f"{FIELD}/change-type", {"type": "integer", "on_failure": "empty"}), 202)
    assert started["job"]["state"] == "queued"
    stands = ok(caller.get(f"{FIELD}/change-type"))
    assert (stands["type"], stands["job"]["id"]) == ("integer", started["job"]["id"])
    ok(caller.post(f"{FIELD}/change-type", {"type": "decimal"}), 409)
    ok(caller.delete(FIELD), 409)
    jobs.change_type(JobContext(take()))
    assert ok(caller.get(FIELD))["type"] == "integer"
    sizes = [row["size__c"] for row in ok(caller.get("/api/v1/records/crate__c?fields=size__c&sort=size__c"))["data"]]
    assert sizes == [2, 7, None, None]


def test_a_change_is_cancelled(crate: None, caller: OrganizationAPIClient) -> None:
    ok(caller.post(f"{FIELD}/change-type", {"type": "picklist"}), 202)
    ok(caller.delete(f"{FIELD}/change-type"))
    assert caller.get(f"{FIELD}/change-type").status_code == 404
    assert ok(caller.get(FIELD))["type"] == "text"


def test_a_large_preview_is_fetched_from_its_job(
    crate: None, caller: OrganizationAPIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "SMALL", 2)
    asked = ok(caller.post(f"{FIELD}/change-type?dry_run=true", {"type": "integer"}), 202)["job"]
    url = f"{FIELD}/change-type/previews/{asked['id']}"
    assert ok(caller.get(url))["preview"] is None
    claim = take()
    result = previews.preview_by_job(JobContext(claim))
    Job.objects.filter(pk=asked["id"]).update(state="succeeded", result=result)
    assert ok(caller.get(url))["preview"]["failing"] == 1
    other = url.replace("size__c", "free__c")
    assert caller.get(other).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"type": 1}, {"type": "checkbox"}, {"type": "integer", "x": 1}, {"type": "integer", "settings": {"min": "x"}}],
)
def test_mistakes_are_named(crate: None, caller: OrganizationAPIClient, body: dict[str, Any]) -> None:
    found = ok(caller.post(f"{FIELD}/change-type", body), 422)
    assert found["errors"]


def test_usage_names_what_holds_a_field(crate: None, caller: OrganizationAPIClient) -> None:
    crate_row = BusinessObject.objects.get(api_name="crate__c")
    ListView.objects.create(object=crate_row, api_name="v", label="V", columns=["size__c"])
    assert [item["name"] for item in ok(caller.get(f"{FIELD}/usage"))["data"]] == ["Crate: V"]
    refused = ok(caller.delete(FIELD), 409)
    assert "Crate: V" in str(refused)
    assert ok(caller.get(FIELD.replace("size", "free") + "/usage"))["data"] == []
    assert caller.get(FIELD.replace("size", "gone") + "/usage").status_code == 404
