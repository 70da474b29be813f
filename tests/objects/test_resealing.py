"""After a change of keys every sealed value opens with the new key alone, retired fields included."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from crm_platform.jobs.models import Job
from metadata import services
from objects.records.resealing import KIND, reseal
from objects.records.revealing import reveal
from objects.records.service import RecordService
from tests.kit.field_battery import FIELD, OBJECT, battery, field_input

pytestmark = pytest.mark.django_db

ID_NUMBER, OTHER_ID = "11010519491231002X", "440524188001010014"
OLD, NEW = "2025:the older of two secrets", "2026:the newer of two secrets"


class Running:
    """As much of a job's context as sealing anew needs."""

    def progress(self, done: int) -> None:
        self.done = done

    def check_abort(self) -> None:
        self.checked = True


def test_old_key_can_go_afterwards(actor_for: Any, settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("objects.records.resealing.BATCH", 2)
    settings.ENCRYPTION_KEYS = [OLD]
    found = battery("masked_text", actor_for)
    services.add_field(found.actor, OBJECT, field_input(found.samples, "retired__c"))
    made = [found.create(raw) for raw in (ID_NUMBER, OTHER_ID, None, ID_NUMBER, OTHER_ID)]
    found.update(made[0].id, OTHER_ID)
    RecordService(found.actor).update(OBJECT, made[0].id, {"retired__c": ID_NUMBER})
    services.delete_field(found.actor, OBJECT, "retired__c")

    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert reseal(Running()) == {"sealed": 5, "lost": 0}  # type: ignore[arg-type]
    assert reseal(Running()) == {"sealed": 0, "lost": 0}  # type: ignore[arg-type]
    settings.ENCRYPTION_KEYS, settings.BLIND_INDEX_SECRET = [NEW], OLD.partition(":")[2]
    assert reveal(found.actor, OBJECT, made[0].id, FIELD).text == OTHER_ID
    assert found.query.fields("version").get(made[0].id)["version"] == 3
    assert found.update(made[1].id, OTHER_ID).version == 1, "still recognised by its digest"


def test_what_no_key_opens_is_counted_and_left_alone(actor_for: Any, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    found = battery("encrypted_text", actor_for)
    found.create("lost for ever")
    settings.ENCRYPTION_KEYS = [NEW]
    assert reseal(Running()) == {"sealed": 0, "lost": 1}  # type: ignore[arg-type]


def test_command_asks_for_it(organization: Any) -> None:
    call_command("reseal", stdout=StringIO())
    assert Job.objects.filter(kind=KIND).count() == 1
