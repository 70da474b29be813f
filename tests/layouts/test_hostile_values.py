"""Values and names that are markup: everywhere they appear, they are text."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.identity.models import User
from layouts.services import ListViewInput, create_list_view
from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.kit.page_battery import inline_code

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>"
QUOTED = "\"' onmouseover='alert(2)' x=\""
MARKS = ("<script>alert", "onmouseover='alert", '" onmouseover')
OBJECT, CHILD = "evil__c", "evil_child__c"
TEXTS = {"text__c": "text", "long__c": "long_text", "mail__c": "email", "site__c": "url", "tel__c": "phone"}


@pytest.fixture
def evil(admin_actor: Any, admin_user: User) -> dict[str, str]:
    """An object whose every name, label, choice and value is hostile; returns addresses to visit."""
    User.objects.filter(pk=admin_user.pk).update(name=EVIL)
    choices = [ChoiceInput("one", EVIL), ChoiceInput("two", QUOTED)]
    fields = [FieldInput(name, key, EVIL[:20] + name, help_text=EVIL) for name, key in TEXTS.items()]
    fields += [
        FieldInput("pick__c", "picklist", EVIL, choices=choices),
        FieldInput("many__c", "multi_picklist", QUOTED, choices=choices),
        FieldInput("stage__c", "stage", EVIL, choices=choices),
        FieldInput("money__c", "currency", EVIL),
        FieldInput("person__c", "user", EVIL),
    ]
    services.create_object(admin_actor, ObjectInput(OBJECT, EVIL, plural_label=EVIL, fields=fields, description=EVIL))
    lookup = FieldInput(
        "parent__c", "lookup", EVIL, settings={"target": OBJECT, "related_label": {"zh-hans": EVIL, "en": EVIL}}
    )
    about = FieldInput("about__c", "poly_lookup", EVIL, settings={"targets": [OBJECT, CHILD]})
    services.create_object(
        admin_actor, ObjectInput(CHILD, QUOTED, plural_label=QUOTED, fields=[lookup, about], is_activity=True)
    )
    service = RecordService(admin_actor)
    record = service.create(OBJECT, _values(admin_actor)).id
    for name in (EVIL, QUOTED):
        child = {"name": name, "parent__c": record, "about__c": {"object": OBJECT, "id": str(record)}}
        service.create(CHILD, child)
    service.update(OBJECT, record, {"long__c": QUOTED, "pick__c": "two"})
    gone = service.create(OBJECT, {"name": EVIL}).id
    service.delete(OBJECT, gone)
    columns = ["name", *TEXTS, "pick__c", "many__c", "person__c"]
    view = create_list_view(admin_actor, OBJECT, ListViewInput(EVIL, columns))
    return {"record": str(record), "view": str(view.uuid)}


def _values(actor: Any) -> dict[str, Any]:
    return {
        "name": EVIL,
        "text__c": QUOTED,
        "long__c": EVIL,
        "mail__c": "a@example.com",
        "site__c": "https://example.com/?q=%3Cscript%3E&'x=\"",
        "pick__c": "one",
        "many__c": ["one", "two"],
        "stage__c": "one",
        "money__c": "1",
        "person__c": str(actor.user_id),
    }


def test_nothing_hostile_becomes_markup(admin_client: OrganizationClient, evil: dict[str, str]) -> None:
    record, here = evil["record"], f"/o/{OBJECT}"
    visited = [
        "/", f"{here}/", f"{here}/?view={evil['view']}", f"{here}/?name__eq={EVIL}&text__c__contains={QUOTED}",
        f"{here}/?q={EVIL}", f"{here}/?pick__c__in=one,two&person__c__is_me=1", f"{here}/{record}",
        f"{here}/{record}/edit", f"{here}/{record}/delete", f"{here}/new", f"{here}/new?name={EVIL}&next={EVIL}",
        f"{here}/filter?path=many__c&op=any", f"{here}/filter?path=person__c&op=in&name__eq={EVIL}&place=0",
        f"{here}/columns", f"{here}/views/new", f"{here}/views/{evil['view']}/edit", "/trash/", "/trash/?show=all",
        f"/search?q={EVIL}", "/search?q=script", f"/o/{CHILD}/", f"/o/{CHILD}/new?parent__c={record}",
        f"/o/{CHILD}/new?about__c={record}&about__c_object={OBJECT}",
    ]  # fmt: skip
    for path in visited:
        for headers in ({}, {"HX-Request": "true"}):
            answer = admin_client.get(path, headers=headers)
            html = answer.content.decode()
            assert answer.status_code in (200, 422), path
            assert [mark for mark in MARKS if mark in html] == [], path
            assert inline_code(html) == [], path
            assert "script" not in html or "&lt;script" in html or "<script type" in html, path


def test_toasts_and_errors_escape_what_they_quote(
    admin_client: OrganizationClient, admin_actor: Any, evil: dict[str, str]
) -> None:
    wrong = admin_client.post(f"/o/{OBJECT}/new", {"name": EVIL, "mail__c": EVIL, "site__c": f"javascript:{QUOTED}"})
    assert wrong.status_code == 422
    assert [mark for mark in MARKS if mark in wrong.content.decode()] == []
    gone = admin_client.post(f"/o/{OBJECT}/{evil['record']}/delete", follow=True).content.decode()
    assert "toast-success" in gone
    assert [mark for mark in MARKS if mark in gone] == []


def test_a_link_field_never_runs_script(
    admin_client: OrganizationClient, admin_actor: Any, evil: dict[str, str]
) -> None:
    for bad in ("javascript:alert(1)", "data:text/html,x", " java\tscript:alert(1)"):
        admin_client.post(f"/o/{OBJECT}/new", {"name": "x", "site__c": bad})
    stored = [row[0] for row in RecordQuery(admin_actor, OBJECT).fields("site__c").page().rows]
    assert all(value is None or value.startswith(("http://", "https://")) for value in stored)
