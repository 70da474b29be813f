"""The battery of `tests.kit.object_battery`, over the test objects and over those of the shipped CRM."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import metadata
from crm_platform.kit.context import system_actor
from metadata.field_types import field_types
from metadata.field_types.attachments import AttachmentType
from metadata.field_types.computed import ComputedType
from metadata.inputs import FieldInput, ObjectInput
from metadata.models import DuplicateRule
from metadata.packages.applying import apply
from metadata.packages.reading import load_package
from metadata.publishing import publish
from tests.kit.field_battery import POINTING, field_input
from tests.kit.field_samples import field_samples
from tests.kit.object_battery import ObjectBattery
from tests.objects import world as worlds
from tests.objects.world import OBJECTS, World

CRM = Path(metadata.__file__).parent / "packages" / "crm"


def chance_object(seed: int) -> ObjectInput:
    """Return an object of a plain field and of some types by chance, each set up as its samples want it."""
    samples = field_samples()
    types = [key for key in sorted(samples) if key not in {*POINTING, "hierarchy"} and is_plain(key)]
    chosen = random.Random(seed).sample(types, 8)
    fields = [field_input(samples[key], f"field{number}__c") for number, key in enumerate(chosen)]
    return ObjectInput("chance__c", "Chance", fields=[*fields, FieldInput("plain__c", "text", "Plain")])


def is_plain(key: str) -> bool:
    """Tell whether a field of the type needs nothing besides."""
    found = field_types.get(key)
    return found.for_admins and not isinstance(found, ComputedType | AttachmentType)


class TestTestObjects(ObjectBattery):
    """Objects made for tests: lookups, children of children, and one by chance (OBJECT_SEED)."""

    @pytest.fixture(scope="class")
    @classmethod
    def the_world(cls, django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
        objects = (*OBJECTS, chance_object(int(os.environ.get("OBJECT_SEED", "1"))))
        with django_db_blocker.unblock(), worlds.world(objects) as made:
            yield made

    @pytest.fixture(params=["chance__c", *(given.api_name for given in OBJECTS if given.api_name != "secret__c")])
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
