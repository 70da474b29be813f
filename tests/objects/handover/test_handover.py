"""A handover moves everything once, tells about what stayed, and can be stopped, killed and tried again."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.identity.services import add_group_members, create_group
from crm_platform.jobs.drain import drain, settle
from crm_platform.jobs.models import Job
from crm_platform.jobs.runner import run_claimed
from crm_platform.kit.errors import Forbidden, StateConflict, ValidationFailed
from crm_platform.tenancy.context import current_schema, tenant_context
from metadata import services
from metadata.compiler.current import current_snapshot, pinned_snapshot
from objects.access.models import Delegation, Level, RecordShare
from objects.access.services.territories import add_members, create_territory
from objects.handover import mentions, moving, pools
from objects.handover.job import totals
from objects.handover.models import Handover, HandoverItem
from objects.handover.plan import Plan, Rule, read_plan
from objects.handover.preview import preview
from objects.handover.service import cancel_handover, get_handover, order_handover, retry_handover
from objects.handover.transfers import transfer_records
from objects.history.models import RecordChange
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.jobs.conftest import expire_leases
from tests.objects.handover.conftest import CHORE, FIRM, JOB, SYSTEM, Office
from tests.objects.world import compiled
from workflows.pools.models import Pool, PoolMovement


def to(user: User) -> Rule:
    return Rule("user", (user.pk,))


def run(office: Office, plan: Plan) -> Handover:
    row = order_handover(office.actor, office.leaver.pk, plan)
    drain()
    row.refresh_from_db()
    return row


def items(row: Handover) -> dict[uuid.UUID, tuple[str, str]]:
    return {item.record_id: (item.state, item.code) for item in row.items.all()}


def changes_of_owner(name: str) -> int:
    rows = RecordChange.objects.filter(object_id=compiled(name).spec.id)
    field = str(compiled(name).field("owner_id").spec.id)
    return sum(1 for row in rows if field in row.changes and row.version > 1)


# --- the preview ------------------------------------------------------------------------------------------------
def test_the_preview_counts_what_a_person_owns_and_holds(office: Office, django_assert_num_queries: Any) -> None:
    deleted = office.records[FIRM].pop()
    RecordService(SYSTEM).delete(FIRM, deleted)
    crew = [str(office.leaver.pk), str(office.heir.pk)]
    RecordService(SYSTEM).create(JOB, {"name": "J", "crew__c": crew, "owner_id": str(office.other.pk)})
    share(office.leaver, office.records[JOB][0], JOB, RecordShare.Source.MANUAL)
    User.objects.filter(pk=office.other.pk).update(manager=office.leaver)
    actor = office.actor
    preview(actor, office.leaver.pk)  # fills the caches that last
    with pinned_snapshot():
        current_snapshot()
        with django_assert_num_queries(4):  # the person, all objects, other things, API keys
            found = preview(actor, office.leaver.pk)
    told = {item.object.name: (item.owned, item.open, item.mentions) for item in found.objects}
    assert told == {
        FIRM: (4, None, {}),
        JOB: (3, None, {"helper__c": 3, "crew__c": 1}),
        CHORE: (3, 2, {}),
    }
    holdings = {item.key: item.count for item in found.holdings}
    assert (holdings["reports"], holdings["shares"], holdings["teams"]) == (1, 1, 0)
    with pytest.raises(Forbidden):
        preview(build_actor(office.heir, via="console"), office.leaver.pk)


# --- the rules --------------------------------------------------------------------------------------------------
def test_everything_goes_to_one_person_with_history_and_department(office: Office) -> None:
    row = run(office, Plan(everything=to(office.heir)))
    assert (row.state, totals(row)) == ("done", {"total": 11, "moved": 11, "failed": 0, "skipped": 0})
    for name in (FIRM, JOB, CHORE):
        assert set(office.owners(name).values()) == {office.heir.pk}
        assert changes_of_owner(name) == len(office.records[name])
    record = compiled(FIRM).model._base_manager.get(pk=office.records[FIRM][0])
    assert (record.owner_department_id, record.updated_by_id) == (office.heir.department_id, office.admin.pk)
    noted = AuditEntry.objects.filter(action__startswith="handover.").order_by("id")
    assert [(entry.action, entry.record_id) for entry in noted] == [
        ("handover.ordered", office.leaver.pk),
        ("handover.finished", office.leaver.pk),
    ]
    assert User.objects.get(pk=office.leaver.pk).is_active, "deactivated only when asked"


def test_objects_follow_their_own_rules(office: Office) -> None:
    plan = Plan(
        everything=Rule("manager"),
        objects={FIRM: Rule("round_robin", (office.heir.pk, office.other.pk)), JOB: Rule("parent")},
        only_open_activities=True,
    )
    run(office, plan)
    firms = office.owners(FIRM)
    assert Counter(firms.values()) == {office.heir.pk: 3, office.other.pk: 2}
    parents = {job: office.records[FIRM][number] for number, job in enumerate(office.records[JOB])}
    assert {job: owner for job, owner in office.owners(JOB).items()} == {job: firms[parents[job]] for job in parents}
    chores = office.owners(CHORE)
    assert [chores[item] for item in office.records[CHORE]] == [office.boss.pk, office.leaver.pk, office.boss.pk]


def test_records_may_be_left_without_an_owner_or_as_they_are(office: Office) -> None:
    row = run(office, Plan(objects={FIRM: Rule("nobody")}))
    assert set(office.owners(FIRM).values()) == {None}
    assert set(office.owners(JOB).values()) == {office.leaver.pk}
    assert set(row.counts) == {str(compiled(FIRM).spec.id)}


def test_the_head_of_the_department_takes_over(office: Office) -> None:
    User.objects.filter(pk__in=[office.heir.pk, office.other.pk]).update(manager=office.boss)
    row = run(office, Plan(everything=Rule("department_head")))
    assert set(office.owners(FIRM).values()) == {office.boss.pk}
    assert totals(row)["moved"] == 11


def test_a_rule_that_finds_nobody_is_told(office: Office) -> None:
    row = run(office, Plan(objects={JOB: Rule("parent")}))
    assert set(items(row).values()) == {("failed", "no_successor")}, "the firms stay with the leaver"
    assert set(office.owners(JOB).values()) == {office.leaver.pk}


# --- places -----------------------------------------------------------------------------------------------------
def share(user: User, record: uuid.UUID, name: str, source: str, level: int = Level.READ) -> RecordShare:
    return RecordShare.objects.create(
        object_id=compiled(name).spec.id, record_id=record, principal=f"user:{user.pk}", source=source, level=level
    )


def test_places_pass_to_the_successor(office: Office) -> None:
    team, manual = RecordShare.Source.TEAM, RecordShare.Source.MANUAL
    foreign = [RecordService(SYSTEM).create(JOB, {"name": n, "owner_id": str(office.boss.pk)}).id for n in "ab"]
    own = RecordService(SYSTEM).create(JOB, {"name": "c", "owner_id": str(office.heir.pk)}).id
    for record in (*foreign, own):
        share(office.leaver, record, JOB, team, Level.EDIT)
    share(office.heir, foreign[0], JOB, team)
    share(office.leaver, foreign[0], JOB, manual)
    group = create_group(office.actor, "G")
    add_group_members(office.actor, group.uuid, [office.leaver.pk, office.heir.pk])
    territory = create_territory(office.actor, "East")
    add_members(office.actor, territory.pk, [office.leaver.pk, office.heir.pk])
    for person in (office.other, office.heir):
        User.objects.filter(pk=person.pk).update(manager=office.leaver)
    now = timezone.now()
    Delegation.objects.create(
        user=office.leaver, delegate=office.heir, starts_at=now - timedelta(1), ends_at=now + timedelta(9)
    )
    plan = Plan(
        teams="pass",
        shares="remove",
        heir=office.heir.pk,
        reports_to=office.heir.pk,
        leave_groups=True,
        leave_permission_sets=True,
        end_delegations=True,
    )
    row = run(office, plan)
    kept = RecordShare.objects.order_by("record_id").values_list("record_id", "principal", "source", "level")
    heir = f"user:{office.heir.pk}"
    assert set(kept) == {(record, heir, team, Level.EDIT) for record in foreign}, "owners need no place on the team"
    assert User.objects.get(pk=office.other.pk).manager_id == office.heir.pk
    assert User.objects.get(pk=office.heir.pk).manager_id == office.boss.pk, "no circle"
    assert list(group.group.user_set.values_list("pk", flat=True)) == [office.heir.pk]
    assert list(territory.members.values_list("user_id", flat=True)) == [office.heir.pk]
    assert Delegation.objects.get().ends_at <= timezone.now()
    assert row.people == {
        "teams": 3,
        "shares": 1,
        "reports": 2,
        "groups": 1,
        "territories": 1,
        "permission_sets": 0,
        "delegations": 1,
        "refused": [],
    }


def test_access_ends_first_and_at_once(office: Office) -> None:
    row = order_handover(office.actor, office.leaver.pk, Plan(everything=to(office.heir), deactivate=True))
    assert not User.objects.get(pk=office.leaver.pk).is_active
    assert (row.state, set(office.owners(FIRM).values())) == ("running", {office.leaver.pk}), "the job comes later"
    drain()
    assert set(office.owners(FIRM).values()) == {office.heir.pk}


# --- what goes wrong --------------------------------------------------------------------------------------------
def test_records_that_rules_refuse_are_reported_and_can_be_tried_again(office: Office) -> None:
    bad = office.records[FIRM][1]
    obj = compiled(FIRM)
    obj.model._base_manager.filter(pk=bad).update(**{obj.name_field.main.attr: "bad"})
    row = run(office, Plan(everything=to(office.heir)))
    failed = row.items.get(state="failed")
    assert (failed.record_id, failed.message, totals(row)["moved"]) == (bad, "不能保存", 10)
    RecordService(SYSTEM).update(FIRM, bad, {"name": "good"})
    retry_handover(office.actor, row.pk)
    drain()
    row.refresh_from_db()
    assert (row.state, totals(row)) == ("done", {"total": 11, "moved": 11, "failed": 0, "skipped": 0})
    assert changes_of_owner(FIRM) == 5, "what had moved was not moved again"


def test_records_that_changed_hands_or_were_deleted_are_left_out(office: Office, monkeypatch: Any) -> None:
    taken, gone = office.records[FIRM][0], office.records[FIRM][1]
    listed = moving.Mover.move_some

    def late(mover: moving.Mover) -> bool:
        if office.owners(FIRM)[taken] == office.leaver.pk:  # listed, but not moved yet
            RecordService(SYSTEM).update(FIRM, taken, {"owner_id": str(office.boss.pk)})
            RecordService(SYSTEM).delete(FIRM, gone)
        return listed(mover)

    monkeypatch.setattr(moving.Mover, "move_some", late)
    row = run(office, Plan(objects={FIRM: to(office.heir)}))
    found = items(row)
    assert (found[taken], found[gone]) == (("skipped", "owner_changed"), ("skipped", "not_found"))
    assert office.owners(FIRM)[taken] == office.boss.pk
    assert totals(row) == {"total": 5, "moved": 3, "failed": 0, "skipped": 2}


def test_a_locked_record_does_not_hold_up_the_others(office: Office, monkeypatch: Any) -> None:
    locked, held, done = office.records[FIRM][2], threading.Event(), threading.Event()
    schema = current_schema()

    def hold() -> None:
        with tenant_context(schema), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f'SELECT id FROM "{compiled(FIRM).table}" WHERE id = %s FOR UPDATE', [locked])
            held.set()
            done.wait(60)
        connection.close()

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    assert held.wait(10)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    row = order_handover(office.actor, office.leaver.pk, Plan(objects={FIRM: to(office.heir)}))
    claim, _due = settle()
    assert claim is not None
    run_claimed(claim, 60)
    done.set()
    thread.join(10)
    assert items(row)[locked] == ("failed", "state_conflict")
    assert sorted(Counter(office.owners(FIRM).values()).values()) == [1, 4]
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")


def test_orders_that_make_no_sense_are_refused(office: Office) -> None:
    User.objects.filter(pk=office.other.pk).update(is_active=False)
    for plan in (
        Plan(everything=to(office.leaver)),
        Plan(everything=to(office.other)),
        Plan(everything=to(office.heir), reports_to=office.other.pk),
    ):
        with pytest.raises(ValidationFailed):
            order_handover(office.actor, office.leaver.pk, plan)
    with pytest.raises(ValidationFailed):
        order_handover(office.actor, office.boss.pk, Plan(everything=Rule("manager")))
    with pytest.raises(StateConflict):
        order_handover(office.actor, office.admin.pk, Plan(everything=to(office.heir), deactivate=True))
    with pytest.raises(Forbidden):
        order_handover(build_actor(office.heir, via="console"), office.leaver.pk, Plan(everything=to(office.boss)))
    assert not Handover.objects.exists()
    order_handover(office.actor, office.leaver.pk, Plan(everything=to(office.heir)))
    with pytest.raises(StateConflict):
        order_handover(office.actor, office.leaver.pk, Plan(everything=to(office.heir)))


def test_a_plan_says_all_that_is_wrong_with_it(office: Office) -> None:
    given = {
        "everything": {"to": "nothing"},
        "objects": {FIRM: {"to": "parent"}, "gone__c": {"to": "keep"}, JOB: {"to": "round_robin", "users": []}},
        "teams": "pass",
        "deactivate": "yes",
        "extra": 1,
    }
    with pytest.raises(ValidationFailed) as failed:
        read_plan(given, current_snapshot())
    found = {(error.field, error.code) for error in failed.value.errors}
    assert found == {
        ("everything", "invalid_choice"),
        (f"objects.{FIRM}", "invalid_choice"),
        ("objects.gone__c", "unknown_object"),
        (f"objects.{JOB}", "required"),
        ("heir", "required"),
        ("deactivate", "invalid_type"),
        ("extra", "unknown_field"),
    }
    plan = read_plan({"objects": {JOB: {"to": "parent", "through": "firm__c"}}}, current_snapshot())
    assert read_plan(plan.to_json(), current_snapshot()) == plan


# --- stopping and dying -------------------------------------------------------------------------------------------
def test_a_worker_that_dies_in_the_middle_loses_and_doubles_nothing(office: Office, monkeypatch: Any) -> None:
    monkeypatch.setattr(moving, "BATCH", 2)
    row = order_handover(office.actor, office.leaver.pk, Plan(everything=to(office.heir)))
    deaths, real = [0], moving.Mover._count

    class Killed(BaseException):
        """Nothing in the worker catches it, as nothing catches a kill."""

    def dying(mover: moving.Mover, handover: Handover, batch: Any) -> None:
        real(mover, handover, batch)
        deaths[0] += 1
        if deaths[0] % 2 == 0:  # every other batch dies after all its writes, before its commit
            raise Killed

    monkeypatch.setattr(moving.Mover, "_count", dying)
    for _turn in range(20):
        expire_leases()
        claim, _due = settle()
        if claim is None:
            Job.objects.filter(state="queued").update(run_at=timezone.now() - timedelta(1))
            claim, _due = settle()
        if claim is None:
            break
        with suppress(Killed):
            run_claimed(claim, 60)
    row.refresh_from_db()
    assert deaths[0] > 6
    assert (row.state, totals(row)) == ("done", {"total": 11, "moved": 11, "failed": 0, "skipped": 0})
    assert [changes_of_owner(name) for name in (FIRM, JOB, CHORE)] == [5, 3, 3], "each record changed hands once"


def test_a_cancelled_handover_stops_and_goes_on_when_tried_again(office: Office, monkeypatch: Any) -> None:
    monkeypatch.setattr(moving, "BATCH", 2)
    row = order_handover(office.actor, office.leaver.pk, Plan(objects={FIRM: to(office.heir)}))
    real = moving.Mover.move_some

    def cancel_after_one(mover: moving.Mover) -> bool:
        went_on = real(mover)
        if get_handover(office.actor, row.pk).state == "running":
            cancel_handover(office.actor, row.pk)
        return went_on

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moving.Mover, "move_some", cancel_after_one)
        drain()
    row.refresh_from_db()
    assert (row.state, totals(row)["moved"]) == ("cancelled", 2)
    assert row.people == {}, "nothing else was done"
    with pytest.raises(StateConflict):
        cancel_handover(office.actor, row.pk)
    retry_handover(office.actor, row.pk)
    drain()
    row.refresh_from_db()
    assert (row.state, totals(row)["moved"], changes_of_owner(FIRM)) == ("done", 5, 5)


def test_two_workers_never_move_a_record_twice(office: Office) -> None:
    row = order_handover(office.actor, office.leaver.pk, Plan(everything=to(office.heir)))
    claim, _due = settle()
    assert claim is not None
    expire_leases()
    second, _due = settle()
    assert second is not None
    run_claimed(second, 60)
    run_claimed(claim, 60)  # the first one wakes up, and learns that it has lost the job
    row.refresh_from_db()
    assert (row.state, totals(row)["moved"]) == ("done", 11)
    assert [changes_of_owner(name) for name in (FIRM, JOB, CHORE)] == [5, 3, 3]


def test_a_batch_costs_no_query_per_record(office: Office, django_assert_max_num_queries: Any) -> None:
    def cost(count: int) -> int:
        rows = [{"name": f"M{n}", "owner_id": str(office.leaver.pk)} for n in range(count)]
        RecordService(SYSTEM).bulk_create(FIRM, rows)
        row = order_handover(office.actor, office.leaver.pk, Plan(objects={FIRM: to(office.heir)}))
        claim, _due = settle()
        assert claim is not None
        with django_assert_max_num_queries(200) as counted:
            run_claimed(claim, 60)
        row.refresh_from_db()
        assert row.state == "done"
        return len(counted)

    few = cost(2)
    assert cost(60) <= few + 2


def test_the_successor_finds_the_records_and_the_leaver_does_not(office: Office) -> None:
    run(office, Plan(everything=to(office.heir)))
    heir, leaver = (build_actor(User.objects.get(pk=user.pk), via="api") for user in (office.heir, office.leaver))
    assert set(RecordQuery(heir, FIRM).ids(50)) == set(office.records[FIRM])
    assert RecordQuery(leaver, FIRM).ids(50) == []
    assert HandoverItem.objects.filter(state="moved").count() == 11


def test_ticked_fields_name_the_successor_and_others_stay(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mentions, "BATCH", 2)
    service = RecordService(SYSTEM)
    crew = {"crew__c": [str(office.other.pk), str(office.leaver.pk)], "owner_id": str(office.boss.pk)}
    both = service.create(JOB, {"name": "K", **crew}).id
    crew["crew__c"].append(str(office.heir.pk))
    already = service.create(JOB, {"name": "L", **crew, "helper__c": str(office.other.pk)}).id
    assert {item.object.name: item.mentions for item in preview(office.actor, office.leaver.pk).objects}[JOB] == {
        "helper__c": 3,
        "crew__c": 2,
    }
    plan = Plan(mentions={JOB: ("helper__c", "crew__c")}, mentions_to=office.heir.pk)
    row = run(office, read_plan(plan.to_json(), current_snapshot()))
    assert row.state == "done"
    found = {name: (entry["changed"], entry["failed"]) for name, entry in row.people["mentions"].items()}
    assert found == {f"{JOB}.helper__c": (3, 0), f"{JOB}.crew__c": (2, 0)}
    rows = {record.pk: record for record in compiled(JOB).model._base_manager.all()}
    helpers = {rows[key].value("helper__c").id for key in office.records[JOB]}
    assert (helpers, rows[already].value("helper__c").id) == ({office.heir.pk}, office.other.pk)
    for key in (both, already):
        assert [item.id for item in rows[key].value("crew__c")] == [office.other.pk, office.heir.pk]
    assert {row.value("owner_id").id for row in rows.values()} == {office.leaver.pk, office.boss.pk}
    assert RecordChange.objects.filter(record_id=both).count() == 2


def test_what_a_plan_says_of_fields_and_pools_is_checked(office: Office) -> None:
    heir = str(office.heir.pk)
    for given, place in (
        ({"mentions": {JOB: ["firm__c"]}, "mentions_to": heir}, f"mentions.{JOB}"),
        ({"mentions": {"nope": ["x"]}, "mentions_to": heir}, "mentions.nope"),
        ({"mentions": {JOB: ["helper__c"]}}, "mentions_to"),
        ({"mentions": []}, "mentions"),
        ({"objects": {FIRM: {"to": "pool", "pool": heir}}}, f"objects.{FIRM}"),
        ({"everything": {"to": "pool", "pool": heir}}, "everything"),
        ({"keep": 9}, "keep"),
    ):
        with pytest.raises(ValidationFailed) as refused:
            read_plan(given, current_snapshot())
        assert place in [error.field for error in refused.value.errors], given
    for plan in (
        Plan(keep=1),
        Plan(mentions={JOB: ("helper__c",)}, mentions_to=office.leaver.pk),
        Plan(objects={FIRM: Rule("pool", pool=office.heir.pk)}),
    ):
        with pytest.raises(ValidationFailed):
            order_handover(office.actor, office.leaver.pk, plan)


def test_records_of_objects_with_pools_may_go_into_one(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    services.update_object(SYSTEM, FIRM, has_pools=True)
    pool = Pool.objects.create(business_object_id=compiled(FIRM).spec.id, api_name="south", label="South")
    assert pools.pool_choices(office.actor, "nope") == []
    monkeypatch.setattr(pools, "pool_sources", [lambda _actor, _name: [pools.PoolChoice(pool.id, "South")]])
    plan = Plan(objects={FIRM: Rule("pool", pool=pool.id)})
    row = run(office, read_plan(plan.to_json(), current_snapshot()))
    assert totals(row) == {"total": 5, "moved": 5, "failed": 0, "skipped": 0}
    rows = compiled(FIRM).model._base_manager.values_list("owner_id", "pool_id")
    assert set(rows) == {(None, pool.id)}
    assert set(PoolMovement.objects.values_list("kind", flat=True)) == {"handover"}


def test_old_owners_may_stay_on_the_teams_of_what_is_transferred(office: Office) -> None:
    firms = office.records[FIRM]
    leaver = f"user:{office.leaver.pk}"
    RecordShare.objects.create(
        object_id=compiled(FIRM).spec.id, record_id=firms[0], principal=leaver, source="team", level=Level.READ
    )
    transfer_records(office.actor, FIRM, firms[:3], to(office.heir), keep=Level.EDIT)
    transfer_records(office.actor, FIRM, firms[3:], to(office.heir))
    shares = RecordShare.objects.filter(principal=leaver, source="team").values_list("record_id", "level")
    assert dict(shares) == dict.fromkeys(firms[:3], Level.EDIT)
