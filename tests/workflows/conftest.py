"""The shipped CRM in one committed organisation for all tests of pools; each test is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from crm_platform.kit.context import system_actor
from metadata.compiler.current import pinned_snapshot
from metadata.inputs import FieldInput
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from metadata.services import add_field
from tests.objects import world as worlds
from tests.objects.world import World
from workflows.pools.models import Pool


@pytest.fixture(scope="session")
def the_desk(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    def prepare() -> None:
        apply(system_actor(), load_package(CRM_PACKAGE))
        Pool.objects.all().delete()  # tests make their own
        papers = {"max_count": 2, "max_mb": 1, "kinds": ["pdf", "text"]}
        add_field(system_actor(), "lead", FieldInput("papers__c", "file", "Papers", settings=papers))

    with django_db_blocker.unblock(), worlds.world(prepare=prepare) as made:
        yield made


@pytest.fixture
def crm(the_desk: World) -> Iterator[World]:
    """The organisation with the CRM, entered; what the test writes is rolled back."""
    with worlds.inside(the_desk.schema_name), transaction.atomic():
        with pinned_snapshot():
            yield the_desk
        transaction.set_rollback(True)
