"""The data model over the API, and the document that is made from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.openapi.conftest import problem_codes

pytestmark = pytest.mark.django_db
META = "/api/v1/meta"


def test_an_object_and_a_field_are_made_and_used_at_once(caller: Any) -> None:
    body = {"api_name": "visit_plan__c", "label": {"zh-CN": "拜访计划", "en": "Visit plan"}}
    answer = caller.post(f"{META}/objects", body, format="json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["labels"] == {"zh-CN": "拜访计划", "en": "Visit plan"}
    field = {"api_name": "goal__c", "type": "text", "label": "目标"}
    answer = caller.post(f"{META}/objects/visit_plan__c/fields", field, format="json")
    assert answer.status_code == 201, answer.content
    made = caller.post("/api/v1/records/visit_plan__c", {"name": "周一", "goal__c": "签约"}, format="json")
    assert made.json()["goal__c"] == "签约"
    described = caller.get(f"{META}/objects/visit_plan__c/describe").json()
    assert "goal__c" in {item["api_name"] for item in described["fields"]}
    assert described["rights"]["create"] is True


def test_fields_are_changed_deleted_and_restored(caller: Any, ticket: str) -> None:
    url = f"{META}/objects/ticket__c/fields/code__c"
    assert (
        caller.patch(url, {"label": {"en": "Code"}, "is_searchable": True}, format="json").json()["labels"]["en"]
        == "Code"
    )
    assert caller.delete(url).json() == {"api_name": "code__c", "state": "hidden"}
    assert caller.get(url).status_code == 404
    assert caller.post(f"{url}/restore").status_code == 200
    assert caller.get(url).status_code == 200


def test_choices_are_replaced_through_their_field(caller: Any, ticket: str) -> None:
    choices = [{"value": "done", "label": "完成"}, {"value": "late", "label": "超时", "color": "red"}]
    answer = caller.patch(f"{META}/objects/ticket__c/fields/state__c", {"choices": choices}, format="json")
    assert [(c["value"], c["is_active"]) for c in answer.json()["choices"]] == [
        ("done", True),
        ("late", True),
        ("new", False),
    ]


def test_mistakes_are_named(caller: Any, ticket: str) -> None:
    body = {"api_name": "bad name", "type": "text", "label": "", "colour": "red", "is_required": "yes"}
    answer = caller.post(f"{META}/objects/ticket__c/fields", body, format="json")
    assert problem_codes(answer) == {("#/fields/colour", "unknown_field"), ("#/fields/is_required", "invalid_type")}
    answer = caller.post(
        f"{META}/objects/ticket__c/fields", {"api_name": "x", "type": "text", "label": ""}, format="json"
    )
    assert ("#/fields/api_name", "invalid_type") in problem_codes(answer)


def test_a_stale_etag_and_a_dry_run(caller: Any, ticket: str) -> None:
    field = {"api_name": "dry__c", "type": "text", "label": "x"}
    url = f"{META}/objects/ticket__c/fields"
    assert caller.post(url, field, format="json", HTTP_IF_MATCH='"1"').status_code == 412
    answer = caller.post(f"{url}?dry_run=true", field, format="json")
    assert answer.json()["dry_run"] is True
    assert caller.get(f"{url}/dry__c").status_code == 404


def test_meta_is_cached_by_version(caller: Any, ticket: str) -> None:
    answer = caller.get(META)
    assert caller.get(META, HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304


def test_the_document_is_valid_and_knows_every_object(caller: Any, ticket: str) -> None:
    from openapi_spec_validator import validate

    document = caller.get("/api/v1/openapi.json").json()
    validate(document)
    assert "/records/ticket__c/{id}" in document["paths"]
    schema = document["components"]["schemas"]["TicketCCreate"]
    assert "amount__c" in schema["properties"]
    assert "version" not in schema["properties"]
    ids = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(ids) == len(set(ids))


def test_the_document_follows_the_data_model_within_one_request(caller: Any, ticket: str) -> None:
    caller.get("/api/v1/openapi.json")
    caller.post(f"{META}/objects/ticket__c/fields", {"api_name": "new__c", "type": "text", "label": "x"}, format="json")
    schemas = caller.get("/api/v1/openapi.json").json()["components"]["schemas"]
    assert "new__c" in schemas["TicketCRead"]["properties"]
    assert set(caller.get("/api/v1/openapi.json?objects=part__c").json()["paths"]) & {"/records/ticket__c"} == set()


def test_a_formula_that_is_not_stored_is_read_filtered_and_never_unmodified(caller: Any, ticket: str) -> None:
    settings = {"expression": "due__c - TODAY()", "returns": "integer", "storage": "virtual"}
    url = f"{META}/objects/ticket__c/fields"
    body = {"api_name": "left__c", "type": "formula", "label": "剩余天数", "settings": settings}
    assert caller.post(url, body, format="json").status_code == 201
    assert caller.get(f"{url}/left__c").json()["settings"]["storage"] == "virtual"
    far = (timezone.localdate() + timedelta(days=400)).isoformat()
    made = caller.post("/api/v1/records/ticket__c", {"name": "远", "due__c": far}, format="json").json()
    assert 399 <= made["left__c"] <= 401
    found = caller.get("/api/v1/records/ticket__c?filter[left__c][gt]=300&sort=-left__c&fields=name,left__c").json()
    assert [row["name"] for row in found["data"]] == ["远"]
    one = f"/api/v1/records/ticket__c/{made['id']}"
    assert caller.get(one, HTTP_IF_NONE_MATCH='"1"').status_code == 200
    assert caller.get(f"{one}?fields=name,version", HTTP_IF_NONE_MATCH='"1"').status_code == 304
    changed = caller.patch(one, {"due__c": timezone.localdate().isoformat()}, format="json").json()
    assert -1 <= changed["left__c"] <= 1
    tried = caller.post("/api/v1/records/ticket__c/validate", {"name": "x", "due__c": far}, format="json")
    assert tried.status_code == 200
    assert 399 <= tried.json()["values"]["left__c"] <= 401
    refused = caller.patch(one, {"left__c": 5}, format="json")
    assert problem_codes(refused) == {("#/fields/left__c", "read_only_field")}


def test_what_keeps_a_formula_from_being_virtual_is_told(caller: Any, ticket: str) -> None:
    settings = {"expression": "WORKDAYS(due__c, TODAY())", "returns": "integer", "storage": "virtual"}
    body = {"api_name": "left__c", "type": "formula", "label": "剩余", "settings": settings}
    answer = caller.post(f"{META}/objects/ticket__c/fields", body, format="json")
    assert answer.status_code == 422
    assert {error["code"] for error in answer.json()["errors"]} == {"formula_error"}


def test_record_types_over_the_api(caller: Any, ticket: str) -> None:
    url = f"{META}/objects/ticket__c/record-types"
    given = {"api_name": "retail", "label": {"en": "Retail", "zh-hans": "零售"}, "is_default": True}
    made = caller.post(url, given, format="json")
    assert made.status_code == 201, made.content
    assert caller.patch(f"{url}/retail", {"color": "green"}, format="json").json()["color"] == "green"
    assert caller.post(url, {"api_name": "retail", "label": "Again"}, format="json").status_code == 422
    assert [item["api_name"] for item in caller.get(url).json()["data"]] == ["retail"]
    told = caller.get(f"{META}/objects/ticket__c/describe").json()["record_types"]
    assert [(item["api_name"], item["is_available"], item["is_default"]) for item in told] == [("retail", True, True)]
    record = caller.post("/api/v1/records/ticket__c", {"name": "T"}, format="json").json()
    assert record["record_type"] == "retail"
    assert caller.get(f"{url}/nope").status_code == 404
