"""Merging over the API: what it moves, where old ids lead, files that go along, and the way back."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm_platform.files.models import StoredFile
from crm_platform.kit.context import Actor
from metadata import services
from metadata.inputs import FieldInput
from tests.kit.uploads import PDF

pytestmark = pytest.mark.django_db
URL = "/api/v1/records/ticket__c"


def make(caller: Any, name: str, **values: Any) -> str:
    answer = caller.post(URL, {"name": name, **values}, format="json")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_a_merge_redirects_old_ids_until_it_is_undone(caller: Any, ticket: str, admin_actor: Actor) -> None:
    services.add_field(admin_actor, ticket, FieldInput("papers__c", "file", "附件"))
    sent = caller.post("/api/v1/files", {"file": SimpleUploadedFile("plan.pdf", PDF)}, format="multipart").json()
    survivor, loser = make(caller, "S"), make(caller, "L", code__c="7", papers__c=[sent["id"]])
    part = caller.post("/api/v1/records/part__c", {"name": "P", "ticket__c": loser}, format="json").json()["id"]

    merged = caller.post(f"{URL}/merge", {"survivor": survivor, "losers": [loser]}, format="json")
    assert merged.status_code == 200, merged.content
    assert (merged.json()["redirects"], merged.json()["moved"]) == ({loser: survivor}, {"part__c.ticket__c": 1})
    led = caller.get(f"{URL}/{loser}")
    assert (led.status_code, led.json()["id"], led.json()["merged_from"]) == (200, survivor, loser)
    assert led["Content-Location"] == f"{URL}/{survivor}"
    assert (led.json()["code__c"], led.json()["papers__c"][0]["id"]) == ("7", sent["id"])
    assert caller.get(f"/api/v1/records/part__c/{part}").json()["ticket__c"] == survivor
    field_id = StoredFile.objects.get(pk=sent["id"]).field_id
    assert str(StoredFile.objects.get(pk=sent["id"]).record_id) == survivor

    undone = caller.post(f"{URL}/merges/{merged.json()['id']}/undo")
    assert undone.status_code == 200, undone.content
    assert undone.json()["restored"] == [loser]
    back = caller.get(f"{URL}/{loser}").json()
    assert (back["id"], back["code__c"], back["papers__c"][0]["id"]) == (loser, "7", sent["id"])
    assert "merged_from" not in back
    assert caller.get(f"{URL}/{survivor}").json()["code__c"] is None
    assert caller.get(f"/api/v1/records/part__c/{part}").json()["ticket__c"] == loser
    file = StoredFile.objects.get(pk=sent["id"])
    assert (str(file.record_id), file.field_id, file.detached_at) == (loser, field_id, None)
    assert b"".join(caller.get(f"/api/v1/files/{sent['id']}/content").streaming_content) == PDF
