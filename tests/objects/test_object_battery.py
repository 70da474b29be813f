"""The battery of `tests.kit.object_battery`, over the test objects and over those of the shipped CRM."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import metadata
from crm_platform.kit.context import system_actor
from metadata.models import DuplicateRule
from metadata.packages.applying import apply
from metadata.packages.reading import load_package
from metadata.publishing import publish
from tests.kit.object_battery import ObjectBattery
from tests.objects import world as worlds
from tests.objects.world import OBJECTS, World

CRM = Path(metadata.__file__).parent / "packages" / "crm"


class TestTestObjects(ObjectBattery):
    """Objects made for tests: lookups, children of children."""

    @pytest.fixture(scope="class")
    @classmethod
    def the_world(cls, django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
        with django_db_blocker.unblock(), worlds.world(OBJECTS) as made:
            yield made

    @pytest.fixture(params=[given.api_name for given in OBJECTS if given.api_name != "secret__c"])
    def object_name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)


def shipped_without_duplicate_rules() -> None:
    """Apply the CRM, whose rules would take the battery's records, all alike, for duplicates."""
    apply(system_actor(), load_package(CRM))
    publish(system_actor(), "Rest", lambda: DuplicateRule.objects.update(is_active=False))


class TestCrmObjects(ObjectBattery):
    """Every object of the shipped CRM."""

    @pytest.fixture(scope="class")
    @classmethod
    def the_world(cls, django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
        with (
            django_db_blocker.unblock(),
            worlds.world(prepare=shipped_without_duplicate_rules) as made,
        ):
            yield made

    @pytest.fixture(params=sorted(path.stem for path in CRM.glob("*.yaml") if path.stem != "package"))
    def object_name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)
