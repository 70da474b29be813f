"""Shares, teams, delegation and transfer: each opens what it should, and closes again."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.models import User
from crm_platform.jobs.context import JobContext
from crm_platform.jobs.schedules import schedules
from crm_platform.jobs.services import enqueue
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import Forbidden, NotFound, PlatformError, StateConflict, ValidationFailed
from crm_platform.notifications.models import Notification
from metadata.models import BusinessObject
from objects.access.grants import revoke_object
from objects.access.models import Level, RecordShare
from objects.access.principals import EVERYONE
from objects.access.registration import EXPIRED, remove_expired_shares
from objects.access.services import delegations, shares, teams
from objects.access.services.delegations import DelegationInput
from objects.access.services.field_levels import set_field_levels
from objects.access.services.shares import ShareInput
from objects.access.services.telling import ON_TEAM, SHARED
from objects.merging.service import merge
from objects.merging.undoing import undo
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.jobs.conftest import silence, take
from tests.objects.access.sharing import edits, failing, of, principals_of, reads, rule
from tests.objects.world import World, compiled, insert


# --- manual shares ------------------------------------------------------------------------------------------------
def test_a_share_opens_to_each_kind_of_principal_at_once(world: World, deal: uuid.UUID) -> None:
    kinds = [*principals_of(world), (EVERYONE, of(world.users["boss"]))]
    rep, south = world.actor("rep"), world.actor("south")
    for him, other in kinds:
        nobody = shares.add_share(rep, "deal", deal, ShareInput(principal=other))
        assert not RecordQuery(south, "deal").visible_ids([deal]), other
        made = shares.add_share(rep, "deal", deal, ShareInput(principal=him))
        assert RecordQuery(south, "deal").visible_ids([deal]), him  # the same actor, without a new access version
        shares.remove_share(rep, "deal", deal, made.pk)
        assert not RecordQuery(south, "deal").visible_ids([deal])
        shares.remove_share(rep, "deal", deal, nobody.pk)


def test_levels_of_a_share(world: World, deal: uuid.UUID) -> None:
    rep = world.actor("rep")
    made = shares.add_share(rep, "deal", deal, ShareInput(principal=of(world.users["south"])))
    south = RecordService(world.actor("south"))
    with pytest.raises(Forbidden):
        south.update("deal", deal, {"name": "E"})
    shares.change_share(rep, "deal", deal, made.pk, {"level": Level.EDIT})
    assert south.update("deal", deal, {"name": "E"}).version == 2
    with pytest.raises(Forbidden):
        south.delete("deal", deal)
    with pytest.raises(Forbidden):  # may edit, not share
        shares.add_share(world.actor("south"), "deal", deal, ShareInput(principal=EVERYONE))
    shares.change_share(rep, "deal", deal, made.pk, {"level": Level.FULL})
    shares.add_share(world.actor("south"), "deal", deal, ShareInput(principal=of(world.users["city"])))
    assert reads(world, "city", deal)
    south.delete("deal", deal)


def test_a_share_ends_when_its_time_is_over(world: World, deal: uuid.UUID) -> None:
    rep, soon = world.actor("rep"), timezone.now() + timedelta(hours=1)
    made = shares.add_share(rep, "deal", deal, ShareInput(principal=EVERYONE, expires_at=soon))
    assert reads(world, "south", deal)
    RecordShare.objects.filter(pk=made.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not reads(world, "south", deal)
    assert shares.shares(rep, "deal", deal) == []
    again = shares.add_share(rep, "deal", deal, ShareInput(principal=EVERYONE, expires_at=soon))
    lasting = shares.add_share(rep, "deal", deal, ShareInput(principal=of(world.users["south"])))
    RecordShare.objects.filter(pk=again.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    silence()
    enqueue(EXPIRED, {})
    assert EXPIRED in schedules
    assert remove_expired_shares(JobContext(take())) == {"removed": 1}
    assert list(RecordShare.objects.values_list("pk", flat=True)) == [lasting.pk]


def test_what_may_not_be_shared(world: World, deal: uuid.UUID) -> None:
    rep = world.actor("rep")
    past = timezone.now() - timedelta(minutes=1)
    User.objects.filter(pk=world.users["city"].pk).update(is_active=False)
    for given, expected in (
        (ShareInput(principal="what"), ("principal", "invalid_reference")),
        (ShareInput(principal=f"user:{uuid.uuid4()}"), ("principal", "invalid_reference")),
        (ShareInput(principal=of(world.users["city"])), ("principal", "inactive_reference")),
        (ShareInput(principal=EVERYONE, level=7), ("level", "invalid_choice")),
        (ShareInput(principal=EVERYONE, expires_at=past), ("expires_at", "out_of_range")),
        (ShareInput(principal=EVERYONE, note="x" * 301), ("note", "too_long")),
    ):
        assert failing(lambda given=given: shares.add_share(rep, "deal", deal, given)) == [expected]  # type: ignore[misc]
    shares.add_share(rep, "deal", deal, ShareInput(principal=EVERYONE))
    twice = failing(lambda: shares.add_share(rep, "deal", deal, ShareInput(principal=EVERYONE)))
    assert twice == [("principal", "not_unique")]
    line = insert("deal_line", name="L", deal_id=deal, owner=world.users["rep"])
    with pytest.raises(StateConflict):
        shares.add_share(rep, "deal_line", line, ShareInput(principal=EVERYONE))


def test_sharing_is_for_owners_and_those_above(world: World, deal: uuid.UUID) -> None:
    with pytest.raises(NotFound):
        shares.shares(world.actor("south"), "deal", deal)
    for name in ("head", "boss"):
        shares.add_share(world.actor(name), "deal", deal, ShareInput(principal=of(world.users[name])))
    found = shares.shares(world.actor("rep"), "deal", deal)
    assert [row.granted_by_id for row in found] == [world.users["head"].pk, world.users["boss"].pk]
    teams.add_member(world.actor("rep"), "deal", deal, world.users["south"].pk, level=Level.EDIT)
    with pytest.raises(Forbidden):
        shares.shares(world.actor("south"), "deal", deal)


def test_a_share_can_go_with_the_owner(world: World, deal: uuid.UUID) -> None:
    rep = world.actor("rep")
    shares.add_share(rep, "deal", deal, ShareInput(principal=of(world.users["south"]), ends_with_owner=True))
    shares.add_share(rep, "deal", deal, ShareInput(principal=of(world.users["city"])))
    RecordService(rep).update("deal", deal, {"score": 6})
    assert reads(world, "south", deal)
    RecordService(world.actor("boss")).update("deal", deal, {"owner_id": str(world.users["head"].pk)})
    assert (reads(world, "south", deal), reads(world, "city", deal)) == (False, True)


def test_shares_go_with_a_record_that_is_purged(world: World, deal: uuid.UUID) -> None:
    rep = world.actor("rep")
    shares.add_share(rep, "deal", deal, ShareInput(principal=EVERYONE))
    teams.add_member(rep, "deal", deal, world.users["south"].pk)
    deletion = RecordService(rep).delete("deal", deal)
    assert RecordShare.objects.filter(record_id=deal).count() == 2  # they come back with the record
    RecordService(system_actor()).purge(deletion)
    assert not RecordShare.objects.filter(record_id=deal).exists()


# --- teams --------------------------------------------------------------------------------------------------------
def test_a_team_member_reads_or_edits(world: World, deal: uuid.UUID) -> None:
    rep, south = world.actor("rep"), world.users["south"].pk
    made = teams.add_member(rep, "deal", deal, south, role=" 售前 ")
    assert (made.team_role, reads(world, "south", deal), edits(world, "south", deal)) == ("售前", True, False)
    teams.change_member(rep, "deal", deal, south, level=Level.EDIT, role="交付")
    assert edits(world, "south", deal)
    members = teams.team(world.actor("south"), "deal", deal)
    assert [(teams.user_id_of(row), row.level, row.team_role) for row in members] == [(south, 2, "交付")]
    teams.remove_member(rep, "deal", deal, south)
    assert not reads(world, "south", deal)
    told = AuditEntry.objects.filter(record_id=deal).order_by("id")
    assert [item.action for item in told] == ["record.team_added", "record.team_changed", "record.team_removed"]
    assert told[1].details["changes"] == {"level": [1, 2], "role": ["售前", "交付"]}
    assert {item.record_name for item in told} == {"D"}


def test_who_may_change_a_team(world: World, deal: uuid.UUID) -> None:
    rep, south, city = world.actor("rep"), world.users["south"].pk, world.users["city"].pk
    with pytest.raises(NotFound):
        teams.add_member(world.actor("south"), "deal", deal, south)
    teams.add_member(rep, "deal", deal, south)
    with pytest.raises(Forbidden):
        teams.add_member(world.actor("south"), "deal", deal, city)
    teams.change_member(rep, "deal", deal, south, level=Level.EDIT)
    teams.add_member(world.actor("south"), "deal", deal, city)
    with pytest.raises(Forbidden):
        teams.remove_member(world.actor("city"), "deal", deal, south)
    teams.remove_member(world.actor("city"), "deal", deal, city)  # leaves by himself
    assert [teams.user_id_of(row) for row in teams.team(rep, "deal", deal)] == [south]


def test_people_are_told_what_is_shared_with_them(world: World, deal: uuid.UUID) -> None:
    rep, south = world.actor("rep"), world.users["south"]
    shares.add_share(rep, "deal", deal, ShareInput(principal=of(south)))
    teams.add_member(rep, "deal", deal, south.pk)
    shares.add_share(rep, "deal", deal, ShareInput(principal=EVERYONE))
    told = list(Notification.objects.order_by("id"))
    assert [(item.user_id, item.kind) for item in told] == [(south.pk, SHARED), (south.pk, ON_TEAM)]
    assert told[0].data["actor"] == rep.name
    assert str(deal) in told[0].url
    set_field_levels(system_actor(), south.profile, "deal", {"name": "hidden"})
    shares.remove_share(rep, "deal", deal, RecordShare.objects.get(principal=of(south), source="manual").pk)
    shares.add_share(rep, "deal", deal, ShareInput(principal=of(south)))
    assert Notification.objects.latest("id").data["name"] == ""


def test_who_can_not_be_on_a_team(world: World, deal: uuid.UUID) -> None:
    rep, south = world.actor("rep"), world.users["south"].pk
    teams.add_member(rep, "deal", deal, south)

    def add(user: uuid.UUID, **options: Any) -> list[tuple[str | None, str]]:
        return failing(lambda: teams.add_member(rep, "deal", deal, user, **options))

    city = world.users["city"].pk
    assert add(south) == [("user_id", "not_unique")]
    assert add(world.users["rep"].pk) == [("user_id", "invalid_choice")]
    assert add(uuid.uuid4()) == [("user_id", "invalid_reference")]
    assert add(city, level=Level.FULL) == [("level", "invalid_choice")]
    assert add(city, role="x" * 61) == [("role", "too_long")]
    with pytest.raises(NotFound):
        teams.change_member(rep, "deal", deal, city, level=Level.EDIT)


def test_a_member_needs_the_right_to_the_object_all_the_same(world: World) -> None:
    from crm_platform.identity.models import Profile

    secret = BusinessObject.objects.get(api_name="deal")
    record = insert("deal", name="D", owner=world.users["rep"])
    teams.add_member(world.actor("rep"), "deal", record, world.users["south"].pk, level=Level.EDIT)
    revoke_object(system_actor(), Profile.objects.get(api_name="sales_rep"), secret, ["edit"])
    assert reads(world, "south", record)
    with pytest.raises(Forbidden):
        RecordService(world.actor("south")).update("deal", record, {"name": "E"})


# --- delegation ---------------------------------------------------------------------------------------------------
def standing_in(world: World, **given: Any) -> DelegationInput:
    now = timezone.now()
    values = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=1), **given}
    return DelegationInput(delegate_id=values.pop("delegate_id", world.users["south"].pk), **values)


def test_a_stand_in_reaches_what_the_other_owns_until_it_ends(world: World, deal: uuid.UUID) -> None:
    shared = insert("deal", name="S", owner=world.users["city"])
    shares.add_share(world.actor("city"), "deal", shared, ShareInput(principal=of(world.users["rep"])))
    made = delegations.delegate(world.actor("rep"), standing_in(world))
    assert reads(world, "south", deal)
    assert reads(world, "south", shared)
    assert edits(world, "south", deal)
    assert [row.pk for row in delegations.delegations(world.actor("south"))] == [made.pk]
    assert delegations.delegations(world.actor("city")) == []
    delegations.end_delegation(world.actor("rep"), made.pk)
    assert not reads(world, "south", deal)
    assert not reads(world, "south", shared)
    with pytest.raises(NotFound):
        delegations.end_delegation(world.actor("rep"), made.pk)
    told = AuditEntry.objects.filter(action__startswith="delegation").order_by("id")
    assert [item.action for item in told] == ["delegation.created", "delegation.ended"]


def test_a_delegation_counts_from_its_beginning(world: World, deal: uuid.UUID) -> None:
    now = timezone.now()
    later = standing_in(world, starts_at=now + timedelta(hours=1))
    made = delegations.delegate(world.actor("rep"), later)
    assert not reads(world, "south", deal)
    delegations.end_delegation(world.actor("rep"), made.pk)
    assert delegations.delegations(world.actor("rep")) == []


def test_who_may_delegate_and_for_how_long(world: World, admin: Actor) -> None:
    rep, now = world.actor("rep"), timezone.now()
    with pytest.raises(Forbidden):
        delegations.delegate(rep, standing_in(world, user_id=world.users["boss"].pk))
    made = delegations.delegate(admin, standing_in(world, user_id=world.users["rep"].pk))
    with pytest.raises(NotFound):
        delegations.end_delegation(world.actor("boss"), made.pk)
    for given, expected in (
        ({"delegate_id": world.users["rep"].pk}, ("delegate_id", "invalid_choice")),
        ({"delegate_id": uuid.uuid4()}, ("delegate_id", "invalid_reference")),
        ({"ends_at": now - timedelta(hours=2)}, ("ends_at", "out_of_range")),
        ({"ends_at": now - timedelta(minutes=1)}, ("ends_at", "out_of_range")),
        ({"ends_at": now + timedelta(days=180)}, ("ends_at", "out_of_range")),
        ({"note": "x" * 301}, ("note", "too_long")),
    ):
        assert failing(lambda given=given: delegations.delegate(rep, standing_in(world, **given))) == [expected]  # type: ignore[misc]


# --- transfer -----------------------------------------------------------------------------------------------------
def test_a_record_can_be_given_out_of_the_givers_reach(world: World, deal: uuid.UUID) -> None:
    rep, south = world.actor("rep"), world.users["south"]
    saved = RecordService(rep).transfer("deal", deal, south.pk)
    assert (saved.record.owner_id, saved.record.owner_department_id) == (south.pk, south.department_id)
    assert not reads(world, "rep", deal)
    assert reads(world, "south", deal)


def test_the_old_owner_can_stay_on_the_team(world: World, deal: uuid.UUID) -> None:
    boss, south = world.actor("boss"), str(world.users["south"].pk)
    RecordService(boss).transfer("deal", deal, south, keep=Level.READ)
    assert (reads(world, "rep", deal), edits(world, "rep", deal)) == (True, False)
    back = RecordService(boss).transfer("deal", deal, world.users["rep"].pk, keep=Level.EDIT)
    assert back.version == 3
    RecordService(boss).transfer("deal", deal, south, keep=Level.EDIT)
    assert edits(world, "rep", deal)
    with pytest.raises(ValidationFailed):
        RecordService(boss).transfer("deal", deal, world.users["city"].pk, keep=Level.FULL)
    assert compiled("deal").model._base_manager.get(pk=deal).owner_id == world.users["south"].pk


def test_without_the_right_nobody_changes_an_owner(world: World, deal: uuid.UUID) -> None:
    from crm_platform.identity.models import Profile

    row = BusinessObject.objects.get(api_name="deal")
    revoke_object(system_actor(), Profile.objects.get(api_name="sales_rep"), row, ["transfer"])
    rep, south = world.actor("rep"), str(world.users["south"].pk)
    for call in (
        lambda: RecordService(rep).update("deal", deal, {"owner_id": south}),
        lambda: RecordService(rep).transfer("deal", deal, south),
        lambda: RecordService(rep).create("deal", {"name": "N", "owner_id": south}),
    ):
        with pytest.raises(Forbidden) as caught:
            call()
        assert "owner" in str(caught.value.message)
    assert RecordService(rep).update("deal", deal, {"owner_id": str(rep.user_id), "score": 9}).version == 2
    assert RecordService(rep).create("deal", {"name": "N", "owner_id": str(rep.user_id)}).version == 1


def test_an_edited_record_that_may_not_be_transferred(world: World, deal: uuid.UUID) -> None:
    teams.add_member(world.actor("rep"), "deal", deal, world.users["south"].pk, level=Level.EDIT)
    service, south = RecordService(world.actor("south")), str(world.users["south"].pk)
    with pytest.raises(Forbidden):
        service.update("deal", deal, {"owner_id": south})
    results = service.bulk_update("deal", [{"id": str(deal), "owner_id": south}], all_or_none=False)
    assert [error.code for error in results[0].errors] == ["forbidden"]


# --- what it costs ------------------------------------------------------------------------------------------------
def test_a_list_costs_the_same_with_shares_teams_and_rules(world: World, admin: Actor, deal: uuid.UUID) -> None:
    def cost() -> int:
        actor = world.actor("south")
        with CaptureQueriesContext(connection) as queries:
            RecordQuery(actor, "deal").page()
        return len(queries)

    cost()
    before = cost()
    assert before == 1
    rule(admin)
    for user in ("south", "city", "head"):
        teams.add_member(world.actor("rep"), "deal", deal, world.users[user].pk)
    shares.add_share(world.actor("rep"), "deal", deal, ShareInput(principal=EVERYONE))
    cost()
    assert cost() == before


def test_adding_a_member_costs_a_fixed_number_of_queries(world: World, deal: uuid.UUID) -> None:
    rep, counts, names = world.actor("rep"), [], ("south", "city", "head", "boss")
    for name in names:  # what is kept of people is read by now
        teams.add_member(rep, "deal", deal, world.users[name].pk)
    for name in names:
        teams.remove_member(rep, "deal", deal, world.users[name].pk)
    for name in names:
        with CaptureQueriesContext(connection) as queries:
            teams.add_member(rep, "deal", deal, world.users[name].pk)
        counts.append(len(queries))
    assert len(set(counts)) == 1
    assert counts[-1] <= 12


def test_nothing_is_left_of_what_was_refused(world: World, deal: uuid.UUID) -> None:
    before = AuditEntry.objects.count()
    with pytest.raises(PlatformError):
        teams.add_member(world.actor("rep"), "deal", deal, uuid.uuid4())
    assert (RecordShare.objects.count(), AuditEntry.objects.count()) == (0, before)


# --- merging ------------------------------------------------------------------------------------------------------
def test_a_survivor_is_shared_with_whom_the_losers_were_and_the_undo_takes_that_back(world: World) -> None:
    boss = world.actor("boss")
    survivor, loser, other = (insert("firm", name=name, owner=world.users["boss"]) for name in "ABC")
    foreign = insert("firm", name="F", owner=world.users["rep"])
    south, city, head = (world.users[name] for name in ("south", "city", "head"))
    soon = timezone.now() + timedelta(days=1)
    kept = shares.add_share(boss, "firm", survivor, ShareInput(principal=of(south), expires_at=soon))
    shares.add_share(boss, "firm", loser, ShareInput(principal=of(south), level=Level.EDIT))
    teams.add_member(boss, "firm", loser, city.pk, role="售前")
    teams.add_member(boss, "firm", other, city.pk, level=Level.EDIT)
    shares.add_share(boss, "firm", other, ShareInput(principal=of(head), ends_with_owner=True))
    shares.add_share(boss, "firm", foreign, ShareInput(principal=EVERYONE, ends_with_owner=True))
    before = share_rows(survivor)
    merged = merge(boss, "firm", survivor, [loser, other, foreign])
    found = {
        row.principal: (row.level, row.expires_at, row.team_role)
        for row in RecordShare.objects.filter(record_id=survivor)
    }
    assert found == {of(south): (2, None, ""), of(city): (2, None, "售前"), of(head): (1, None, "")}
    assert RecordShare.objects.get(pk=kept.pk).level == Level.EDIT
    undo(boss, merged.merge_id)
    assert share_rows(survivor) == before
    assert reads(world, "city", loser, "firm")


def share_rows(record: uuid.UUID) -> list[tuple[Any, ...]]:
    return list(RecordShare.objects.filter(record_id=record).order_by("pk").values_list())
