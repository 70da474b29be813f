"""Records leave as files: what the caller may take with him, safe in a spreadsheet, fit to come back, and noted."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.models import Role
from crm_platform.kit.context import system_actor
from crm_platform.notifications.models import Notification
from metadata.models import BusinessObject
from objects.access.grants import revoke_object
from objects.access.rules import Reach
from objects.access.services.field_levels import set_field_levels
from objects.access.services.role_scopes import set_scopes
from objects.exchange import exporting, exports, services
from objects.exchange.models import Import
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.kit.work import run_queued_jobs
from tests.layouts.conftest import browser, crm, records, rep_actor, the_crm
from tests.objects.exchange.files import counts, imported
from tests.objects.world import World

__all__ = ["browser", "crm", "records", "rep_actor", "the_crm"]
URL = "/o/lead/export"
Browser = Callable[[str], OrganizationClient]


@pytest.fixture
def leads(records: RecordService) -> list[Any]:
    rows = [("=1+1", "云途信息", "13800138000", "a"), ("王磊", "凌云智造", "13900139000", "多行\n第二行")]
    return [
        records.create("lead", {"name": name, "company": company, "mobile": mobile, "description": text}).id
        for name, company, mobile, text in rows
    ]


def body(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content[:2000]
    return b"".join(answer.streaming_content)


def table(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body(answer).decode("utf-8-sig"), newline="")))


def test_the_file_is_what_the_list_shows(leads: Any, browser: Browser) -> None:
    rep = browser("rep")
    listed = rep.get("/o/lead/?q=云途").content.decode()
    assert reverse("record-export", args=["lead"]) in listed
    asked = rep.get(f"{URL}?q=云途").content.decode()
    assert "共 1 条" in asked
    answer = rep.post(f"{URL}?sort=name", {"columns": "shown", "format": "csv"})
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Cache-Control"] == "private, no-store"
    found = table(answer)
    assert found[0][:2] == ["姓名", "公司名称"]
    assert {row[0] for row in found[1:]} == {"'=1+1", "王磊"}  # no spreadsheet runs it
    noted = AuditEntry.objects.get(action=exporting.EXPORTED)
    assert (noted.object_name, noted.details["count"], noted.details["format"]) == ("lead", 2, "csv")


def test_a_workbook_holds_texts_as_texts(leads: Any, browser: Browser) -> None:
    content = body(browser("rep").post(URL, {"columns": "all", "format": "xlsx"}))
    rows = list(load_workbook(io.BytesIO(content)).active.iter_rows())
    name = [cell.value for cell in rows[0]].index("姓名")
    assert {(row[name].value, row[name].data_type) for row in rows[1:]} == {("=1+1", "s"), ("王磊", "s")}


def test_what_was_exported_comes_back_by_its_ids(leads: Any, browser: Browser, crm: World) -> None:
    content = body(browser("rep").post(URL, {"columns": "all", "format": "csv"}))
    row = imported(
        crm.actor("boss"), "lead", content.replace("王磊".encode(), "王小磊".encode()), mode="update", key="id"
    )
    assert (counts(row)[1], row.problems) == (2, {})
    again = table(browser("boss").post(URL, {"columns": "shown", "format": "csv"}))
    assert {line[0] for line in again[1:]} == {"'=1+1", "王小磊"}


def test_only_what_one_may_take_with_him_is_in_it(leads: Any, browser: Browser, crm: World) -> None:
    profile = crm.users["rep"].profile
    levels = {"company": "hidden", "mobile": "masked"}
    set_field_levels(system_actor(), profile, "lead", levels)
    found = table(browser("rep").post(URL, {"columns": "all", "format": "csv"}))
    assert "公司名称" not in found[0]
    assert "13800138000" not in str(found)
    theirs = table(browser("south").post(URL, {"columns": "all", "format": "csv"}))
    assert len(theirs) == 1, "records of others are not there"


def test_a_role_may_reach_less_for_taking_than_for_reading(leads: Any, browser: Browser, crm: World) -> None:
    boss = browser("boss")
    assert len(table(boss.post(URL, {"columns": "shown", "format": "csv"}))) == 3
    role = Role.objects.get(pk=crm.users["boss"].role_id)
    set_scopes(system_actor(), role.uuid, {"lead": {"export": Reach("own")}})
    assert len(table(browser("boss").post(URL, {"columns": "shown", "format": "csv"}))) == 1


def test_who_may_not_export_is_offered_nothing(leads: Any, browser: Browser, crm: World) -> None:
    lead = BusinessObject.objects.get(api_name="lead")
    revoke_object(system_actor(), crm.users["rep"].profile, lead, ("export",))
    rep = browser("rep")
    assert reverse("record-export", args=["lead"]) not in rep.get("/o/lead/").content.decode()
    assert rep.get(URL).status_code == 403
    assert rep.post(URL, {"columns": "all", "format": "csv"}).status_code == 403
    assert not AuditEntry.objects.filter(action=exporting.EXPORTED).exists()


def test_too_many_for_one_answer_are_made_by_a_job(
    leads: Any, browser: Browser, crm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MAX_ROWS", 1)
    rep, page = browser("rep"), reverse("exports")
    with monkeypatch.context() as patch:
        patch.setattr(services, "EXPORTS_AT_ONCE", 0)
        refused = rep.post(URL, {"columns": "shown", "format": "csv"})
        assert refused.status_code == 422 and "您正在进行的导出太多" in refused.content.decode()
    answer = rep.post(f"{URL}?sort=name", {"columns": "shown", "format": "csv"})
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert 'hx-trigger="every 2s"' in rep.get(page, headers={"HX-Request": "true"}).content.decode()
    assert not AuditEntry.objects.filter(action=exporting.EXPORTED).exists()  # nobody has anything yet
    run_queued_jobs()
    row = Import.objects.get(kind=Import.Kind.EXPORT)
    file = reverse("import-file", args=[row.pk, "successful"])
    assert file in rep.get(page).content.decode()
    answer = rep.get(file)
    assert answer["Content-Disposition"].startswith("attachment") and "csv" in answer["Content-Type"]
    found = table(answer)
    assert [found[0][:2], {line[0] for line in found[1:]}] == [["姓名", "公司名称"], {"'=1+1", "王磊"}]
    told = Notification.objects.get(kind=exports.READY)
    assert (told.user_id, told.url, told.data["count"]) == (crm.users["rep"].pk, page, 2)
    assert AuditEntry.objects.get(action=exporting.EXPORTED).details["count"] == 2
    assert browser("boss").get(file).status_code == 404 and file not in browser("boss").get(page).content.decode()
    assert rep.post(reverse("import-act", args=[row.pk]), {"act": "remove"})["Location"] == page
    assert rep.get(file).status_code == 404
