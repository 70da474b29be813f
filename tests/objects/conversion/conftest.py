"""The shipped CRM in one committed organisation for the tests of conversion; each test is rolled back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crm_platform.identity.models import Profile
from crm_platform.kit.context import Actor, system_actor
from metadata import services
from metadata.inputs import FieldInput
from metadata.models import BusinessObject
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.access.grants import revoke_object
from objects.records.service import Consent, RecordService
from tests.objects import world as worlds
from tests.objects.world import World

Lead = Callable[..., uuid.UUID]


def prepare() -> None:
    """The CRM, a field of leads that nothing takes, one that accounts have too, and an object that points at leads."""
    actor = system_actor()
    apply(actor, load_package(CRM_PACKAGE))
    services.add_field(actor, "lead", FieldInput("budget_note__c", "text", {"zh-hans": "预算说明"}))
    services.add_field(actor, "lead", FieldInput("scan__c", "file", {"zh-hans": "名片扫描件"}))
    services.add_field(actor, "account", FieldInput("scan__c", "file", {"zh-hans": "扫描件"}))
    services.add_field(actor, "lead", FieldInput("fleet__c", "integer", {"zh-hans": "车辆数"}))
    services.add_field(actor, "account", FieldInput("cars__c", "integer", {"zh-hans": "车辆数"}))


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world(prepare=prepare) as made:
        yield made


@pytest.fixture
def rep(world: World) -> Actor:
    return world.actor("rep")


@pytest.fixture
def lead(rep: Actor) -> Lead:
    """Make a lead of the rep, with what a lead usually says."""

    def make(actor: Actor = rep, **values: Any) -> uuid.UUID:
        usual = {
            "name": "王小明",
            "company": "上海远航物流有限公司",
            "mobile": "13800138000",
            "email": "wang@yuanhang.example",
            "phone": "021-58880000",
            "title": "采购经理",
            "source": "website",
            "industry": "logistics",
            "expected_amount": "120000",
            "city": "上海",
        }
        service = RecordService(actor, consent=Consent(duplicates=True, reason="Another one"))
        return service.create("lead", {**usual, **values}).id

    return make


@pytest.fixture
def forbid(world: World) -> Callable[[str, str], None]:
    """Take an action with an object's records away from the reps' profile."""

    def take(object_name: str, action: str) -> None:
        profile = Profile.objects.get(api_name="sales_rep")
        revoke_object(system_actor(), profile, BusinessObject.objects.get(api_name=object_name), [action])

    return take
