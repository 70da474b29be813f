"""The import wizard: a file in GB18030 becomes records, its bad rows a file, and all of it goes back again."""

from __future__ import annotations

import io
import re

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from objects.exchange.mass import Order
from objects.exchange.models import Import
from objects.exchange.sending import new_mass_order, new_order
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.kit.work import run_queued_jobs
from tests.objects.exchange.files import csv_bytes, xlsx_bytes
from tests.objects.world import World

HEADER = ["客户名称*", "手机号", "公司", "来源备注"]


def upload(client: OrganizationClient, content: bytes, name: str = "线索.csv") -> str:
    """Upload a file of leads; return the address of the next step."""
    sent = SimpleUploadedFile(name, content, content_type="text/csv")
    response = client.post(reverse("import-new", args=["lead"]), {"file": sent})
    assert response.status_code == 302, response.content.decode()[:2000]
    return str(response["Location"])


def test_from_the_file_to_the_records_and_back(admin: OrganizationClient) -> None:
    listing = admin.get(reverse("record-list", args=["lead"])).content.decode()
    assert reverse("import-new", args=["lead"]) in listing
    rows = [HEADER, ["赵一", "13800138001", "一号公司", "x"], ["钱二", "12", "二号公司", "y"]]
    columns = upload(admin, csv_bytes(rows, "gb18030"))
    page = admin.get(columns).content.decode()
    assert "赵一 · 钱二" in page and 'value="gb18030" selected' in page
    row = Import.objects.latest("created_at")
    names = [item and item["field"] for item in row.plan["columns"]]
    assert names[:3] == ["name", "mobile", "company"] and names[3] is None
    sent = {f"column_{index}": name or "" for index, name in enumerate(names)}
    refused = admin.post(columns, {**sent, "column_0": "", "mode": "create", "duplicates": "skip"})
    assert refused.status_code == 422 and "每条记录都必须有" in refused.content.decode()
    assert admin.post(columns, {**sent, "mode": "create", "duplicates": "skip"}).status_code == 302
    own = reverse("import", args=[row.pk])
    tried = admin.get(own).content.decode()
    assert "共试了 2 行" in tried and "3</td>" in tried
    act = reverse("import-act", args=[row.pk])
    admin.post(act, {"act": "start"})
    assert 'hx-trigger="every 2s"' in admin.get(own, headers={"HX-Request": "true"}).content.decode()
    run_queued_jobs()
    done = admin.get(own).content.decode()
    assert 'hx-trigger="every 2s"' not in done and "完成，有剩余的行" in done
    failed = admin.get(reverse("import-file", args=[row.pk, "failed"]))
    text = b"".join(failed.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[0].startswith(",".join(HEADER)) and "钱二" in text and "赵一" not in text
    admin.post(act, {"act": "undo"})
    run_queued_jobs()
    assert "回收站中 1 条" in admin.get(own).content.decode()
    undone = b"".join(admin.get(reverse("import-file", args=[row.pk, "undone"])).streaming_content).decode()
    assert len(undone.splitlines()) == 2
    assert admin.post(act, {"act": "remove"})["Location"] == reverse("imports")


def test_what_interfaces_have_ordered_is_shown_and_undone_here_too(admin: OrganizationClient, crm: World) -> None:
    actor = crm.actor("boss")
    RecordService(actor).create("lead", {"name": "周四", "company": "四号公司"})
    order = Order("mass_update", {"field": "name", "op": "eq", "value": "周四"}, {"company": "五号公司"})
    row = new_mass_order(actor, "lead", "", order)
    waiting = new_order(actor, "lead", "清单.csv", {"mode": "delete"}, {})
    listed = admin.get(reverse("imports")).content.decode()
    assert "修改字段值" in listed and "删除记录" in listed
    own, act = reverse("import", args=[row.pk]), reverse("import-act", args=[row.pk])
    page = admin.get(own).content.decode()
    assert "筛选条件" in page and reverse("import-columns", args=[row.pk]) not in page
    assert "将记录移入回收站" in admin.get(reverse("import", args=[waiting.pk])).content.decode()
    admin.post(act, {"act": "start"})
    run_queued_jobs()
    assert RecordQuery(actor, "lead").where(Condition("company", "eq", "五号公司")).exists()
    assert reverse("import-file", args=[row.pk, "successful"]) in admin.get(own).content.decode()
    admin.post(act, {"act": "undo"})
    run_queued_jobs()
    assert RecordQuery(actor, "lead").where(Condition("company", "eq", "四号公司")).exists()
    assert "恢复 1 条" in admin.get(own).content.decode()


def test_a_file_is_read_in_another_way_when_it_was_guessed_wrong(admin: OrganizationClient) -> None:
    columns = upload(admin, b"name;mobile,x\na;1,2\n")
    row = Import.objects.latest("created_at")
    other = "," if row.format["delimiter"] == ";" else ";"
    admin.post(columns, {"reread": "1", "delimiter": other, "encoding": ""})
    row.refresh_from_db()
    assert row.format["delimiter"] == other
    book = upload(admin, xlsx_bytes([HEADER, ["孙三", "13800138003", "三号", ""]]), "book.xlsx")
    assert "孙三" in admin.get(book).content.decode()


def test_files_that_are_no_tables_are_refused_in_words(admin: OrganizationClient) -> None:
    for content, name, told in (
        (b"", "a.csv", "空的"),
        (b"PK\x03\x04rubbish", "a.xlsx", "工作簿"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, "a.xls", ".xlsx"),
        (b"name,phone\n", "a.csv", "标题行"),
    ):
        sent = SimpleUploadedFile(name, content)
        response = admin.post(reverse("import-new", args=["lead"]), {"file": sent})
        assert response.status_code == 422 and told in response.content.decode(), name


def test_the_template_can_be_imported_as_it_is(admin: OrganizationClient) -> None:
    response = admin.get(reverse("import-template", args=["lead"]))
    header = response.content.decode("utf-8-sig").strip().split(",")
    assert any(label.endswith("*") for label in header) and not re.search("记录 ID", response.content.decode())
    columns = upload(admin, response.content + b"\r\n" + ",".join("x" for _ in header).encode(), "模板.csv")
    assert admin.get(columns).status_code == 200
    row = Import.objects.latest("created_at")
    assert all(item is not None for item in row.plan["columns"])
    assert io.BytesIO(response.content).read(3) == b"\xef\xbb\xbf"
