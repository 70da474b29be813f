"""Files of web forms: uploaded before there is a record, the record's with it, nobody's otherwise, and then gone."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from crm_platform.files.models import StoredFile
from crm_platform.files.selectors import readable
from crm_platform.files.store import content_key, storage
from crm_platform.identity.models import OrganizationSettings
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from objects.query.query import RecordQuery
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.kit.uploads import HTML, PDF
from tests.layouts.hosts import host_of
from tests.objects.world import World
from tests.workflows.intake.conftest import Records
from tests.workflows.intake.test_intake import opened
from workflows.intake import forgetting, services, sources, uploads
from workflows.intake.mail.posting import create_address
from workflows.intake.models import FormFile, FormSubmission, HookDelivery, InboundHook, MailboxMessage, WebForm
from workflows.pools.models import Pool

State = FormSubmission.State
ASKED = [{"field": "name", "required": True}, {"field": "company"}, {"field": "mobile"}, {"field": "papers__c"}]
NAME, KEPT = "f.papers__c", "kept.papers__c"


@pytest.fixture
def form(pool: Pool) -> WebForm:
    return services.create_form(system_actor(), "lead", {"label": "投稿", "fields": ASKED, "pool_id": pool.pk})


@pytest.fixture
def page(form: WebForm, crm: World) -> Any:
    """Return how a visitor sends a page: its inputs and its files."""
    client = OrganizationClient(host_of(crm), enforce_csrf_checks=True)

    def send(*files: tuple[str, bytes], start: str = "", **more: Any) -> Any:
        given = {"start": start or opened(form), "f.name": "王芳", "f.company": "云途", **more}
        sent = [SimpleUploadedFile(name, content) for name, content in files]
        return client.post(f"/f/{form.token}", {**given, **({NAME: sent} if sent else {})})

    return send


def test_the_record_has_the_files_of_its_form(page: Any, form: WebForm, crm: World, records: Records) -> None:
    answer = page(("简历.pdf", PDF), ("note.txt", "你好".encode()))
    assert answer.status_code == 200, answer.content.decode()
    [lead] = records("lead")
    files = StoredFile.objects.filter(record_id=lead.pk).order_by("pk")
    assert [(file.name, file.held_by) for file in files] == [("简历.pdf", ""), ("note.txt", "")]
    shown = RecordQuery(system_actor(), "lead").get(lead.pk)["papers__c"]
    assert [item["content_type"] for item in shown] == ["application/pdf", "text/plain"]
    [row] = form.submissions.all()
    assert ([item["name"] for item in row.values["papers__c"]], FormFile.objects.exists()) == (
        ["简历.pdf", "note.txt"], False,
    )  # fmt: skip


def test_what_was_uploaded_need_not_be_chosen_again(page: Any, form: WebForm, records: Records) -> None:
    start = opened(form)
    refused = page(("a.pdf", PDF), start=start, **{"f.name": ""})
    [kept] = FormFile.objects.all()
    html = refused.content.decode()
    assert (refused.status_code, f'name="{KEPT}" value="{kept.pk}" checked' in html, "a.pdf" in html) == (
        422, True, True,
    )  # fmt: skip
    with pytest.raises(NotFound):  # nobody reads what belongs to nothing
        readable(system_actor(), kept.file_id)
    other = page(start=opened(form), **{KEPT: str(kept.pk)})  # another page can't have it
    assert (other.status_code, FormFile.objects.get().pk) == (200, kept.pk)
    assert page(start=start, **{KEPT: [str(kept.pk), "x", str(form.pk)]}).status_code == 200
    first, second = records("lead")
    assert (first.value("papers__c"), [item.name for item in second.value("papers__c")]) == (None, ["a.pdf"])


@pytest.mark.parametrize(
    "files",
    [
        [("a.html", HTML)],
        [("a.pdf", HTML)],
        [("a.pdf", b"")],
        [("a.txt", b"x" * (1024 * 1024 + 1))],
        [("1.txt", b"1"), ("2.txt", b"2"), ("3.txt", b"3")],
    ],
)
def test_what_a_field_does_not_take_is_said_at_the_field(
    page: Any, form: WebForm, records: Records, files: Any
) -> None:
    answer = page(*files)
    assert (answer.status_code, 'id="error-papers__c"' in answer.content.decode()) == (422, True)
    assert (records("lead"), FormFile.objects.count()) == ([], 2 if len(files) == 3 else 0)
    assert StoredFile.objects.filter(held_by="intake").count() == FormFile.objects.count()


def test_one_visitor_uploads_only_so_much(
    page: Any, form: WebForm, monkeypatch: pytest.MonkeyPatch, records: Records
) -> None:
    monkeypatch.setattr(uploads, "PER_ADDRESS", 1)
    assert page(("1.txt", b"1"), ("2.txt", b"2")).status_code == 429
    assert (records("lead"), FormFile.objects.count()) == ([], 1)
    monkeypatch.setattr(sources, "MAX_PAGE", 1_000)
    assert page(("1.txt", b"x" * 1_000)).status_code == 413


def test_files_wait_with_what_is_held_back_and_go_with_it(page: Any, form: WebForm, records: Records) -> None:
    assert page(("held.pdf", PDF), start=opened(form, 0.0)).status_code == 200  # too quick
    assert page(("robot.pdf", PDF), website_2="spam").status_code == 200
    held = form.submissions.get(reason="too_quick")
    assert (StoredFile.objects.get(held_by="intake").name, records("lead")) == ("held.pdf", [])
    context: Any = SimpleNamespace(now=timezone.now() + timedelta(days=2), check_abort=lambda: None)
    assert forgetting.forget(context)["files"] == 0
    services.release(system_actor(), form.pk, held.pk)
    [lead] = records("lead")
    assert [item.name for item in lead.value("papers__c")] == ["held.pdf"]
    assert not FormFile.objects.exists()


def test_files_of_whom_we_know_go_to_the_follow_up(page: Any, form: WebForm, records: Records) -> None:
    services.update_form(system_actor(), form.pk, {"duplicates": "attach"})
    for _turn in "12":
        assert page(("again.pdf", PDF), **{"f.mobile": "13800138000"}).status_code == 200
    [lead], [note] = records("lead"), records("follow_up")
    assert [StoredFile.objects.get(record_id=row.pk).name for row in (lead, note)] == ["again.pdf"] * 2
    assert "again.pdf" in note.value("content")


def test_scripts_upload_for_their_page(form: WebForm, site: OrganizationAPIClient, records: Records) -> None:
    url, start = f"/api/v1/public/forms/{form.token}", opened(form)
    asked = {item["name"]: item for item in site.get(url).json()["fields"]}
    assert (asked["papers__c"]["input"], asked["papers__c"]["max_count"], asked["papers__c"]["max_bytes"]) == (
        "file", 2, 1024 * 1024,
    )  # fmt: skip

    def send(**changes: Any) -> Any:
        given = {"start": start, "field": "papers__c", "file": SimpleUploadedFile("a.pdf", PDF), **changes}
        body = {name: value for name, value in given.items() if value is not None}
        return site.generic("POST", f"{url}/files", encode_multipart(BOUNDARY, body), MULTIPART_CONTENT)

    made = send()
    assert (made.status_code, made.json()["name"]) == (201, "a.pdf")
    codes = [send(field="name"), send(start="x"), send(file=None), send(file=SimpleUploadedFile("a.html", HTML))]
    assert [answer.status_code for answer in codes] == [404, 409, 400, 422]
    values = {"name": "李", "company": "云", "papers__c": [made.json()["id"], str(form.pk), 7, {"id": "x"}]}
    sent = site.post(url, json.dumps({"start": start, "values": values}), content_type="application/json")
    assert sent.status_code == 201, sent.content
    [lead] = records("lead")
    assert [item.name for item in lead.value("papers__c")] == ["a.pdf"]


@pytest.mark.parametrize("more", [{"hidden": True}, {"default": "x"}, {"parameter": "p"}])
def test_a_field_of_files_is_neither_hidden_nor_filled(form: WebForm, more: Any) -> None:
    with pytest.raises(ValidationFailed) as failed:
        services.update_form(system_actor(), form.pk, {"fields": [{"field": "papers__c", **more}]})
    assert [error.field for error in failed.value.errors] == ["fields"]


# --- retention ----------------------------------------------------------------------------------------------------
def test_what_came_in_is_kept_for_so_long_and_what_waits_for_longer(
    page: Any, form: WebForm, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    OrganizationSettings.objects.update(intake_keep_days=40)
    monkeypatch.setattr(forgetting, "BATCH", 2)
    hook = InboundHook.objects.create(business_object=form.business_object, label="H")
    given = {"label": "P", "username": "a@b.example"}
    box, _token = create_address(system_actor(), "lead", given)
    now = timezone.now()
    rows_of_then = [(41, "accepted"), (41, "refused"), (41, "attached"), (41, "held"), (39, "accepted")]
    for number, (days, state) in enumerate(rows_of_then):
        at = now - timedelta(days=days)
        for rows in (form.submissions, hook.arrivals, box.arrivals):
            rows.create(once=str(number), state=state, values={"name": "王芳"}, at=at)
    page(("left.pdf", PDF), **{"f.name": ""})
    left = StoredFile.objects.get(held_by="intake")
    context: Any = SimpleNamespace(now=now, check_abort=lambda: None)
    assert forgetting.forget(context)["files"] == 0  # the visitor may still send it
    assert [FormSubmission.objects.count(), HookDelivery.objects.count(), MailboxMessage.objects.count()] == [2, 2, 2]
    StoredFile.objects.update(created_at=now - timedelta(days=2))
    found = forgetting.forget(context)
    assert found == {"bodies": 0, "submissions": 0, "deliveries": 0, "mails": 0, "files": 1}
    assert (FormFile.objects.exists(), storage().exists(content_key(left.sha256))) == (False, True)  # bytes go at night
