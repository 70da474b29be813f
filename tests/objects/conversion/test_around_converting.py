"""Around converting: many leads at once, two people at once, what stays hidden, mappings, giving up."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from django.db import connection

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.models import Profile
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import Forbidden, NotFound, RecordLocked, StateConflict, ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.rule_inputs import ValidationRuleInput
from objects.access.services.field_levels import set_field_levels
from objects.conversion import packages
from objects.conversion.bulk import bulk_convert
from objects.conversion.inputs import NOTHING, Becomes, Converted, ConvertInput
from objects.conversion.mapping import LEAD, mapping
from objects.conversion.proposing import propose
from objects.conversion.service import convert
from objects.conversion.settings import Choice, choices, set_choices
from objects.conversion.statuses import disqualify, reopen
from objects.duplicates.errors import DuplicateDetected
from objects.records.service import Consent, RecordService
from tests.objects import world as worlds
from tests.objects.conversion.conftest import Lead
from tests.objects.conversion.test_converting import ONLY_ACCOUNT, codes, count, show
from tests.objects.world import World

SECRET = "13911112222"


def hide(world: World, object_name: str, *names: str, level: str = "hidden") -> None:
    """Keep fields from the reps."""
    set_field_levels(
        system_actor(), Profile.objects.get(api_name="sales_rep"), object_name, dict.fromkeys(names, level)
    )


# --- many ---------------------------------------------------------------------------------------------------------
def test_each_of_many_leads_has_a_result_of_its_own(rep: Actor, lead: Lead, world: World) -> None:
    known = RecordService(rep).create("account", {"name": "远航物流（上海）有限公司"}).id
    RecordService(world.actor("south")).create("account", {"name": "南方制药股份有限公司"})
    twice = RecordService(rep, consent=Consent(duplicates=True, reason="Another"))
    for _ in range(2):
        twice.create("account", {"name": "双胞胎科技有限公司"})
    fresh = lead(company="青岛海风设备有限公司", mobile="13700000001", email=None, phone=None)
    into = lead(company="远航物流（上海）有限公司", mobile="13700000002", email=None, phone=None)
    hidden = lead(company="南方制药股份有限公司", mobile="13700000003", email=None, phone=None)
    doubtful = lead(company="双胞胎科技有限公司", mobile="13700000004", email=None, phone=None)
    invalid = lead(company="无效公司", mobile="13700000005", email=None, phone=None, status="invalid")
    rows = bulk_convert(rep, [fresh, into, hidden, doubtful, invalid, "nonsense", fresh])
    assert [row.index for row in rows] == list(range(7))
    done, failures = [row.done for row in rows], [row.failure for row in rows]
    assert done[0] is not None and done[0].made == {"account", "contact"}
    assert done[1] is not None and (done[1].ids["account"], done[1].made) == (known, {"contact"})
    assert [type(item) for item in failures[2:6]] == [DuplicateDetected, DuplicateDetected, StateConflict, NotFound]
    assert isinstance(failures[2], DuplicateDetected) and failures[2].details["duplicates"][0]["records"] == []
    assert done[6] is not None and done[6].is_repeated
    assert show(rep, "lead", doubtful)["status"] == "new"


def test_many_may_only_go_through_as_a_whole(rep: Actor, lead: Lead, world: World, forbid: Any) -> None:
    own = lead()
    rows = bulk_convert(rep, [own, uuid.uuid4()], all_or_none=True)
    assert [(row.done, type(row.failure)) for row in rows] == [(None, type(None)), (None, NotFound)]
    assert show(rep, "lead", own)["status"] == "new"
    with pytest.raises(ValidationFailed):
        bulk_convert(rep, [own] * 101)
    forbid("lead", "convert")
    with pytest.raises(Forbidden):
        bulk_convert(world.actor("rep"), [own])


# --- what is hidden -----------------------------------------------------------------------------------------------
def test_what_somebody_may_not_read_of_a_lead_is_not_told_by_converting_it(lead: Lead, world: World) -> None:
    own = lead(mobile=SECRET, title="密级标题")
    hide(world, "lead", "mobile", "title")
    rep = world.actor("rep")
    proposal = propose(rep, own)
    assert SECRET not in str(proposal.targets) and "密级标题" not in str(proposal.targets)
    assert {item.field for item in proposal.lost}.isdisjoint({"mobile", "title"})
    done = convert(rep, own)
    contact = show(rep, "contact", done.ids["contact"])
    assert (contact["mobile"], contact["title"]) == (None, None)  # by their names alone they would show what is hidden
    assert SECRET not in str(done)


def test_what_an_administrator_maps_is_carried_and_so_is_what_stays_hidden(lead: Lead, world: World) -> None:
    own = lead(mobile=SECRET, wechat="wx-secret")
    set_choices(system_actor(), [Choice("wechat", "contact", "hobbies")])
    hide(world, "lead", "mobile", "wechat")
    hide(world, "contact", "mobile")
    rep = world.actor("rep")
    done = convert(rep, own)
    contact = show(system_actor(), "contact", done.ids["contact"])
    assert (contact["mobile"], contact["hobbies"]) == (SECRET, "wx-secret")
    assert "mobile" not in show(rep, "contact", done.ids["contact"])
    assert SECRET not in str(done)


def test_a_masked_field_is_named_but_not_shown(lead: Lead, world: World) -> None:
    own = lead(mobile=SECRET)
    hide(world, "lead", "mobile", level="masked")
    rep = world.actor("rep")
    proposal = propose(rep, own)
    assert SECRET not in str(proposal.targets)
    assert "mobile" in {item.field for item in proposal.lost}


# --- two at once --------------------------------------------------------------------------------------------------
def test_of_two_who_convert_at_once_one_does_and_both_get_the_same(the_world: World, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), worlds.inside(the_world.schema_name):
        rep = the_world.actor("rep")
        own = RecordService(rep).create("lead", {"name": "同时", "company": "同时转换有限公司"}).id
        before, results, gate = count("account"), list[Any](), threading.Barrier(2)

        def work() -> None:
            try:
                with worlds.inside(the_world.schema_name), pinned_snapshot():
                    gate.wait(10)
                    results.append(convert(the_world.actor("rep"), own))
            except Exception as error:
                results.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        first, second = results
        assert isinstance(first, Converted) and isinstance(second, Converted)
        assert (first.ids, {first.is_repeated, second.is_repeated}) == (second.ids, {True, False})
        assert count("account") == before + 1


# --- mappings -----------------------------------------------------------------------------------------------------
def test_the_mapping_follows_names_and_labels_until_somebody_says_otherwise(
    rep: Actor, lead: Lead, world: World
) -> None:
    def where(target: str) -> dict[str, str]:
        return {pair.source.name: pair.target.name for pair in mapping(current_snapshot())[target]}

    assert where("account")["company"] == "name" and "name" not in where("account")
    assert (where("account")["fleet__c"], where("opportunity")["expected_amount"]) == ("cars__c", "amount")
    assert "status" not in where("account") and "interests" not in where("account")
    said = [
        Choice("name", "account", "short_name"),
        Choice("fleet__c", "account", None),
        Choice("city", "account", None),
    ]
    set_choices(system_actor(), said)
    assert (where("account")["name"], where("account").get("fleet__c")) == ("short_name", None)
    assert set(choices()) == set(said)
    assert AuditEntry.objects.filter(action="conversion.mapping_changed").count() == 1
    done = convert(rep, lead(fleet__c=7), ONLY_ACCOUNT)
    found = show(rep, "account", done.ids["account"])
    assert (found["short_name"], found["cars__c"], found["city"]) == ("王小明", None, None)
    assert {"fleet__c", "city"} <= {item.field for item in done.lost}


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        (Choice("nonsense", "account", "name"), "unknown_field"),
        (Choice("status", "account", "name"), "unknown_field"),
        (Choice("company", "campaign", "name"), "unknown_field"),
        (Choice("company", "account", "employees"), "invalid_choice"),
        (Choice("company", "account", "owner_id"), "invalid_choice"),
        (Choice("title", "account", "short_name"), "not_unique"),
    ],
)
def test_mappings_that_make_no_sense_are_refused(world: World, choice: Choice, code: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        set_choices(system_actor(), [Choice("name", "account", "short_name"), choice])
    assert codes(failed.value) == {(f"{choice.source}.{choice.target}", code)}
    with pytest.raises(Forbidden):
        set_choices(world.actor("rep"), [])


def test_values_that_do_not_fit_are_told_and_a_deleted_field_is_forgotten(rep: Actor, lead: Lead) -> None:
    set_choices(system_actor(), [Choice("company", "account", "short_name")])  # 40 characters at most
    done = convert(rep, lead(company="长" * 60), ConvertInput(Becomes(values={"name": "短名"}), NOTHING))
    assert ("company", "account") in {(item.field, item.target) for item in done.lost if item.reason}
    services.delete_field(system_actor(), "account", "cars__c")
    assert all(pair.target.name != "cars__c" for pair in mapping(current_snapshot())["account"])


def test_mappings_travel_in_packages(world: World) -> None:
    said = [Choice("name", "account", "short_name", "overwrite"), Choice("city", "account", None)]
    set_choices(system_actor(), said)
    documents = packages.export([LEAD, "account"])
    assert packages.diff(documents) == []
    set_choices(system_actor(), [Choice("title", "account", "short_name")])
    assert {(item.kind, item.name) for item in packages.diff(documents)} == {
        ("add", "lead.name.account"),
        ("add", "lead.city.account"),
    }
    packages.apply(system_actor(), documents)
    assert set(choices()) == set(said)
    set_choices(system_actor(), [Choice("name", "account", "short_name"), said[1]])
    (changed,) = packages.diff(documents)
    assert (changed.kind, changed.details) == ("change", {"existing": ("fill", "overwrite")})
    packages.apply(system_actor(), documents)
    unknown = [{"object": LEAD, "field": "gone", "target": "account", "to": "name"}]
    packages.apply(system_actor(), unknown)
    assert set(choices()) == set(said)


# --- rules, and leads of which nothing comes ----------------------------------------------------------------------
def test_rules_for_converting_are_asked(rep: Actor, lead: Lead) -> None:
    given = ValidationRuleInput("need__c", "意向", "ISBLANK(rating)", "请先填写意向度", events=["convert"])
    services.create_validation_rule(system_actor(), "lead", given)
    own = lead()
    with pytest.raises(ValidationFailed) as failed:
        convert(rep, own)
    assert {error.code for error in failed.value.errors} == {"validation_rule_failed"}
    RecordService(rep).update("lead", own, {"rating": "hot"})
    assert convert(rep, own).made


def test_a_lead_is_given_up_for_a_reason_and_taken_up_again(rep: Actor, lead: Lead, world: World) -> None:
    own = lead()
    for reason, code in (("", "required"), ("nonsense", "invalid_choice")):
        with pytest.raises(ValidationFailed) as failed:
            disqualify(rep, own, reason)
        assert codes(failed.value) == {("invalid_reason", code)}
    with pytest.raises(StateConflict):
        reopen(rep, own)
    assert disqualify(rep, own, "no_need").version == 2
    assert disqualify(rep, own, "no_need").version == 2
    found = show(rep, "lead", own)
    assert (found["status"], found["invalid_reason"]) == ("invalid", "no_need")
    assert reopen(rep, own, dry_run=True).version == 3
    reopen(rep, own)
    found = show(rep, "lead", own)
    assert (found["status"], found["invalid_reason"]) == ("working", None)
    convert(rep, own)
    for act in (lambda: disqualify(rep, own, "no_need"), lambda: reopen(rep, own)):
        with pytest.raises(RecordLocked):
            act()
    with pytest.raises(NotFound):
        disqualify(world.actor("south"), own, "no_need")
