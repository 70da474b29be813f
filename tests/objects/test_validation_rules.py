"""Validation rules and conditions of fields: held on every channel, all failures told together."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.models import Profile
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.models import BusinessObject
from metadata.rule_inputs import ValidationRuleInput
from objects.access.grants import ACTIONS, grant_object
from objects.query.query import RecordQuery
from objects.records.drafts import Consent
from objects.records.service import RecordService
from tests.kit import make

OBJECT, FIRM = "quote_v__c", "firm_v__c"


@pytest.fixture
def quote(db: Any, admin_actor: Any) -> Any:
    services.create_object(admin_actor, ObjectInput(FIRM, "Firm", fields=[FieldInput("vip__c", "checkbox", "VIP")]))
    choices = [ChoiceInput("draft", "草稿"), ChoiceInput("lost", "丢单")]
    fields = [
        FieldInput("firm__c", "lookup", "Firm", settings={"target": FIRM}),
        FieldInput("amount__c", "decimal", "Amount"),
        FieldInput("discount__c", "decimal", "Discount", visible_if="amount__c > 100"),
        FieldInput("state__c", "picklist", "State", choices=choices),
        FieldInput("reason__c", "text", "Reason", required_if="ISPICKVAL(state__c, 'lost')"),
        FieldInput("note__c", "text", "Note", readonly_if="ISPICKVAL(state__c, 'lost')"),
        FieldInput("extra__c", "text", "Extra", required_if="TRUE", visible_if="amount__c > 100"),
    ]
    services.create_object(admin_actor, ObjectInput(OBJECT, "Quote", fields=fields))
    return admin_actor


def rule(actor: Any, name: str, condition: str, **options: Any) -> None:
    message = options.pop("message", {"en": "Bad {amount__c}!", "zh-hans": "金额 {amount__c} 不对"})
    services.create_validation_rule(actor, OBJECT, ValidationRuleInput(name, name, condition, message, **options))


def errors(work: Any) -> list[tuple[str | None, str, Any]]:
    with pytest.raises(ValidationFailed) as caught:
        work()
    return [(error.field, error.code, error.params.get("rule")) for error in caught.value.errors]


def test_all_failing_rules_are_told_together_with_other_errors(quote: Any) -> None:
    rule(quote, "floor", "amount__c < 0", location="amount__c")
    rule(quote, "cap", "amount__c < -100")
    values = {"name": "Q", "amount__c": "-200", "firm__c": "not an id"}
    assert errors(lambda: RecordService(quote).create(OBJECT, values)) == [
        ("firm__c", "invalid_reference", None),
        ("amount__c", "validation_rule_failed", "floor"),
        (None, "validation_rule_failed", "cap"),
    ]


def test_messages_show_values_in_the_readers_language(quote: Any) -> None:
    rule(quote, "floor", "amount__c < 0")
    with pytest.raises(ValidationFailed) as caught:
        RecordService(quote).create(OBJECT, {"name": "Q", "amount__c": "-1234.5"})
    (error,) = caught.value.errors
    shown = str(error.message) % dict(error.params)
    assert shown in ("Bad -1,234.50!", "金额 -1,234.50 不对")


def test_rules_see_prior_values_and_related_records(quote: Any) -> None:
    rule(quote, "fall", "ISCHANGED(amount__c) && amount__c < PRIORVALUE(amount__c) && NOT(firm__r.vip__c)")
    service = RecordService(quote)
    plain, vip = (service.create(FIRM, {"name": "F", "vip__c": flag}).id for flag in (False, True))
    for firm, is_refused in ((plain, True), (vip, False)):
        made = service.create(OBJECT, {"name": "Q", "amount__c": "10", "firm__c": str(firm)}).id
        service.update(OBJECT, made, {"amount__c": "11"})
        if is_refused:
            assert errors(lambda made=made: service.update(OBJECT, made, {"amount__c": "9"}))[0][2] == "fall"
        else:
            service.update(OBJECT, made, {"amount__c": "9"})


def test_rules_hold_at_their_events_only(quote: Any) -> None:
    rule(quote, "edits", "amount__c = 1", events=["edit"])
    rule(quote, "imports", "amount__c = 2", events=["import"])
    rule(quote, "keeps", "amount__c = 3", events=["delete"])
    service, importer = RecordService(quote), RecordService(quote, event="import")
    made = service.create(OBJECT, {"name": "Q", "amount__c": "1"}).id
    assert errors(lambda: service.update(OBJECT, made, {"name": "R"}))[0][2] == "edits"
    service.create(OBJECT, {"name": "Q", "amount__c": "2"})
    assert errors(lambda: importer.create(OBJECT, {"name": "Q", "amount__c": "2"}))[0][2] == "imports"
    kept = service.create(OBJECT, {"name": "Q", "amount__c": "3"}).id
    assert errors(lambda: service.delete(OBJECT, kept))[0][2] == "keeps"
    assert RecordQuery(quote, OBJECT).where_ids([kept]).exists()


def test_a_warning_lets_the_record_pass_once_it_is_confirmed(quote: Any) -> None:
    rule(quote, "odd", "amount__c > 50", severity="warning")
    values = {"name": "Q", "amount__c": "60"}
    assert errors(lambda: RecordService(quote).create(OBJECT, values))[0][2] == "odd"
    willing = RecordService(quote, consent=Consent(warnings=True, reason="Agreed"))
    made = willing.create(OBJECT, values).id
    entry = AuditEntry.objects.get(action="records.warning_confirmed", record_id=made)
    assert entry.details == {"rules": ["odd"], "reason": "Agreed"}


def test_a_rule_may_be_bypassed_by_those_who_may(quote: Any, actor_for: Any) -> None:
    rule(quote, "soft", "amount__c < 0", can_be_bypassed=True)
    rule(quote, "hard", "amount__c < -10")
    service = RecordService(quote)
    assert quote.has_function("metadata.bypass_validation")
    service.create(OBJECT, {"name": "Q", "amount__c": "-5"})
    assert errors(lambda: service.create(OBJECT, {"name": "Q", "amount__c": "-50"}))[0][2] == "hard"
    row = BusinessObject.objects.get(api_name=OBJECT)
    grant_object(system_actor(), Profile.objects.get(api_name="sales_manager"), row, ACTIONS)
    clerk = RecordService(actor_for(make.user(role="everything", profile="sales_manager")))
    assert errors(lambda: clerk.create(OBJECT, {"name": "Q", "amount__c": "-5"}))[0][2] == "soft"


def test_bulk_rows_fail_one_by_one(quote: Any) -> None:
    rule(quote, "floor", "amount__c < 0")
    rows = [{"name": "Q", "amount__c": amount} for amount in ("1", "-1", "2")]
    results = RecordService(quote).bulk_create(OBJECT, rows, all_or_none=False)
    assert [result.id is not None for result in results] == [True, False, True]
    assert results[1].errors[0].code == "validation_rule_failed"


def test_an_inactive_rule_rests(quote: Any) -> None:
    rule(quote, "floor", "amount__c < 0")
    services.update_validation_rule(quote, OBJECT, "floor", is_active=False)
    RecordService(quote).create(OBJECT, {"name": "Q", "amount__c": "-1"})


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"condition": "amount__c <"}, "condition"),
        ({"condition": "amount__c"}, "condition"),
        ({"condition": " "}, "condition"),
        ({"location": "nowhere__c"}, "location"),
        ({"message": "{nowhere__c}"}, "message"),
        ({"events": []}, "events"),
        ({"severity": "fatal"}, "severity"),
    ],
)
def test_a_wrong_rule_is_refused_at_its_member(quote: Any, changes: dict[str, Any], member: str) -> None:
    given = {"condition": "amount__c < 0", "message": "M", **changes}
    with pytest.raises(ValidationFailed) as caught:
        services.create_validation_rule(quote, OBJECT, ValidationRuleInput("bad", "B", **given))
    assert [error.field for error in caught.value.errors] == [member]


# --- conditions of fields -----------------------------------------------------------------------------------
def test_a_field_is_required_while_its_condition_holds(quote: Any) -> None:
    service = RecordService(quote)
    lost = {"name": "Q", "state__c": "lost"}
    assert errors(lambda: service.create(OBJECT, lost)) == [("reason__c", "required", None)]
    made = service.create(OBJECT, {**lost, "reason__c": "price"}).id
    assert errors(lambda: service.update(OBJECT, made, {"reason__c": None}))[0][:2] == ("reason__c", "required")
    service.update(OBJECT, made, {"reason__c": None, "state__c": "draft"})
    assert errors(lambda: service.update(OBJECT, made, {"state__c": "lost"}))[0][:2] == ("reason__c", "required")


def test_what_a_form_does_not_show_is_not_asked_for(quote: Any) -> None:
    service = RecordService(quote)
    service.create(OBJECT, {"name": "Q", "amount__c": "5"})
    assert errors(lambda: service.create(OBJECT, {"name": "Q", "amount__c": "500"}))[0][0] == "extra__c"


def test_a_field_is_read_only_as_the_record_stood(quote: Any) -> None:
    service = RecordService(quote)
    made = service.create(OBJECT, {"name": "Q", "state__c": "draft", "note__c": "a"}).id
    service.update(OBJECT, made, {"state__c": "lost", "reason__c": "r", "note__c": "b"})
    assert errors(lambda: service.update(OBJECT, made, {"note__c": "c"}))[0][:2] == ("note__c", "read_only_field")
    service.update(OBJECT, made, {"note__c": "b", "reason__c": "s"})


def test_an_old_record_is_not_asked_about_conditions_it_does_not_touch(quote: Any) -> None:
    service = RecordService(quote)
    made = service.create(OBJECT, {"name": "Q", "state__c": "lost", "reason__c": "r"}).id
    services.update_field(quote, OBJECT, "amount__c", required_if="ISPICKVAL(state__c, 'lost')")
    service.update(OBJECT, made, {"name": "R"})
    service.update(OBJECT, made, {"state__c": "draft"})
    assert errors(lambda: service.update(OBJECT, made, {"state__c": "lost"}))[0][0] == "amount__c"
