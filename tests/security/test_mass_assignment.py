"""Columns and attributes of a record are not inputs: over the API and by form, only declared fields change."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection, models

from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from tests.layouts.pages import form_data
from tests.security.world import OBJECT, Place

RECORDS = f"/api/v1/records/{OBJECT}"
# What a writer may name beside business fields; everything else that a record has is the platform's.
DECLARED = {"owner_id", "currency", "external_id"}
TEMPTING = {
    "pk", "_state", "__class__", "objects", "compiled", "save", "is_admin", "is_superuser", "id", "object", "Meta",
    "created_by", "updated_by", "owner", "owner_department", "deleted_by", "f_1", "c_1", "_labels", "errors",
}  # fmt: skip


def inner_names(obj: CompiledObject) -> list[str]:
    """Return every column of the table and every attribute of the record's class that is no declared input."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass", [obj.table])
        columns = {name for (name,) in cursor.fetchall()}
    attributes = {name for name in dir(models.Model) + dir(obj.model)}
    fields = {name for field in obj.model._meta.concrete_fields for name in (field.name, field.attname, field.column)}
    return sorted((columns | attributes | fields | TEMPTING) - DECLARED - {spec.api_name for spec in business(obj)})


def business(obj: CompiledObject) -> Any:
    return [spec for spec in obj.spec.business_fields if spec.type != "auto_number"]


def value_for(name: str) -> Any:
    return 99 if name == "version" else str(uuid.uuid4())


def raw(obj: CompiledObject, record_id: str) -> dict[str, Any]:
    """Return the row as the database has it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {obj.table} WHERE id = %s", [record_id])
        assert cursor.description is not None
        return dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))


@pytest.fixture
def obj(home: Place) -> CompiledObject:
    return current_snapshot().object(OBJECT)


def test_the_api_refuses_every_inner_name_by_name(home: Place, obj: CompiledObject) -> None:
    api, url = home.api("rep"), f"{RECORDS}/{home.ids['record_id']}"
    before = raw(obj, home.ids["record_id"])
    names = inner_names(obj)
    assert {"version", "created_at", "deleted_at", "owner_department_id", "f_1", "_state", "pk"} <= set(names)
    for name in names:
        for answer in (
            api.patch(url, {name: value_for(name)}),
            api.post(RECORDS, {"name": "X", name: value_for(name)}),
            api.put(f"{RECORDS}/by/code__c/K-1", {name: value_for(name)}),
        ):
            assert answer.status_code == 422, name
            assert {error["code"] for error in answer.json()["errors"]} <= {"unknown_field", "read_only_field"}, name
    assert raw(obj, home.ids["record_id"]) == before


def test_the_api_refuses_them_all_at_once_and_in_bulk(home: Place, obj: CompiledObject) -> None:
    api, record_id = home.api("rep"), home.ids["record_id"]
    before = raw(obj, record_id)
    everything = {name: value_for(name) for name in inner_names(obj) if name not in ("id", "version")}
    answer = api.patch(f"{RECORDS}/{record_id}", {"name": "Changed", **everything})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) >= len(everything)
    for verb, row in (("bulk-create", everything), ("bulk-update", {"id": record_id, **everything})):
        assert api.post(f"{RECORDS}/{verb}", {"records": [{"name": "Changed", **row}]}).status_code == 422
    assert raw(obj, record_id) == before


def test_the_form_takes_what_it_shows_and_nothing_else(home: Place, obj: CompiledObject) -> None:
    browser, record_id = home.browser("rep"), home.ids["record_id"]
    url = f"/o/{OBJECT}/{record_id}/edit"
    form = form_data(browser.get(url).content.decode(), "record-form")
    before = raw(obj, record_id)
    extra = {name: value_for(name) for name in inner_names(obj) if name not in form}
    assert browser.post(url, {**extra, **form, "name": ["Changed"]}).status_code == 302
    after = raw(obj, record_id)
    name_column = obj.field("name").main.column
    changed = {column for column in after if after[column] != before[column]}
    assert changed == {name_column, "version", "updated_at"}
    assert after["version"] == before["version"] + 1


def test_a_new_record_belongs_to_its_maker_whatever_the_form_says(home: Place, obj: CompiledObject) -> None:
    browser = home.browser("rep")
    form = form_data(browser.get(f"/o/{OBJECT}/new").content.decode(), "record-form")
    extra = {name: value_for(name) for name in inner_names(obj) if name not in form}
    answer = browser.post(f"/o/{OBJECT}/new", {**extra, **form, "name": ["Mine"]})
    made = raw(obj, answer["Location"].rsplit("/", 1)[1])
    assert made["id"] not in extra.values()
    assert (made["version"], made["deleted_at"], made["deletion_id"], made["pool_id"]) == (1, None, None, None)
    assert made["created_by_id"] == made["owner_id"] == raw(obj, home.ids["record_id"])["owner_id"]


@pytest.mark.parametrize("page", ["account", "user-edit"])
def test_people_raise_nobody_by_extra_inputs(home: Place, page: str) -> None:
    """The forms of identity take the inputs they show: no flag, hash or other account comes in beside them."""
    from crm_platform.identity.models import User

    admin_profile = str(User.objects.get(username="admin").profile_id)
    users = {str(user.pk): user for user in User.objects.all()}
    browser = home.browser("rep" if page == "account" else "admin")
    someone = home.ids["user_id"]
    url = "/account" if page == "account" else f"/setup/users/{someone}"
    own = {"language": "en", "time_zone": "Asia/Shanghai"}
    row = users[someone]
    edit = {
        "name": row.name, "username": row.username, "email": "", "department": str(row.department_id),
        "role": str(row.role_id), "profile": str(row.profile_id),
    }  # fmt: skip
    extra = {
        "is_active": "", "is_superuser": "on", "is_staff": "on", "password_hash": "x", "id": str(uuid.uuid4()),
        "profile_id": admin_profile, "role_id": "1", "last_login": "", "groups": "1",
    }  # fmt: skip
    shown = own if page == "account" else edit
    hostile = {**extra, "profile": admin_profile, "username": "root"} if page == "account" else extra
    assert browser.post(url, {**hostile, **shown}).status_code == 302
    for user in User.objects.all():
        before = users[str(user.pk)]
        for name in ("profile_id", "role_id", "username", "is_active", "password"):
            assert getattr(user, name) == getattr(before, name), (user.username, name)
