"""The trash: what goes along, what forbids it, what comes back, what goes for good."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, VersionConflict
from objects.history.models import RecordChange
from objects.records.models import Deletion
from objects.records.purging import expired
from objects.records.service import RecordService
from tests.objects.records.conftest import Services
from tests.objects.records.shop import column, messages, row
from tests.objects.world import compiled

SYSTEM = RecordService(system_actor())


def live(name: str) -> int:
    return compiled(name).model._base_manager.filter(deleted_at__isnull=True).count()


def order(rep: RecordService, **values: Any) -> uuid.UUID:
    """A purchase with two lines."""
    saved = rep.create("purchase", values)
    rep.bulk_create("purchase_line", [{"purchase_id": saved.id, "quantity": number} for number in (1, 2)])
    return saved.id


def test_children_go_with_their_master_and_come_back_with_it(rep: RecordService) -> None:
    mine, other = order(rep), order(rep)
    deletion = rep.delete("purchase", mine, expected_version=1)
    assert (live("purchase"), live("purchase_line")) == (1, 2)
    assert row("purchase", mine, "deletion_id", "deleted_by_id", "version") == (deletion, rep.actor.user_id, 2)
    assert Deletion.objects.get().counts == {
        str(compiled("purchase").spec.id): 1,
        str(compiled("purchase_line").spec.id): 2,
    }
    assert RecordChange.objects.filter(action="deleted").count() == 3
    assert messages().filter(type="record.deleted").count() == 3
    assert rep.restore(deletion) == 3
    assert (live("purchase"), live("purchase_line")) == (2, 4)
    assert row("purchase", mine, "deletion_id", "deleted_at", "deleted_by_id", "version") == (None, None, None, 3)
    assert RecordChange.objects.filter(action="restored").count() == 3
    assert not Deletion.objects.exists()
    assert row("purchase", other, "version") == (1,)


def test_a_restore_brings_back_what_that_deletion_took(rep: RecordService) -> None:
    mine = order(rep)
    line = compiled("purchase_line").model._base_manager.first()
    assert line is not None
    first = rep.delete("purchase_line", line.pk)
    second = rep.delete("purchase", mine)
    with pytest.raises(StateConflict) as failed:
        rep.restore(first)
    assert failed.value.details["object"] == "purchase"
    assert rep.restore(second) == 2
    assert live("purchase_line") == 1
    assert rep.restore("purchase_line", line.pk) == 1
    assert live("purchase_line") == 2


def test_lookups_cascade_or_forbid_or_let_go_as_their_field_says(rep: RecordService) -> None:
    customer = rep.create("customer", {"name": "A"}).id
    ticket = rep.create("ticket", {"name": "T", "customer_id": customer}).id
    referred = rep.create("purchase", {"referrer_id": customer}).id
    bought = rep.create("purchase", {"customer_id": customer}).id
    with pytest.raises(StateConflict) as failed:
        rep.delete("customer", customer)
    assert failed.value.details["object"] == "purchase"
    assert "Purchases" in str(failed.value.message)
    assert row("ticket", ticket, "deleted_at") == (None,)
    rep.delete("purchase", bought)
    deletion = rep.delete("customer", customer)
    assert row("ticket", ticket, "deletion_id") == (deletion,)
    assert row("purchase", referred, column("purchase", "referrer_id")) == (customer,)
    with pytest.raises(StateConflict):  # it would point at a record that must not be missing
        rep.restore("purchase", bought)
    assert rep.restore(deletion) == 2
    assert rep.restore("purchase", bought) == 1


def test_who_may_not_know_the_object_is_not_told_its_name(service: Services) -> None:
    from tests.objects.records.shop import OBJECTS

    assert OBJECTS  # the lookup from the secret object lets go, so that its records never forbid anything
    customer = service("rep").create("customer", {"name": "A"}).id
    SYSTEM.create("secret__c", {"name": "S", "customer__c": customer})
    assert service("rep").delete("customer", customer)


def test_records_may_refer_to_each_other(rep: RecordService) -> None:
    first = rep.create("customer", {"name": "A"}).id
    second = rep.create("customer", {"name": "B", "parent_id": first}).id
    rep.update("customer", first, {"parent_id": second})
    rep.update("customer", first, {"parent_id": first})
    rep.restore(rep.delete("customer", first))
    assert live("customer") == 2


def test_deleting_asks_for_right_reach_and_version(service: Services) -> None:
    mine = service("rep").create("customer", {"name": "A"}).id
    for record_id in (mine, uuid.uuid4(), "x"):
        with pytest.raises(NotFound):
            service("south").delete("customer", record_id)
    with pytest.raises(VersionConflict):
        service("rep").delete("customer", mine, expected_version=2)
    with pytest.raises(NotFound):
        service("rep").delete("secret__c", mine)
    deletion = service("rep").delete("customer", mine)
    with pytest.raises(NotFound):
        service("rep").delete("customer", mine)
    with pytest.raises(NotFound):
        service("south").restore(deletion)
    with pytest.raises(NotFound):
        service("south").restore("customer", mine)
    assert service("boss").restore(deletion) == 1


def test_a_value_taken_meanwhile_forbids_the_restore(rep: RecordService) -> None:
    first = rep.create("customer", {"name": "A", "code": "c"}).id
    deletion = rep.delete("customer", first)
    rep.create("customer", {"name": "B", "code": "C"})
    with pytest.raises(StateConflict) as failed:
        rep.restore(deletion)
    assert failed.value.details["field"] == "code"
    assert live("customer") == 1
    assert Deletion.objects.count() == 1


def test_dry_runs_leave_everything(rep: RecordService) -> None:
    mine = order(rep)
    rep.delete("purchase", mine, dry_run=True)
    assert live("purchase_line") == 2
    deletion = rep.delete("purchase", mine)
    assert rep.restore(deletion, dry_run=True) == 3
    assert live("purchase") == 0


def test_purging_removes_rows_and_history_for_good(service: Services) -> None:
    rep = service("rep")
    mine, kept = order(rep), order(rep)
    deletion = rep.delete("purchase", mine)
    with pytest.raises(Forbidden):
        rep.purge(deletion)
    assert SYSTEM.purge(deletion) == 3
    assert row("purchase", mine, "id") is None
    change = RecordChange.objects.get(record_id=mine)
    assert (change.action, change.version, change.changes) == ("purged", 3, {})
    assert not Deletion.objects.exists()
    assert row("purchase", kept, "version") == (1,)
    assert live("purchase_line") == 2
    for act in (SYSTEM.purge, SYSTEM.restore):
        with pytest.raises(NotFound):
            act(deletion)


def test_purging_takes_children_that_were_deleted_before(rep: RecordService) -> None:
    mine = order(rep)
    line = compiled("purchase_line").model._base_manager.first()
    assert line is not None
    rep.delete("purchase_line", line.pk)
    assert SYSTEM.purge(rep.delete("purchase", mine)) == 3
    assert not Deletion.objects.exists()
    assert RecordChange.objects.filter(action="purged").count() == 3


def test_a_record_in_the_trash_that_must_not_be_missing_forbids_purging(rep: RecordService) -> None:
    customer = rep.create("customer", {"name": "A"}).id
    bought = rep.create("purchase", {"customer_id": customer}).id
    first, second = rep.delete("purchase", bought), rep.delete("customer", customer)
    with pytest.raises(StateConflict):
        SYSTEM.purge(second)
    assert [SYSTEM.purge(deletion) for deletion in (first, second)] == [1, 1]


def test_old_deletions_are_found_for_retention(rep: RecordService) -> None:
    from datetime import timedelta

    from django.utils import timezone

    deletion = rep.delete("purchase", order(rep))
    now = timezone.now()
    assert expired(now + timedelta(seconds=1)) == [deletion]
    assert expired(now - timedelta(days=30)) == expired(now, after=deletion) == []
