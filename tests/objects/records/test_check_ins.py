"""Check-ins: the server's clock, the distance from the record's own place or from one that it points at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.inputs import FieldInput, ObjectInput
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService

pytestmark = pytest.mark.django_db
VISIT, SITE = "visit__c", "site__c"
HERE, NEAR, FAR = "22.540000,114.050000", "22.541000,114.050000", "22.640000,114.050000"


@pytest.fixture
def service(admin_actor: Any) -> RecordService:
    place = FieldInput("place__c", "geolocation", "Place")
    services.create_object(admin_actor, ObjectInput(SITE, SITE, fields=[place]))
    site = FieldInput("site__c", "lookup", "Site", settings={"target": SITE})
    services.create_object(admin_actor, ObjectInput(VISIT, VISIT, fields=[place, site]))
    return RecordService(admin_actor)


def add(service: RecordService, **settings: Any) -> None:
    services.add_field(service.actor, VISIT, FieldInput("came__c", "check_in", "Came", settings=settings))


def check_in(service: RecordService, **values: Any) -> Any:
    saved = service.create(VISIT, {"name": "V", **values})
    return RecordQuery(service.actor, VISIT).get(saved.id)["came__c"]


def test_time_and_distance_are_the_servers(service: RecordService) -> None:
    add(service, reference_field="place__c")
    given = {"lat": "22.541", "lng": "114.05", "at": "1999-01-01T00:00:00Z", "distance_m": 0, "device": "Pixel 9"}
    found = check_in(service, place__c=HERE, came__c=given)
    assert timezone.now() - datetime.fromisoformat(found["at"]) < timedelta(minutes=1)
    assert (found["distance_m"], found["device"]) == (111, "Pixel 9")


def test_distance_from_the_place_of_another_record(service: RecordService) -> None:
    add(service, reference_field="site__c.place__c")
    site = service.create(SITE, {"name": "S", "place__c": HERE})
    empty = service.create(SITE, {"name": "S"})
    assert check_in(service, site__c=str(site.id), came__c=NEAR)["distance_m"] == 111
    assert check_in(service, site__c=str(empty.id), came__c=NEAR)["distance_m"] is None
    assert check_in(service, came__c=NEAR)["distance_m"] is None


def test_whole_batch_is_measured_by_one_query(service: RecordService, django_assert_max_num_queries: Any) -> None:
    add(service, reference_field="site__c.place__c")
    sites = [service.create(SITE, {"name": "S", "place__c": HERE}).id for _ in range(3)]
    rows = [{"name": "V", "site__c": str(site), "came__c": FAR} for site in sites * 5]
    with django_assert_max_num_queries(20):
        service.bulk_create(VISIT, rows)
    far = RecordQuery(service.actor, VISIT).where(Condition("came__c", "farther", 11_000))
    assert far.count("exact").value == 15
    assert RecordQuery(service.actor, VISIT).where(Condition("came__c", "farther", "12000")).ids() == []


def test_check_in_from_too_far_away_is_refused(service: RecordService) -> None:
    add(service, reference_field="place__c", radius=200)
    assert check_in(service, place__c=HERE, came__c=NEAR)["distance_m"] == 111
    with pytest.raises(ValidationFailed) as refused:
        check_in(service, place__c=HERE, came__c=FAR)
    (error,) = refused.value.errors
    assert (error.field, error.code, error.params["max"]) == ("came__c", "out_of_range", 200)


def test_later_check_in_takes_the_records_present_place(service: RecordService) -> None:
    add(service, reference_field="place__c")
    saved = service.create(VISIT, {"name": "V", "place__c": HERE})
    service.update(VISIT, saved.id, {"came__c": NEAR})
    found = RecordQuery(service.actor, VISIT).get(saved.id)
    assert found["came__c"]["distance_m"] == 111
    assert service.update(VISIT, saved.id, {"came__c": found["came__c"]}).version == found["version"]


@pytest.mark.parametrize("path", ["nothing__c", "name", "came__c"])
def test_reference_must_be_a_place_or_a_lookup(path: str, service: RecordService) -> None:
    with pytest.raises(ValidationFailed) as refused:
        add(service, reference_field=path)
    assert refused.value.errors[0].field == "settings.reference_field"
