"""The pages of a change of type: choose, preview, start, follow, cancel; and those of a field's way out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.jobs.context import JobContext
from crm_platform.jobs.models import Job
from crm_platform.kit.context import Actor
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.inputs import FieldInput, ObjectInput
from metadata.models import BusinessField
from metadata.retyping import job as jobs
from metadata.retyping import preview as previews
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.jobs.conftest import silence, take
from tests.kit.clients import OrganizationClient

pytestmark = pytest.mark.django_db

FIELD = "/setup/objects/crate__c/fields/size__c/"
TYPE = f"{FIELD}type"


@pytest.fixture
def crate(admin_actor: Actor) -> None:
    fields = [FieldInput("size__c", "text", "Size"), FieldInput("free__c", "text", "Free")]
    services.create_object(admin_actor, ObjectInput("crate__c", "Crate", fields=fields))
    for size in ("7", "12", "many"):
        RecordService(admin_actor).create("crate__c", {"name": f"n-{size}", "size__c": size})
    silence()


def page(client: OrganizationClient, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status
    return answer.content.decode()


def post(client: OrganizationClient, url: str, data: dict[str, Any], status: int = 200) -> str:
    answer = client.post(url, data)
    assert answer.status_code == status, answer.content.decode()[-2000:]
    return answer.content.decode()


def sizes(actor: Actor) -> list[Any]:
    return [row[0] for row in RecordQuery(actor, "crate__c").fields("size__c").order("name").page().rows]


def test_choose_preview_start_follow(crate: None, admin_client: OrganizationClient, admin_actor: Actor) -> None:
    assert f'href="{TYPE}"' in page(admin_client, FIELD)
    offered = page(admin_client, TYPE)
    assert 'href="?type=integer"' in offered
    assert 'href="?type=checkbox"' not in offered
    url = f"{TYPE}?type=integer"
    assert "many" not in page(admin_client, url)
    given = {"on_failure": "block", "settings-min": "1"}
    seen = post(admin_client, url, {**given, "look": "1"})
    assert "n-many" in seen
    assert 'name="start"' in seen
    post(admin_client, url, {**given, "start": "1"}, 302)
    stands = page(admin_client, TYPE)
    assert "n-many" in stands
    many = RecordQuery(admin_actor, "crate__c").order("-name").ids(1)[0]
    RecordService(admin_actor).update("crate__c", many, {"size__c": "99"})
    jobs.change_type(JobContext(take()))
    assert sizes(admin_actor) == [12, 7, 99]
    assert current_snapshot().object("crate__c").field("size__c").spec.settings["min"] == 1
    assert "size_old__c" in page(admin_client, "/setup/objects/crate__c/")


def test_choices_are_proposed_from_the_values(
    crate: None, admin_client: OrganizationClient, admin_actor: Actor
) -> None:
    url = f"{TYPE}?type=picklist"
    form = page(admin_client, url)
    assert 'value="many"' in form
    rows = {"choices-TOTAL_FORMS": "2", "choices-INITIAL_FORMS": "0"}
    for number, value in enumerate(("7", "12")):
        rows |= {f"choices-{number}-value": value, f"choices-{number}-label_en": value, f"choices-{number}-ORDER": "1"}
        rows |= {f"choices-{number}-is_active": "on"}
    assert "n-many" in post(admin_client, url, {**rows, "on_failure": "empty", "look": "1"})
    post(admin_client, url, {**rows, "on_failure": "empty", "start": "1"}, 302)
    jobs.change_type(JobContext(take()))
    assert sizes(admin_actor) == ["12", "7", None]


def test_mistakes_stay_on_the_page(crate: None, admin_client: OrganizationClient) -> None:
    url = f"{TYPE}?type=integer"
    post(admin_client, url, {"on_failure": "explode", "look": "1"}, 422)
    post(admin_client, url, {"on_failure": "block", "settings-min": "5", "settings-max": "1", "start": "1"}, 422)
    assert BusinessField.objects.filter(state="preparing").count() == 0


def test_a_large_object_is_counted_by_a_job(
    crate: None, admin_client: OrganizationClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "SMALL", 1)
    url, given = f"{TYPE}?type=integer", {"on_failure": "block", "look": "1"}
    waits = post(admin_client, url, given)
    key = waits.split('name="preview_job" value="')[1].split('"')[0]
    claim = take()
    assert str(claim.job_id) == key
    result = previews.preview_by_job(JobContext(claim))
    assert "n-many" not in post(admin_client, url, {**given, "preview_job": key})
    Job.objects.filter(pk=key).update(state="succeeded", result=result)
    assert "n-many" in post(admin_client, url, {**given, "preview_job": key})


def test_a_change_is_cancelled(crate: None, admin_client: OrganizationClient, admin_actor: Actor) -> None:
    post(admin_client, f"{TYPE}?type=integer", {"on_failure": "block", "start": "1"}, 302)
    post(admin_client, f"{TYPE}/cancel", {}, 302)
    assert 'href="?type=integer"' in page(admin_client, TYPE)
    assert sizes(admin_actor) == ["12", "7", "many"]


def test_a_field_is_deprecated_and_used_again(crate: None, admin_client: OrganizationClient) -> None:
    post(admin_client, f"{FIELD}deprecate", {"deprecated": "1"}, 302)
    assert current_snapshot().object("crate__c").field("size__c").spec.is_deprecated
    assert 'name="deprecated" value="0"' in page(admin_client, FIELD)
    post(admin_client, f"{FIELD}deprecate", {"deprecated": "0"}, 302)
    assert not current_snapshot().object("crate__c").field("size__c").spec.is_deprecated


def test_deleted_fields_tell_how_long_they_can_be_restored(
    crate: None, admin_client: OrganizationClient, admin_actor: Actor
) -> None:
    services.delete_field(admin_actor, "crate__c", "free__c")
    BusinessField.objects.filter(api_name="free__c").update(hidden_at=timezone.now() - timedelta(days=9, hours=1))
    assert "21" in page(admin_client, "/setup/objects/crate__c/").split("free__c")[1]
