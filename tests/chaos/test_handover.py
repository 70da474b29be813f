"""A handover while its workers are killed: every record moves once, every name is rewritten once, nothing is lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.jobs.models import Job, Schedule
from crm_platform.kit.context import system_actor
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.inputs import FieldInput, ObjectInput
from metadata.services.batch import SchemaChange, apply_changes
from objects.handover.job import totals
from objects.handover.models import Handover
from objects.handover.plan import Plan, Rule
from objects.handover.service import order_handover
from objects.history.models import RecordChange
from tests.chaos.harness import FULL, RECOVERY, Stand, stand
from tests.kit import make
from tests.kit.work import eventually

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]

ROWS = 10_000 if FULL else 600
KILLS = 5 if FULL else 1
START_UP = 60
OBJECT = "order__c"


@pytest.fixture
def site(fresh_organization: Any) -> Iterator[Stand]:
    fields = [FieldInput("helper__c", "user", "Helper")]
    apply_changes(system_actor(), SchemaChange(objects=[ObjectInput(OBJECT, "Order", fields=fields)]), summary="Order")
    Schedule.objects.all().delete()
    Job.objects.all().delete()
    with stand() as made:
        yield made


def _fill(leaver: uuid.UUID) -> None:
    """Insert the records, and make every write of a batch take a moment, so that kills hit in the middle."""
    obj = current_snapshot().object(OBJECT)
    helper = obj.field("helper__c").main.column
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {obj.table} (id, version, created_at, updated_at, currency, owner_id, {helper}) "
            "SELECT gen_random_uuid(), 1, now(), now(), 'CNY', %s, %s FROM generate_series(1, %s)",
            [leaver, leaver, ROWS],
        )
        cursor.execute(
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$"
        )
        cursor.execute(f"CREATE TRIGGER dawdle BEFORE UPDATE ON {obj.table} EXECUTE FUNCTION dawdle()")


def _through(row: Handover) -> int:
    row.refresh_from_db()
    rewritten = row.people.get("mentions", {}).get(f"{OBJECT}.helper__c", {"changed": 0})
    return totals(row)["moved"] + rewritten["changed"] if row.counts else 0


def test_a_handover_survives_the_death_of_its_workers(site: Stand) -> None:
    leaver, heir = make.user("leaver"), make.user("heir")
    with pinned_snapshot():
        _fill(leaver.pk)
        plan = Plan(Rule("user", (heir.pk,)), mentions={OBJECT: ("helper__c",)}, mentions_to=heir.pk, deactivate=True)
        admin = build_actor(User.objects.get(username="admin"), via="console")
        row = order_handover(admin, leaver.pk, plan)
    site.beat()
    for number in range(1, KILLS + 1):
        worker = site.worker(2)
        wanted = int(2 * ROWS * (number + 0.2) / (KILLS + 1))  # the last one while names are rewritten
        eventually(lambda wanted=wanted: _through(row) > wanted, seconds=START_UP + RECOVERY)
        worker.kill9()
    reached = _through(row)
    assert 0 < reached < 2 * ROWS, "the kills have hit in the middle"
    site.worker(2)
    eventually(lambda: _through(row) == 2 * ROWS and row.state == "done", seconds=START_UP + 2 * RECOVERY)
    assert totals(row) == {"total": ROWS, "moved": ROWS, "failed": 0, "skipped": 0}
    with pinned_snapshot():
        obj = current_snapshot().object(OBJECT)
        column = obj.field("helper__c").attr
        rows = obj.model._base_manager.values_list("owner_id", f"{column}_id", "version").distinct()
        assert list(rows) == [(heir.pk, heir.pk, 3)], "one version for the owner, one for the name: nothing twice"
        assert RecordChange.objects.filter(object_id=obj.spec.id).count() == 2 * ROWS
