"""Forms that follow what is typed: states of fields, computed values, messages and warnings of rules."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import RequestFactory

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from layouts.pages.duplicates import consent_of
from metadata import services
from metadata.inputs import FieldInput
from metadata.rule_inputs import DuplicateRuleInput, MatchingRuleInput, ValidationRuleInput
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import form_data
from tests.objects.world import World


@pytest.fixture
def designed(crm: World) -> None:
    """Accounts with a field under conditions, a formula, a rule that refuses and one that warns."""
    crm.users["admin"] = User.objects.get(username="admin")
    actor = crm.actor("admin")
    services.add_field(actor, "account", FieldInput("level__c", "integer", "等级"))
    services.add_field(actor, "account", FieldInput("reason__c", "text", "原因"))
    services.add_field(actor, "account", FieldInput("lock__c", "text", "锁定项"))
    services.update_field(actor, "account", "reason__c", visible_if="level__c > 3", required_if="level__c > 5")
    services.update_field(actor, "account", "lock__c", readonly_if="level__c > 7")
    double = FieldInput("double__c", "formula", "两倍", settings={"expression": "level__c * 2", "returns": "integer"})
    services.add_field(actor, "account", double)
    refuse = ValidationRuleInput("low__c", "等级", "level__c < 0", "等级不能为负", location="level__c")
    services.create_validation_rule(actor, "account", refuse)
    warn = ValidationRuleInput("high__c", "等级", "level__c > 90", "等级真高", severity="warning")
    services.create_validation_rule(actor, "account", warn)


@pytest.fixture
def record(designed: None, crm: World) -> str:
    return str(RecordService(crm.actor("rep")).create("account", {"name": "云途信息", "level__c": 4}).id)


def ask(client: OrganizationClient, path: str, **values: Any) -> dict[str, Any]:
    answer = client.post(path, {"name": "甲", **values})
    assert answer.status_code == 200, answer.content
    return answer.json()


def slot(html: str, name: str) -> str:
    """Return the opening tag of what surrounds a field under a condition."""
    start = html.index(f'data-live="{name}"')
    return html[start : html.index(">", start)]


@pytest.mark.usefixtures("designed")
def test_states_follow_the_values(rep: OrganizationClient) -> None:
    url = "/o/account/assess"
    low = ask(rep, url, level__c="1")["fields"]
    assert low["reason__c"] == {"visible": False, "required": False, "readonly": False}
    high = ask(rep, url, level__c="6")["fields"]
    assert high["reason__c"] == {"visible": True, "required": True, "readonly": False}
    assert ask(rep, url, level__c="8")["fields"]["lock__c"]["readonly"] is True


@pytest.mark.usefixtures("designed")
def test_formulas_are_shown_as_people_read_them(rep: OrganizationClient) -> None:
    assert ask(rep, "/o/account/assess", level__c="600")["values"]["double__c"] == "1,200"
    assert ask(rep, "/o/account/assess", level__c="nonsense")["values"]["double__c"] in ("", "0")


@pytest.mark.usefixtures("designed")
def test_rules_speak_at_their_fields_and_what_is_missing_is_not_told(rep: OrganizationClient) -> None:
    assert ask(rep, "/o/account/assess", level__c="-1", name="")["errors"] == [
        {"field": "level__c", "text": "等级不能为负"}
    ]
    assert ask(rep, "/o/account/assess", level__c="99", reason__c="x")["errors"] == [{"field": "", "text": "等级真高"}]


def test_a_record_is_assessed_with_what_it_has(rep: OrganizationClient, record: str) -> None:
    found = ask(rep, f"/o/account/{record}/assess", level__c="4")
    assert found["fields"]["reason__c"]["visible"] is True
    assert found["values"]["double__c"] == "8"
    assert ask(rep, f"/o/account/{record}/assess", level__c="2")["values"]["double__c"] == "4"


def test_assessing_writes_nothing(rep: OrganizationClient, record: str, rep_actor: Actor) -> None:
    ask(rep, f"/o/account/{record}/assess", level__c="2", name="乙")
    ask(rep, "/o/account/assess", level__c="2", name="乙")
    assert RecordQuery(rep_actor, "account").get(record)["level__c"] == 4
    assert RecordQuery(rep_actor, "account").count("exact").value == 1


def test_the_first_paint_is_right(rep: OrganizationClient, record: str) -> None:
    new = rep.get("/o/account/new").content.decode()
    assert "hidden" in slot(new, "reason__c") and "disabled" in slot(new, "reason__c")
    assert "hidden" not in slot(new, "lock__c")
    assert 'data-assess-url="/o/account/assess"' in new
    edit = rep.get(f"/o/account/{record}/edit").content.decode()
    assert "hidden" not in slot(edit, "reason__c")
    assert re.search(r'data-output="double__c"[^>]*>8<', edit)


@pytest.mark.usefixtures("designed")
def test_a_form_that_comes_back_stands_as_its_input_says(rep: OrganizationClient) -> None:
    answer = rep.post("/o/account/new", {"name": "甲", "level__c": "6"})
    html = answer.content.decode()
    assert answer.status_code == 422  # the reason is required now
    assert "hidden" not in slot(html, "reason__c")
    assert re.search(r'data-output="double__c"[^>]*>12<', html)


def test_a_form_without_conditions_formulas_and_rules_asks_nothing(rep: OrganizationClient) -> None:
    html = rep.get("/o/contact/new").content.decode()
    assert "data-assess-url" not in html and "data-live=" not in html


@pytest.mark.usefixtures("designed")
def test_warnings_are_confirmed_with_a_reason(rep: OrganizationClient, rep_actor: Actor) -> None:
    given = form_data(rep.get("/o/account/new").content.decode(), "record-form")
    given.update({"name": ["甲"], "level__c": ["99"], "reason__c": ["x"]})
    answer = rep.post("/o/account/new", given)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="rule-warnings"' in html and "等级真高" in html and 'id="error-summary"' not in html
    kept = form_data(html, "record-form")
    assert kept["level__c"] == ["99"]
    answer = rep.post("/o/account/new", {**kept, "_warnings": "allow", "_duplicates_reason": "真的"})
    assert answer.status_code == 302
    entry = AuditEntry.objects.get(action="records.warning_confirmed")
    assert entry.details["reason"] == "真的"


@pytest.mark.usefixtures("designed")
def test_what_refuses_can_not_be_confirmed(rep: OrganizationClient) -> None:
    answer = rep.post("/o/account/new", {"name": "甲", "level__c": "-1", "_warnings": "allow"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="rule-warnings"' not in html and "等级不能为负" in html


def test_a_change_is_confirmed_too(rep: OrganizationClient, record: str, rep_actor: Actor) -> None:
    data = form_data(rep.get(f"/o/account/{record}/edit").content.decode(), "record-form")
    data.update({"level__c": ["95"], "reason__c": ["x"]})
    assert 'id="rule-warnings"' in rep.post(f"/o/account/{record}/edit", data).content.decode()
    answer = rep.post(f"/o/account/{record}/edit", {**data, "_warnings": "allow"})
    assert answer.status_code == 302
    assert RecordQuery(rep_actor, "account").get(record)["level__c"] == 95


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"_warnings": "allow"}, (False, True)),
        ({"_warnings": "allow duplicates", "_duplicates_reason": "r"}, (True, True)),
        ({"_duplicates": "allow", "_duplicates_reason": "r"}, (True, False)),
        ({"_duplicates": "allow warnings", "_duplicates_reason": "r"}, (True, True)),
        ({"_duplicates": "allow warnings"}, (False, True)),  # duplicates need a reason
        ({"_duplicates_reason": "r"}, (False, False)),
    ],
)
def test_a_button_agrees_to_what_it_says(sent: dict[str, str], expected: tuple[bool, bool], rf: RequestFactory) -> None:
    consent = consent_of(rf.post("/", sent))
    assert (consent.duplicates, consent.warnings) == expected


@pytest.mark.usefixtures("designed")
def test_agreeing_to_a_warning_is_kept_while_duplicates_are_asked_about(rep: OrganizationClient, crm: World) -> None:
    services.create_matching_rule(
        crm.actor("admin"),
        "account",
        MatchingRuleInput("same__c", "同名", matchers=[{"method": "exact", "fields": ["name"]}], target="account"),
    )
    rule = DuplicateRuleInput("dup__c", "重复", matching_rules=["same__c"], actions={"create": "warn"})
    services.create_duplicate_rule(crm.actor("admin"), "account", rule)
    RecordService(crm.actor("rep")).create("account", {"name": "独一无二甲"})
    given = form_data(rep.get("/o/account/new").content.decode(), "record-form")
    given.pop("lock__c", None)
    given.update({"name": ["独一无二甲"], "level__c": ["99"], "reason__c": ["x"], "_warnings": ["allow"]})
    html = rep.post("/o/account/new", given).content.decode()
    assert 'id="duplicate-warning"' in html and 'value="allow warnings"' in html
    given.pop("_warnings")
    given.update({"_duplicates": ["allow warnings"], "_duplicates_reason": ["另一家"]})
    assert rep.post("/o/account/new", given).status_code == 302
