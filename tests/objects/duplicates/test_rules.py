"""What duplicate rules do to a write: refuse, ask, report; within their scope; for one record and for many."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.kit.errors import ValidationFailed
from objects.duplicates.errors import DuplicateDetected
from objects.duplicates.models import DuplicateDecision, DuplicateKey, DuplicateSet
from objects.records.service import Consent, RecordService
from tests.objects.duplicates.book import PHONES, match_on, matcher, phone_rule, rule
from tests.objects.duplicates.conftest import Services

PHONE = "138 0013 8000"


def refused(act: Any) -> DuplicateDetected:
    with pytest.raises(DuplicateDetected) as failed:
        act()
    return failed.value


def test_a_blocking_rule_compares_every_phone_with_every_phone(boss: RecordService) -> None:
    phone_rule("block")
    first = boss.create("prospect", {"name": "A", "mobile": PHONE})
    error = refused(lambda: boss.create("prospect", {"name": "B", "phone": "+86-138-0013-8000"}))
    assert not error.can_override
    assert error.details["duplicates"][0]["rule"] == "phones"
    told = error.details["duplicates"][0]["records"][0]
    assert told["id"] == str(first.id)
    assert (told["owner_id"], told["created_at"][10:11], told["created_at"][-1]) == (str(boss.actor.user_id), "T", "Z")
    assert boss.create("prospect", {"name": "C", "phone": "13800138001"}).version == 1


def test_a_blocked_record_leaves_no_key(boss: RecordService) -> None:
    phone_rule("block")
    boss.create("prospect", {"name": "A", "mobile": PHONE})
    refused(lambda: boss.create("prospect", {"name": "B", "phone": PHONE}))
    assert DuplicateKey.objects.count() == 1


def test_a_warning_is_passed_by_consent_and_the_reason_is_kept(boss: RecordService, service: Services) -> None:
    phone_rule("warn")
    first = boss.create("prospect", {"name": "A", "mobile": PHONE})
    assert refused(lambda: boss.create("prospect", {"name": "B", "phone": PHONE})).can_override
    willing = service("boss", consent=Consent(duplicates=True, reason="Father and son"))
    saved = willing.create("prospect", {"name": "B", "phone": PHONE})
    decision = DuplicateDecision.objects.get()
    assert (decision.record_id, decision.reason, decision.rule) == (saved.id, "Father and son", "phones")
    assert decision.matches == [{"object": "prospect", "id": str(first.id), "score": 100}]


def test_a_warning_may_need_a_permission_to_pass(service: Services, boss: RecordService) -> None:
    phone_rule("warn", override="metadata.customize")
    boss.create("prospect", {"name": "A", "mobile": PHONE})
    willing = service("boss", consent=Consent(duplicates=True, reason="x"))
    error = refused(lambda: willing.create("prospect", {"name": "B", "phone": PHONE}))
    assert not error.can_override
    assert "override" not in error.details


def test_a_report_saves_and_leaves_a_set(boss: RecordService) -> None:
    phone_rule("report")
    first = boss.create("prospect", {"name": "A", "mobile": PHONE})
    second = boss.create("prospect", {"name": "B", "phone": PHONE})
    made = DuplicateSet.objects.get()
    assert set(made.members.values_list("record_id", flat=True)) == {first.id, second.id}


def test_an_edit_is_asked_only_about_what_changes(boss: RecordService) -> None:
    first = boss.create("prospect", {"name": "A", "mobile": PHONE})
    phone_rule("block")
    other = boss.create("prospect", {"name": "B", "mobile": "13900139000"})
    assert boss.update("prospect", first.id, {"name": "A2"}).version == 2
    assert boss.update("prospect", first.id, {"mobile": "13700137000"}).version == 3
    refused(lambda: boss.update("prospect", other.id, {"mobile": "+8613700137000"}))
    assert boss.update("prospect", other.id, {"mobile": PHONE}).version == 2


def test_a_record_is_no_duplicate_of_itself(boss: RecordService) -> None:
    phone_rule("block")
    first = boss.create("prospect", {"name": "A", "mobile": PHONE})
    assert boss.update("prospect", first.id, {"phone": PHONE}).version == 2


def test_what_the_caller_may_not_read_is_masked(boss: RecordService, rep: RecordService) -> None:
    phone_rule("block", shown_fields=["name", "owner_id", "mobile", "company"])
    boss.create("prospect", {"name": "王小明", "mobile": PHONE, "company": "华为技术有限公司"})
    found = refused(lambda: rep.create("prospect", {"name": "B", "phone": PHONE})).details["duplicates"][0]
    assert found["records"] == []
    assert found["hint"] == "another_owner"
    told = found["masked"][0]
    assert (told["name"], told["mobile"], told["company"]) == ("王**", "138****00", "华为****")
    assert told["owner_id"]
    assert "id" not in told


def test_without_shown_fields_only_the_fact_is_told(boss: RecordService, rep: RecordService) -> None:
    phone_rule("block")
    boss.create("prospect", {"name": "王小明", "mobile": PHONE})
    found = refused(lambda: rep.create("prospect", {"name": "B", "phone": PHONE})).details["duplicates"][0]
    assert (found["count"], found["records"], found["masked"]) == (1, [], [])


def test_across_objects(boss: RecordService) -> None:
    match_on("prospect", "to_client", matcher("phone", PHONES, ["phone"]), target="client")
    rule("prospect", "to_client", "block")
    boss.create("client", {"name": "X", "phone": PHONE})
    assert refused(lambda: boss.create("prospect", {"name": "B", "mobile": PHONE})).rules[0].count == 1


def test_all_comparisons_of_a_rule_must_agree(boss: RecordService) -> None:
    match_on("prospect", "both", matcher("person", ["name"]), matcher("company", ["company"]))
    rule("prospect", "both", "block")
    boss.create("prospect", {"name": "王小明", "company": "北京华为技术有限公司"})
    boss.create("prospect", {"name": "王小明", "company": "中兴通讯股份有限公司"})
    boss.create("prospect", {"name": "李雷", "company": "华为技术"})
    boss.create("prospect", {"name": "王小明"})
    refused(lambda: boss.create("prospect", {"name": "Xiaoming Wang", "company": "华为技术"}))


@pytest.mark.parametrize(
    ("blank", "of_first", "of_second", "is_same"),
    [
        ("ignore", None, "Paris", True),
        ("ignore", None, None, True),
        ("ignore", "Rome", "Paris", False),
        ("match", None, None, True),
        ("match", None, "Paris", False),
        ("match", "Paris", "paris ", True),
        ("no_match", None, None, False),
        ("no_match", "Paris", "PARIS", True),
    ],
)
@pytest.mark.parametrize("at_once", [False, True])
def test_blank_values(
    boss: RecordService, blank: str, of_first: str | None, of_second: str | None, is_same: bool, at_once: bool
) -> None:
    match_on("client", "name_city", matcher("normalized", ["name"]), matcher("normalized", ["city"], blank=blank))
    rule("client", "name_city", "block")
    rows = [{"name": "Acme", "city": of_first}, {"name": "ACME!", "city": of_second}]
    if at_once:
        results = boss.bulk_create("client", rows, all_or_none=False)
        assert bool(results[1].errors) is is_same
        return
    boss.create("client", rows[0])
    if is_same:
        refused(lambda: boss.create("client", rows[1]))
    else:
        assert boss.create("client", rows[1]).version == 1


@pytest.mark.parametrize("at_once", [False, True])
def test_similar_company_names(boss: RecordService, at_once: bool) -> None:
    match_on("client", "alike", matcher("company", ["name"], threshold=60))
    rule("client", "alike", "block")
    first, near = {"name": "Siemens Healthineers AG"}, {"name": "Siemens Healthineer GmbH"}
    far = {"name": "Siemens Energy AG"}
    if at_once:
        results = boss.bulk_create("client", [first, near, far], all_or_none=False)
        assert [bool(item.errors) for item in results] == [False, True, False]
        return
    boss.create("client", first)
    error = refused(lambda: boss.create("client", near))
    assert 60 <= error.details["duplicates"][0]["records"][0]["score"] < 100
    assert boss.create("client", far).version == 1


def test_scope_of_the_same_owner(boss: RecordService, rep: RecordService) -> None:
    phone_rule("block", scope="owner")
    boss.create("prospect", {"name": "A", "mobile": PHONE})
    assert rep.create("prospect", {"name": "B", "mobile": PHONE}).version == 1
    refused(lambda: rep.create("prospect", {"name": "C", "mobile": PHONE}))


def test_trashed_records_count_only_where_the_rule_says_so(boss: RecordService) -> None:
    match_on("prospect", "phones", matcher("phone", PHONES))
    rule("prospect", "living", "block", "phones")
    first = boss.create("prospect", {"name": "A", "mobile": PHONE})
    deletion = boss.delete("prospect", first.id)
    second = boss.create("prospect", {"name": "B", "mobile": PHONE})
    boss.delete("prospect", second.id)
    rule("prospect", "all", "block", "phones", include_trashed=True)
    refused(lambda: boss.create("prospect", {"name": "C", "mobile": PHONE}))
    boss.restore(deletion)
    refused(lambda: boss.create("prospect", {"name": "C", "mobile": PHONE}))


def test_converted_records_may_be_left_out(boss: RecordService) -> None:
    phone_rule("block", include_converted=False)
    boss.create("prospect", {"name": "A", "mobile": PHONE, "converted_at": "2026-01-01T00:00:00Z"})
    assert boss.create("prospect", {"name": "B", "mobile": PHONE}).version == 1


def test_rows_of_a_batch_are_compared_with_each_other(boss: RecordService) -> None:
    phone_rule("block")
    rows = [
        {"name": "A", "mobile": PHONE},
        {"name": "B", "phone": "13800138000"},
        {"name": "C", "phone": "13900139000"},
    ]
    results = boss.bulk_create("prospect", rows, all_or_none=False)
    assert [bool(result.id) for result in results] == [True, False, True]
    assert results[1].errors[0].code == "duplicate_detected"
    assert all(result.errors or not result.id for result in boss.bulk_create("prospect", rows))


def test_actions_differ_by_event(boss: RecordService, service: Services) -> None:
    phone_rule("off", actions={"create": "warn", "import": "block", "api": "off"})
    boss.create("prospect", {"name": "A", "mobile": PHONE})
    boss.create("prospect", {"name": "B", "mobile": PHONE})
    results = service("boss", event="import").bulk_create("prospect", [{"name": "C", "mobile": PHONE}])
    assert results[0].errors[0].code == "duplicate_detected"
    refused(lambda: service("boss", event="create").create("prospect", {"name": "D", "mobile": PHONE}))


def test_dry_run_tells_of_duplicates_and_leaves_nothing(boss: RecordService) -> None:
    phone_rule("block")
    boss.create("prospect", {"name": "A", "mobile": PHONE}, dry_run=True)
    assert not DuplicateKey.objects.exists()
    boss.create("prospect", {"name": "A", "mobile": PHONE})
    refused(lambda: boss.create("prospect", {"name": "B", "mobile": PHONE}, dry_run=True))


def test_a_rule_with_a_condition_holds_only_while_it_is_true(boss: RecordService) -> None:
    phone_rule("block", condition='company != "VIP"')
    boss.create("prospect", {"name": "A", "mobile": PHONE, "company": "X"})
    refused(lambda: boss.create("prospect", {"name": "B", "mobile": PHONE, "company": "Y"}))
    assert boss.create("prospect", {"name": "C", "mobile": PHONE, "company": "VIP"}).version == 1


def test_a_condition_that_does_not_compile_is_not_published(boss: RecordService) -> None:
    with pytest.raises(ValidationFailed):
        phone_rule("block", condition="nothing > 1")
