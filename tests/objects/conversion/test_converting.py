"""Converting: what becomes of a lead, what goes along, who may, and that nobody is made twice."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest

from crm_platform.events.models import OutboxMessage
from crm_platform.files import services as files
from crm_platform.identity.models import Profile
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import (
    Forbidden,
    NotFound,
    RecordLocked,
    StateConflict,
    ValidationFailed,
    VersionConflict,
)
from objects.access.models import RecordShare
from objects.access.services import teams
from objects.access.services.field_levels import set_field_levels
from objects.conversion.inputs import EXISTING, NEW, NONE, NOTHING, Becomes, ConvertInput
from objects.conversion.proposing import taken_in
from objects.conversion.service import convert
from objects.conversion.settings import Choice, set_choices
from objects.duplicates.errors import DuplicateDetected
from objects.history.models import RecordChange
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.uploads import PDF
from tests.objects.conversion.conftest import Lead
from tests.objects.world import World, compiled

DEAL = Becomes(NEW, values={"close_date": "2027-01-31"})
ONLY_ACCOUNT = ConvertInput(contact=NOTHING)


def show(actor: Actor, name: str, record_id: uuid.UUID | None) -> dict[str, Any]:
    assert record_id is not None
    return RecordQuery(actor, name).get(record_id)


def count(name: str) -> int:
    return int(compiled(name).model._base_manager.count())


def codes(failed: ValidationFailed) -> set[tuple[str | None, str]]:
    return {(error.field, error.code) for error in failed.errors}


def test_a_lead_becomes_an_account_a_contact_and_an_opportunity(rep: Actor, lead: Lead) -> None:
    own = lead(budget_note__c="明年一季度", fleet__c=40, interests=["crm"])
    done = convert(rep, own, ConvertInput(opportunity=DEAL))
    account, contact = show(rep, "account", done.ids["account"]), show(rep, "contact", done.ids["contact"])
    deal = show(rep, "opportunity", done.ids["opportunity"])
    assert (account["name"], account["phone"], account["industry"]) == (
        "上海远航物流有限公司",
        "021-58880000",
        "logistics",
    )
    assert account["cars__c"] == 40  # by its label alone
    assert (contact["name"], contact["title"], contact["mobile"]) == ("王小明", "采购经理", "13800138000")
    assert (deal["name"], deal["amount"], str(deal["close_date"])) == (
        "上海远航物流有限公司",
        "120000.00",
        "2027-01-31",
    )
    assert contact["account_id"] == deal["account_id"] == str(done.ids["account"])
    assert deal["contact_id"] == str(done.ids["contact"])
    assert {item["owner_id"] for item in (account, contact, deal)} == {str(rep.user_id)}
    assert done.made == {"account", "contact", "opportunity"}
    assert {item.field for item in done.lost} == {"budget_note__c", "interests"}

    found = show(rep, "lead", own)
    assert (found["status"], found["converted_by_id"]) == ("converted", str(rep.user_id))
    assert found["converted_at"] is not None and found["version"] == done.version
    assert {found[f"converted_{name}_id"] for name in done.ids} == {str(item) for item in done.ids.values()}
    told = OutboxMessage.objects.get(type="lead.converted", record_id=own)
    assert told.changed["account_id"] == str(done.ids["account"])
    last = RecordChange.objects.filter(record_id=own).latest("version")
    assert str(compiled("lead").field("converted_account_id").spec.id) in last.changes


def test_a_second_call_gets_what_the_first_one_made(rep: Actor, lead: Lead, world: World) -> None:
    own = lead()
    first = convert(rep, own, ConvertInput(opportunity=DEAL))
    before = {name: count(name) for name in ("account", "contact", "opportunity")}
    again = convert(rep, own, ONLY_ACCOUNT, expected_version=1)
    assert (again.ids, again.version, again.is_repeated) == (first.ids, first.version, True)
    assert before == {name: count(name) for name in before}
    with pytest.raises(NotFound):
        convert(world.actor("south"), own)


def test_a_dry_run_leaves_nothing(rep: Actor, lead: Lead) -> None:
    own, before = lead(), count("account")
    done = convert(rep, own, ConvertInput(opportunity=DEAL), dry_run=True)
    assert done.ids["account"] is not None and done.made
    assert (count("account"), show(rep, "lead", own)["status"]) == (before, "new")


def test_a_lead_becomes_what_is_there_already(rep: Actor, lead: Lead) -> None:
    service = RecordService(rep)
    account = service.create("account", {"name": "远航物流", "city": "杭州"}).id
    contact = service.create("contact", {"name": "王先生", "mobile": "13900139000"}).id
    deal = service.create("opportunity", {"name": "旧商机", "account_id": str(account), "close_date": "2027-02-01"}).id
    given = ConvertInput(
        Becomes(EXISTING, account, {"level": "key"}), Becomes(EXISTING, contact), Becomes(EXISTING, deal)
    )
    done = convert(rep, lead(), given)
    assert (done.ids, done.made) == ({"account": account, "contact": contact, "opportunity": deal}, frozenset())
    found = show(rep, "account", account)
    assert (found["name"], found["city"], found["level"]) == ("远航物流", "杭州", "key")
    assert (found["industry"], found["phone"]) == ("logistics", "021-58880000")  # what was empty
    person = show(rep, "contact", contact)
    assert (person["account_id"], person["name"], person["mobile"]) == (str(account), "王先生", "13900139000")
    assert show(rep, "opportunity", deal)["contact_id"] == str(contact)


def test_existing_records_take_in_what_the_mapping_says_and_no_more_than_one_may_write(
    rep: Actor, lead: Lead, world: World
) -> None:
    set_choices(
        system_actor(),
        [
            Choice("company", "account", "name", "overwrite"),
            Choice("phone", "account", "phone", "keep"),
            Choice("industry", "account", "industry", "overwrite"),
        ],
    )
    service = RecordService(rep)
    first, second, third = (
        service.create("account", {"name": f"远航{number}", "industry": "retail"}).id for number in range(3)
    )
    own = lead()
    told = {item.field.name: (item.before, item.after) for item in taken_in(rep, own, "account", first)}
    assert told["name"] == ("远航0", "上海远航物流有限公司") and "phone" not in told
    assert told["industry"] == ("retail", "logistics")
    convert(rep, own, ConvertInput(Becomes(EXISTING, first), contact=NOTHING))
    found, last = show(rep, "account", first), RecordChange.objects.filter(record_id=first).latest("version")
    assert (found["name"], found["phone"], found["industry"]) == ("上海远航物流有限公司", None, "logistics")
    field = compiled("account").field("industry").spec.id
    assert last.changes[str(field)] == {"old": "retail", "new": "logistics"} and last.actor_id == rep.user_id

    profile = Profile.objects.get(api_name="sales_rep")
    set_field_levels(system_actor(), profile, "account", {"industry": "read"})
    rep = world.actor("rep")
    own = lead(company="远航二号船务")
    assert "industry" not in {item.field.name for item in taken_in(rep, own, "account", second)}
    convert(rep, own, ConvertInput(Becomes(EXISTING, second), contact=NOTHING))
    kept = show(rep, "account", second)
    assert (kept["name"], kept["industry"]) == ("远航二号船务", "retail")
    version = show(rep, "account", third)["version"]
    convert(rep, lead(), ConvertInput(Becomes(EXISTING, third, existing="keep"), contact=NOTHING))
    found = show(rep, "account", third)
    assert (found["name"], found["phone"]) == ("远航2", None)
    assert RecordChange.objects.filter(record_id=third, version__gt=version).count() == 0


def test_records_of_another_account_are_refused_and_so_is_what_nobody_may_see(
    rep: Actor, lead: Lead, world: World
) -> None:
    service, own = RecordService(rep), lead()
    account = service.create("account", {"name": "甲公司"}).id
    other = service.create("account", {"name": "乙公司"}).id
    contact = service.create("contact", {"name": "乙方联系人", "account_id": str(other)}).id
    hidden = RecordService(world.actor("south")).create("account", {"name": "南方公司"}).id
    for given, field in (
        (ConvertInput(Becomes(EXISTING, account), Becomes(EXISTING, contact)), "contact.id"),
        (ConvertInput(Becomes(EXISTING, hidden)), "account.id"),
        (ConvertInput(Becomes(EXISTING, uuid.uuid4())), "account.id"),
    ):
        with pytest.raises(ValidationFailed) as failed:
            convert(rep, own, given)
        assert codes(failed.value) == {(field, "invalid_reference")}
    assert show(rep, "lead", own)["version"] == 1


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        (ConvertInput(NOTHING, NOTHING), None, "required"),
        (ConvertInput(Becomes(EXISTING)), "account.id", "required"),
        (ConvertInput(Becomes(existing="perhaps")), "account.existing", "invalid_choice"),
        (ConvertInput(Becomes("perhaps")), "account", "invalid_choice"),
        (ConvertInput(Becomes(is_another=True)), "reason", "required"),
        (ConvertInput(reason="x" * 501), "reason", "too_long"),
        (ConvertInput(Becomes(values={"nonsense": 1})), "account.nonsense", "unknown_field"),
        (ConvertInput(Becomes(values={"name": None})), "account.name", "required"),
        (ConvertInput(opportunity=Becomes()), "opportunity.close_date", "required"),
        (ConvertInput(NOTHING, NOTHING, DEAL), "opportunity.account_id", "required"),
    ],
)
def test_what_is_wrong_is_told_at_its_place_and_nothing_is_made(
    rep: Actor, lead: Lead, given: ConvertInput, field: str | None, code: str
) -> None:
    own, before = lead(), count("account")
    with pytest.raises(ValidationFailed) as failed:
        convert(rep, own, given)
    assert (field, code) in codes(failed.value)
    assert (count("account"), show(rep, "lead", own)["version"]) == (before, 1)


def test_duplicates_are_told_and_only_made_with_a_reason(rep: Actor, lead: Lead) -> None:
    service = RecordService(rep)
    known = service.create("account", {"name": "上海远航物流有限公司"}).id
    person = service.create("contact", {"name": "王小明", "mobile": "13800138000"}).id
    own, before = lead(), count("account")
    with pytest.raises(DuplicateDetected) as found:
        convert(rep, own)
    assert found.value.details["target"] == "account"
    told = [record["id"] for rule in found.value.details["duplicates"] for record in rule["records"]]
    assert str(known) in told
    with pytest.raises(DuplicateDetected) as found:  # the account's consent says nothing about the contact
        convert(rep, own, ConvertInput(Becomes(is_another=True), reason="另一家同名公司"))
    assert found.value.details["target"] == "contact"
    assert str(person) in str(found.value.details["duplicates"])
    assert count("account") == before
    done = convert(rep, own, ConvertInput(Becomes(is_another=True), Becomes(EXISTING, person), reason="另一家同名公司"))
    assert (done.ids["contact"], done.made) == (person, {"account"})


def test_a_known_customer_out_of_sight_stops_a_silent_double_but_is_not_named(
    rep: Actor, lead: Lead, world: World
) -> None:
    hidden = RecordService(world.actor("south")).create("account", {"name": "上海远航物流有限公司"}).id
    with pytest.raises(DuplicateDetected) as found:
        convert(rep, lead())
    assert str(hidden) not in str(found.value.details)


def test_activities_team_and_files_go_along(rep: Actor, lead: Lead, world: World) -> None:
    scan = files.keep(rep, io.BytesIO(PDF), "card.pdf")
    own, service = lead(scan__c=[str(scan.pk)]), RecordService(rep)
    about = {"object": "lead", "id": str(own)}
    follow = service.create("follow_up", {"name": "电话", "content": "有意向", "related_id": about}).id
    task = service.create("task", {"name": "发报价", "related_id": about}).id
    teams.add_member(rep, "lead", own, world.users["city"].pk, level=2, role="售前")
    done = convert(rep, own, ConvertInput(opportunity=DEAL))
    to = {"object": "account", "id": str(done.ids["account"])}
    assert show(rep, "follow_up", follow)["related_id"] == show(rep, "task", task)["related_id"] == to
    assert done.moved == {"follow_up.related_id": 1, "task.related_id": 1}
    assert RecordChange.objects.filter(record_id=follow).latest("version").version == 2
    message = OutboxMessage.objects.filter(record_id=task, type="record.updated").latest("seq")
    assert message.changed["related_id"] == {"old": about, "new": to}
    for name, record_id in done.ids.items():
        share = RecordShare.objects.get(object_id=compiled(name).spec.id, record_id=record_id)
        assert (share.team_role, share.level) == ("售前", 2)
    city = world.actor("city")
    copy = show(city, "account", done.ids["account"])["scan__c"][0]
    assert (copy["name"], copy["id"] != str(scan.pk)) == ("card.pdf", True)
    assert show(rep, "lead", own)["scan__c"][0]["id"] == str(scan.pk)


def test_a_converted_lead_is_closed_to_changes_but_not_to_a_new_owner(rep: Actor, lead: Lead, world: World) -> None:
    own = lead()
    convert(rep, own)
    service = RecordService(rep)
    with pytest.raises(RecordLocked):
        service.update("lead", own, {"title": "总监"})
    assert service.update("lead", own, {}).version == 2
    assert service.update("lead", own, {"owner_id": str(world.users["head"].pk)}).version == 3
    rows = service.bulk_update(
        "lead", [{"id": str(lead(mobile="13700137000")), "status": "converted"}], all_or_none=False
    )
    assert [error.code for error in rows[0].errors] == ["read_only_field"]


def test_an_invalid_lead_is_not_converted_and_an_old_version_neither(rep: Actor, lead: Lead) -> None:
    with pytest.raises(StateConflict):
        convert(rep, lead(status="invalid"))
    own = lead(mobile="13700137000", email=None, company="另一家公司")
    RecordService(rep).update("lead", own, {"title": "总监"})
    with pytest.raises(VersionConflict):
        convert(rep, own, expected_version=1)


def test_the_leads_owner_keeps_what_becomes_of_it(lead: Lead, world: World) -> None:
    head, rep = world.actor("head"), world.actor("rep")
    done = convert(head, lead(), ONLY_ACCOUNT)
    assert show(head, "account", done.ids["account"])["owner_id"] == str(rep.user_id)
    own = lead(mobile="13700137000", email=None, company="青岛海风设备有限公司", phone=None)
    chosen = convert(head, own, ConvertInput(contact=NOTHING, owner_id=head.user_id))
    assert show(head, "account", chosen.ids["account"])["owner_id"] == str(head.user_id)


def test_who_may_not_convert_or_create_is_refused(lead: Lead, world: World, forbid: Any) -> None:
    own = lead()
    forbid("account", "create")
    with pytest.raises(Forbidden):
        convert(world.actor("rep"), own)
    contact = ConvertInput(account=Becomes(NONE))
    forbid("lead", "convert")
    with pytest.raises(Forbidden):
        convert(world.actor("rep"), own, contact)
