"""Files through the Open API."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm_platform.kit.context import Actor
from metadata import services
from metadata.inputs import FieldInput
from tests.kit.clients import OrganizationAPIClient
from tests.kit.uploads import HTML, PDF, picture
from tests.openapi.conftest import problem_codes

pytestmark = pytest.mark.django_db


@pytest.fixture
def papers(ticket: str, admin_actor: Actor) -> str:
    services.add_field(admin_actor, ticket, FieldInput("papers__c", "file", "附件"))
    return f"/api/v1/records/{ticket}"


def send(caller: OrganizationAPIClient, name: str = "plan.pdf", content: bytes = PDF) -> Any:
    return caller.post("/api/v1/files", {"file": SimpleUploadedFile(name, content)}, format="multipart")


def test_upload_give_to_a_record_and_read_back(caller: OrganizationAPIClient, papers: str) -> None:
    made = send(caller)
    assert made.status_code == 201
    file_id = made.json()["id"]
    assert made["Location"] == f"/api/v1/files/{file_id}"
    record = caller.post(papers, {"name": "With papers", "papers__c": [file_id]})
    assert record.status_code == 201, record.content
    facts = {"id": file_id, "name": "plan.pdf", "size": len(PDF), "content_type": "application/pdf"}
    assert record.json()["papers__c"] == [facts]
    assert caller.get(made["Location"]).json()["is_attached"] is True
    content = caller.get(f"{made['Location']}/content")
    assert b"".join(content.streaming_content) == PDF
    assert content["X-Content-Type-Options"] == "nosniff"
    assert content["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    same = caller.patch(f"{papers}/{record.json()['id']}", {"papers__c": record.json()["papers__c"]})
    assert same.json()["version"] == 1
    twice = caller.post(papers, {"name": "Again", "papers__c": [file_id]})
    assert problem_codes(twice) == {("#/fields/papers__c", "invalid_reference")}


def test_files_are_found_by_filters(caller: OrganizationAPIClient, papers: str) -> None:
    caller.post(papers, {"name": "With", "papers__c": send(caller).json()["id"]})
    caller.post(papers, {"name": "Without"})
    for query, name in (
        ("filter[papers__c][contains]=PLAN", "With"),
        ("filter[papers__c][kind]=pdf", "With"),
        ("filter[papers__c][count_gte]=1", "With"),
        ("filter[papers__c][empty]=1", "Without"),
    ):
        assert [row["name"] for row in caller.get(f"{papers}?{query}").json()["data"]] == [name], query
    bad = caller.get(f"{papers}?filter[papers__c][kind]=programs")
    assert bad.status_code == 422


def test_bulk_takes_ids(caller: OrganizationAPIClient, papers: str) -> None:
    rows = [{"name": "A", "papers__c": [send(caller).json()["id"]]}, {"name": "B", "papers__c": str(uuid.uuid4())}]
    answer = caller.post(f"{papers}/bulk-create", {"records": rows, "all_or_none": False})
    assert [item["status"] for item in answer.json()["results"]] == ["saved", "failed"]


@pytest.mark.parametrize(("name", "content", "code"), [("a.png", HTML, "invalid_type"), ("a.txt", b"", "required")])
def test_refused_upload_is_a_problem(caller: OrganizationAPIClient, name: str, content: bytes, code: str) -> None:
    answer = send(caller, name, content)
    assert answer.status_code == 422
    assert problem_codes(answer) == {("#/fields/file", code)}


def test_upload_must_be_one_file_of_a_form(caller: OrganizationAPIClient) -> None:
    assert caller.post("/api/v1/files", {"file": "text"}).status_code == 400
    two = {"file": SimpleUploadedFile("a.txt", b"a"), "other": SimpleUploadedFile("b.txt", b"b")}
    assert caller.post("/api/v1/files", two, format="multipart").status_code == 400
    assert caller.post("/api/v1/files", b"raw", content_type="text/plain").status_code == 415
    broken = caller.generic("POST", "/api/v1/files", b"x", content_type="multipart/form-data; boundary=")
    assert broken.status_code == 400


def test_upload_larger_than_any_may_be_is_not_read(caller: OrganizationAPIClient, settings: Any) -> None:
    settings.FILE_MAX_BYTES = 10
    assert send(caller, "a.txt", b"x" * (1024 * 1024 + 100)).status_code == 413
    answer = send(caller, "a.txt", b"x" * 11)
    assert problem_codes(answer) == {("#/fields/file", "payload_too_large")}


def test_small_copy_and_unknown_file(caller: OrganizationAPIClient) -> None:
    made = send(caller, "a.png", picture(size=(400, 200))).json()
    small = caller.get(f"/api/v1/files/{made['id']}/content?size=160")
    assert small["Content-Type"] == "image/webp"
    missing = caller.get(f"/api/v1/files/{uuid.uuid4()}/content")
    assert missing.status_code == 404
    assert missing["Content-Type"] == "application/problem+json"


def test_document_describes_files(caller: OrganizationAPIClient, papers: str) -> None:
    found = caller.get("/api/v1/openapi.json").json()
    upload = found["paths"]["/files"]["post"]
    assert "multipart/form-data" in upload["requestBody"]["content"]
    content = found["paths"]["/files/{id}/content"]["get"]["responses"]["200"]["content"]
    assert "application/octet-stream" in content
    shapes = [
        item["properties"]["papers__c"]
        for item in found["components"]["schemas"].values()
        if "papers__c" in item.get("properties", {})
    ]
    assert len(shapes) == 3  # read, create, change
    assert "array" in str(shapes[0])
