"""Jobs over the API: described, sent in parts, tried, started, read back, undone; previews and mappings."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.kit.work import run_queued_jobs
from tests.objects.exchange.files import csv_bytes

ROWS = [["Name", "amount__c"], ["one", "1"], ["two", "x"], ["three", "3"]]


def put(client: Any, job: str, part: int, data: bytes, **headers: str) -> Any:
    return client.generic("PUT", f"{job}/data/{part}", data, content_type="text/csv", **headers)


def test_a_job_takes_a_file_in_parts_and_gives_its_results(caller: Any, ticket: str) -> None:
    made = caller.post("/api/v1/jobs", {"object": "ticket__c", "op": "insert", "name": "parts.csv"}, format="json")
    assert made.status_code == 201 and made.json()["state"] == "draft"
    job = made["Location"]
    assert caller.post(f"{job}/start").status_code == 422  # nothing was sent
    data = csv_bytes(ROWS)
    digest = hashlib.sha256(data[:12]).hexdigest()
    assert put(caller, job, 1, data[:12], HTTP_X_CONTENT_SHA256="0" * 64).status_code == 422
    assert put(caller, job, 1, data[:12], HTTP_X_CONTENT_SHA256=digest).json()["state"] == "uploading"
    assert put(caller, job, 3, data[12:]).status_code == 200
    assert caller.post(f"{job}/start").status_code == 422  # a part is missing
    assert put(caller, job, 2, data[12:]).status_code == 200


def send(client: Any, rows: Any, **order: Any) -> str:
    made = client.post("/api/v1/jobs", {"object": "ticket__c", "op": "insert", **order}, format="json")
    assert made.status_code == 201, made.content
    assert put(client, made["Location"], 1, csv_bytes(rows)).status_code == 200
    return str(made["Location"])


def test_tried_started_read_back_and_reverted(caller: Any, ticket: str) -> None:
    job = send(caller, ROWS, columns={"Name": "name", "amount__c": "amount__c"})
    tried = caller.post(f"{job}/start?dry_run=true")
    assert tried.status_code == 202 and tried.json()["state"] == "draft"
    run_queued_jobs()
    counts = caller.get(job).json()["check"]["counts"]
    assert counts == {"created": 2, "updated": 0, "deleted": 0, "skipped": 0, "failed": 1}
    assert caller.post(f"{job}/start").json()["state"] == "queued"
    run_queued_jobs()
    done = caller.get(job).json()
    assert (done["state"], done["created"], done["failed"], done["total"]) == ("completed_with_errors", 2, 1, 3)
    lines = body(caller.get(f"{job}/results/failed?as=ndjson")).splitlines()
    (failed,) = (json.loads(line) for line in lines)
    assert failed["row"] == 3 and failed["cells"] == {"Name": "two", "amount__c": "x"}
    assert failed["errors"][0]["code"] == "invalid_type" and failed["errors"][0]["field"] == "amount__c"
    assert len(body(caller.get(f"{job}/results/successful")).splitlines()) == 3
    assert caller.get(f"{job}/results/nonsense").status_code == 404
    assert any(item["id"] == done["id"] for item in caller.get("/api/v1/jobs").json()["data"])
    assert caller.post(f"{job}/revert").status_code == 202
    run_queued_jobs()
    assert caller.get(job).json()["revert"]["counts"] == {"deleted": 2}
    assert caller.delete(job).json()["deleted"] is True and caller.get(job).status_code == 404


def body(response: Any) -> str:
    return b"".join(response.streaming_content).decode()


def test_a_preview_keeps_nothing(caller: Any, ticket: str) -> None:
    sent = SimpleUploadedFile("a.csv", csv_bytes([["名称", "金额"], ["x", "y"]], "gb18030"))
    answer = caller.post("/api/v1/imports/preview", {"object": "ticket__c", "file": sent}, format="multipart").json()
    assert answer["format"]["encoding"] == "gb18030"
    assert [item["field"] for item in answer["columns"]] == ["name", "amount__c"]
    assert answer["report"]["counts"]["failed"] == 1 and answer["rows"][0] == {"row": 2, "cells": ["x", "y"]}
    assert caller.get("/api/v1/jobs").json()["data"] == []


def test_mappings_are_kept_listed_and_deleted(caller: Any, ticket: str) -> None:
    given = {"object": "ticket__c", "name": "ERP", "columns": {"Summe": "amount__c"}, "shared": True}
    made = caller.post("/api/v1/imports/mappings", given, format="json")
    assert made.status_code == 201 and made.json()["columns"] == {"summe": {"field": "amount__c", "match": ""}}
    assert [row["name"] for row in caller.get("/api/v1/imports/mappings").json()["data"]] == ["ERP"]
    sent = SimpleUploadedFile("a.csv", csv_bytes([["Summe"], ["1"]]))
    answer = caller.post("/api/v1/imports/preview", {"object": "ticket__c", "file": sent}, format="multipart").json()
    assert answer["columns"][0]["field"] == "amount__c" and answer["problems"]
    assert caller.delete(f"/api/v1/imports/mappings/{made.json()['id']}").status_code == 200
    wrong = caller.post("/api/v1/imports/mappings", {**given, "columns": {"a": "no_such"}}, format="json")
    assert wrong.status_code == 422 and io.StringIO(wrong.content.decode()).read().count("unknown_field")
