"""The keys of records: kept with every write, made for records that were there before the rules."""

from __future__ import annotations

import pytest

from crm_platform.jobs.models import Job
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import StateConflict
from metadata import services
from metadata.compiler.current import current_snapshot
from objects.duplicates import rebuild
from objects.duplicates.errors import DuplicateDetected
from objects.duplicates.models import DuplicateKey, KeyShape
from objects.records.service import RecordService
from tests.objects.duplicates.book import PHONES, match_on, matcher, phone_rule, rule
from tests.objects.duplicates.working import run_jobs

PHONE = "13800138000"


def keys() -> set[str]:
    return set(DuplicateKey.objects.values_list("key", flat=True))


def test_keys_follow_the_values(boss: RecordService) -> None:
    phone_rule("warn")
    saved = boss.create("prospect", {"name": "A", "mobile": PHONE, "phone": "010-62551234"})
    assert keys() == {"+8613800138000", "+861062551234"}
    boss.update("prospect", saved.id, {"mobile": "13900139000"})
    assert keys() == {"+8613900139000", "+861062551234"}
    boss.update("prospect", saved.id, {"name": "B", "phone": None})
    assert keys() == {"+8613900139000"}


def test_both_sides_of_a_rule_have_keys(boss: RecordService) -> None:
    match_on("prospect", "to_client", matcher("company", ["company"], ["name"]), target="client")
    boss.create("client", {"name": "华为技术有限公司"})
    assert keys() == {"华为技术"}


def test_purged_records_have_no_keys(boss: RecordService) -> None:
    phone_rule("warn")
    saved = boss.create("prospect", {"name": "A", "mobile": PHONE})
    deletion = boss.delete("prospect", saved.id)
    assert keys()
    RecordService(system_actor()).purge(deletion)
    assert not keys()


def test_records_that_were_there_before_the_rule_get_keys_by_a_job(boss: RecordService) -> None:
    for number in range(3):
        boss.create("prospect", {"name": "A", "mobile": f"1380013800{number}"})
    phone_rule("block")
    assert not keys()
    assert not rebuild.is_built(current_snapshot(), "prospect")
    run_jobs()
    assert len(keys()) == 3
    assert rebuild.is_built(current_snapshot(), "prospect")
    with pytest.raises(DuplicateDetected):
        boss.create("prospect", {"name": "B", "mobile": "13800138000"})


def test_keys_that_no_rule_needs_go(boss: RecordService) -> None:
    phone_rule("warn")
    boss.create("prospect", {"name": "A", "mobile": PHONE})
    run_jobs()
    services.delete_duplicate_rule(system_actor(), "prospect", "phones")
    services.delete_matching_rule(system_actor(), "prospect", "phones")
    run_jobs()
    assert not keys()
    run_jobs()
    assert not Job.objects.filter(state=Job.State.QUEUED, kind=rebuild.REBUILD).exists()


def test_a_matching_rule_in_use_stays(boss: RecordService) -> None:
    phone_rule("warn")
    with pytest.raises(StateConflict):
        services.delete_matching_rule(system_actor(), "prospect", "phones")


def test_a_compared_field_can_not_be_deleted(boss: RecordService) -> None:
    match_on("prospect", "to_client", matcher("phone", PHONES, ["phone"]), target="client")
    rule("prospect", "to_client", "warn", shown_fields=["city"])
    for object_name, field in (("prospect", "mobile"), ("client", "phone")):
        with pytest.raises(StateConflict):
            services.delete_field(system_actor(), object_name, field)


def test_shapes_are_noted(boss: RecordService) -> None:
    phone_rule("warn")
    run_jobs()
    assert KeyShape.objects.count() == 1
