"""An object with three hundred fields, all filled: its pages and its form work."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm_platform.kit.context import Actor
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.services.batch import SchemaChange, apply_changes
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import detail, form_data, row_names

pytestmark = pytest.mark.django_db

KINDS = {
    "text": "文字", "integer": 7, "decimal": "1.5", "checkbox": True, "date": "2026-01-05",
    "picklist": "a", "email": "a@example.com", "phone": "13900000000", "url": "https://example.com", "percent": "0.2",
}  # fmt: skip
COUNT = 300


@pytest.fixture
def wide(admin_actor: Actor) -> str:
    kinds = [list(KINDS)[number % len(KINDS)] for number in range(COUNT)]
    choices = [ChoiceInput("a", "甲"), ChoiceInput("b", "乙")]
    fields = [
        FieldInput(f"f{number}__c", kind, f"字段{number}", choices=choices if kind == "picklist" else ())
        for number, kind in enumerate(kinds)
    ]
    given = ObjectInput("wide__c", "宽表", fields=fields)
    apply_changes(admin_actor, SchemaChange(objects=[given]), summary="wide")
    values = {f"f{number}__c": KINDS[kind] for number, kind in enumerate(kinds)}
    return str(RecordService(admin_actor).create("wide__c", {"name": "第一行", **values}).id)


def test_pages_and_form_of_three_hundred_fields(
    admin_client: OrganizationClient, admin_actor: Actor, wide: str
) -> None:
    page = admin_client.get(f"/o/wide__c/{wide}").content.decode()
    assert detail(page, "f0__c") == "文字"
    assert detail(page, "f299__c") == "20%"
    assert row_names(admin_client.get("/o/wide__c/").content.decode()) == ["第一行"]
    assert admin_client.get("/o/wide__c/columns").status_code == 200

    url = f"/o/wide__c/{wide}/edit"
    data = form_data(admin_client.get(url).content.decode(), "record-form")
    assert len(data) > COUNT - 30, "unchecked boxes send nothing"
    assert admin_client.post(url, {**data, "f0__c": "改过"}).status_code == 302
    saved = RecordQuery(admin_actor, "wide__c").get(wide)
    assert (saved["f0__c"], saved["version"]) == ("改过", 2)
    assert Decimal(saved["f299__c"]) == Decimal("0.2")
