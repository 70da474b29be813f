"""Records over the API: what is written is read back, and every mistake has its name."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.kit import make
from tests.openapi.conftest import problem_codes

pytestmark = pytest.mark.django_db
URL = "/api/v1/records/ticket__c"


def create(caller: Any, **values: Any) -> dict[str, Any]:
    answer = caller.post(URL, {"name": "打印机坏了", **values}, format="json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_record_is_created_read_changed_and_deleted(caller: Any, ticket: str) -> None:
    made = create(caller, amount__c="1234.50", state__c="new", due__c="2026-12-01")
    assert made["object"] == "ticket__c"
    assert made["amount__c"] == "1234.50"
    assert made["amount__c_base"] == "1234.50"
    one = f"{URL}/{made['id']}"
    answer = caller.get(one)
    assert answer["ETag"] == '"1"'
    assert answer.json()["due__c"] == "2026-12-01"
    answer = caller.patch(one, {"state__c": "done"}, format="json", HTTP_IF_MATCH='"1"')
    assert answer.status_code == 200
    assert answer["ETag"] == '"2"'
    assert caller.delete(one).status_code == 200
    assert caller.get(one).status_code == 404
    assert caller.post(f"{one}/restore").json()["restored"] == 1
    assert caller.get(one).status_code == 200


def test_all_mistakes_come_together_with_pointers(caller: Any, ticket: str) -> None:
    body = {"name": "", "amount__c": "much", "state__c": "lost", "due__c": "soon", "nope": 1, "version": 7}
    answer = caller.post(URL, body, format="json")
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    pointers = {pointer for pointer, _code in problem_codes(answer)}
    assert {f"#/fields/{name}" for name in ("name", "amount__c", "state__c", "due__c", "nope", "version")} == pointers


def test_a_stale_version_is_refused_with_the_current_one(caller: Any, ticket: str) -> None:
    made = create(caller)
    one = f"{URL}/{made['id']}"
    caller.patch(one, {"state__c": "new"}, format="json")
    answer = caller.patch(one, {"state__c": "done"}, format="json", HTTP_IF_MATCH='"1"')
    assert answer.status_code == 412
    assert answer.json()["code"] == "version_conflict"
    assert answer["ETag"] == '"2"'


def test_merging_accepts_a_stale_change_of_other_fields_alone(caller: Any, ticket: str) -> None:
    made = create(caller)
    one = f"{URL}/{made['id']}"
    caller.patch(one, {"state__c": "new"}, format="json")
    merge = {"HTTP_IF_MATCH": '"1"', "HTTP_PREFER": "handling=merge"}
    assert caller.patch(one, {"due__c": "2026-12-24"}, format="json", **merge).status_code == 200
    assert caller.patch(one, {"state__c": "done"}, format="json", **merge).status_code == 412


def test_if_none_match_answers_304(caller: Any, ticket: str) -> None:
    made = create(caller)
    answer = caller.get(f"{URL}/{made['id']}", HTTP_IF_NONE_MATCH='"1"')
    assert answer.status_code == 304
    assert not answer.content


def test_lists_filter_sort_and_page_by_cursor(caller: Any, ticket: str) -> None:
    for number in range(7):
        create(caller, amount__c=str(number * 100), state__c="new" if number % 2 else "done")
    answer = caller.get(f"{URL}?filter[amount__c][gte]=200&sort=-amount__c&limit=2&fields=name,amount__c&count=exact")
    page = answer.json()
    assert [row["amount__c"] for row in page["data"]] == ["600.00", "500.00"]
    assert page["count"] == {"value": 5, "exact": True}
    assert 'rel="next"' in answer["Link"]
    seen = [row["id"] for row in page["data"]]
    while page["page"]["next_cursor"]:
        page = caller.get(
            f"{URL}?filter[amount__c][gte]=200&sort=-amount__c&limit=2&fields=name,amount__c"
            f"&cursor={page['page']['next_cursor']}"
        ).json()
        seen += [row["id"] for row in page["data"]]
    assert len(seen) == len(set(seen)) == 5


def test_a_filter_tree_and_labels(caller: Any, ticket: str) -> None:
    create(caller, state__c="new")
    create(caller, state__c="done")
    tree = '{"or": [{"field": "state__c", "op": "eq", "value": "new"}, {"field": "state__c", "op": "empty"}]}'
    data = caller.get(URL, {"filter": tree, "include": "labels"}).json()["data"]
    assert [row["state__c"] for row in data] == ["new"]
    assert data[0]["_labels"]["state__c"] == "新建"


def test_lookups_are_ids_until_they_are_expanded(caller: Any, ticket: str) -> None:
    made = create(caller)
    part = caller.post("/api/v1/records/part__c", {"name": "滚轴", "ticket__c": made["id"]}, format="json").json()
    assert part["ticket__c"] == made["id"]
    expanded = caller.get(f"/api/v1/records/part__c/{part['id']}?expand=ticket__r").json()
    assert expanded["ticket__r"]["name"] == "打印机坏了"
    bad = caller.post("/api/v1/records/part__c", {"name": "x", "ticket__c": str(uuid.uuid4())}, format="json")
    assert problem_codes(bad) == {("#/fields/ticket__c", "invalid_reference")}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("filter[nope][eq]=1", 422),
        ("filter[amount__c][contains]=1", 422),
        ("filter[amount__c][gte]=abc", 422),
        ("filter=%7Bbroken", 422),
        ("sort=nope", 422),
        ("fields=nope", 422),
        ("limit=0", 422),
        ("limit=5000", 422),
        ("limit=x", 422),
        ("cursor=abc", 410),
        ("expand=nope", 422),
        ("colour=red", 422),
        ("count=maybe", 422),
        ("page=99999", 422),
    ],
)
def test_bad_queries_are_refused(caller: Any, ticket: str, query: str, status: int) -> None:
    answer = caller.get(f"{URL}?{query}")
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"


def test_upsert_by_a_unique_field(caller: Any, ticket: str) -> None:
    url = f"{URL}/by/code__c/A-1"
    answer = caller.put(url, {"name": "first"}, format="json")
    assert answer.status_code == 201
    answer = caller.put(url, {"name": "second"}, format="json")
    assert (answer.status_code, answer.json()["name"], answer.json()["version"]) == (200, "second", 2)
    assert caller.get(url).json()["name"] == "second"
    assert caller.get(f"{URL}/by/code__c/A-2").status_code == 404
    assert caller.put(f"{URL}/by/state__c/new", {"name": "x"}, format="json").status_code == 422


def test_bulk_is_all_or_none_unless_asked_otherwise(caller: Any, ticket: str) -> None:
    rows = [{"name": "a"}, {"name": "", "amount__c": "x"}, {"name": "c"}]
    answer = caller.post(f"{URL}/bulk-create", {"records": rows}, format="json")
    assert answer.status_code == 422
    assert [entry["status"] for entry in answer.json()["results"]] == ["not_written", "failed", "not_written"]
    assert caller.get(URL).json()["data"] == []
    answer = caller.post(f"{URL}/bulk-create", {"records": rows, "all_or_none": False}, format="json")
    assert answer.status_code == 200
    assert [entry["status"] for entry in answer.json()["results"]] == ["saved", "failed", "saved"]
    changes = [{"id": entry["id"], "state__c": "new"} for entry in answer.json()["results"] if entry["id"]]
    assert caller.post(f"{URL}/bulk-update", {"records": changes}, format="json").status_code == 200
    too_many = [{"name": "x"}] * 201
    assert caller.post(f"{URL}/bulk-create", {"records": too_many}, format="json").status_code == 422


def test_a_dry_run_leaves_nothing(caller: Any, ticket: str) -> None:
    assert caller.post(f"{URL}?dry_run=true", {"name": "x"}, format="json").json()["dry_run"] is True
    assert caller.get(URL).json()["data"] == []


def test_an_idempotency_key_has_one_effect_and_one_answer(caller: Any, ticket: str) -> None:
    first = caller.post(URL, {"name": "once"}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    again = caller.post(URL, {"name": "once"}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again["Idempotent-Replayed"] == "true"
    assert len(caller.get(URL).json()["data"]) == 1
    other = caller.post(URL, {"name": "other"}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    failed = caller.post(URL, {"name": ""}, format="json", HTTP_IDEMPOTENCY_KEY="k2")
    assert failed.status_code == 422
    assert caller.post(URL, {"name": ""}, format="json", HTTP_IDEMPOTENCY_KEY="k2").content == failed.content


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b'"x"', 400), (b'{"name": NaN}', 400), (b"[" * 5000, 400), (b"\xff\xfe", 400)],
)
def test_bodies_that_are_no_object_are_refused(caller: Any, ticket: str, body: bytes, status: int) -> None:
    answer = caller.generic("POST", URL, body, content_type="application/json")
    assert answer.status_code == status, answer.content


def test_other_media_types_and_methods_have_problem_answers(caller: Any, ticket: str) -> None:
    assert caller.generic("POST", URL, b"a=b", content_type="text/plain").status_code == 415
    assert caller.get(URL, HTTP_ACCEPT="text/html").status_code == 406
    answer = caller.delete(URL)
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert caller.get("/api/v1/nope").json()["code"] == "not_found"
    assert caller.get("/api/v1/records/nope").status_code == 404


def test_amounts_keep_every_digit(caller: Any, ticket: str) -> None:
    answer = caller.generic(
        "POST", URL, b'{"name": "x", "amount__c": 1234567890123456.78}', content_type="application/json"
    )
    assert answer.json()["amount__c"] == "1234567890123456.78"


def test_a_user_who_does_not_fit_the_filter_is_refused(caller: Any, ticket: str, admin_actor: Any) -> None:
    settings = {"filter": {"field": "title", "op": "eq", "value": "工程师"}}
    added = {"api_name": "engineer__c", "type": "user", "label": "工程师", "settings": settings}
    answer = caller.post("/api/v1/meta/objects/ticket__c/fields", added, format="json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["settings"]["filter"] == settings["filter"]
    engineer, other = make.user(title="工程师"), make.user(title="会计")
    made = create(caller, engineer__c=str(engineer.pk))
    assert made["engineer__c"] == str(engineer.pk)
    answer = caller.patch(f"{URL}/{made['id']}", {"engineer__c": str(other.pk)}, format="json")
    assert answer.status_code == 422
    assert problem_codes(answer) == {("#/fields/engineer__c", "invalid_reference")}
