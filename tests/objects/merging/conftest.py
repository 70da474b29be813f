"""Fixtures: the organisation of `family`, and services of its people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from objects.records.service import RecordService
from tests.objects import world as worlds
from tests.objects.merging.family import OBJECTS
from tests.objects.world import World


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world(OBJECTS) as made:
        yield made


@pytest.fixture
def boss(world: World) -> RecordService:
    """Writes as somebody who reaches all records."""
    return RecordService(world.actor("boss"))


@pytest.fixture
def rep(world: World) -> RecordService:
    """Writes as somebody who reaches his own records only."""
    return RecordService(world.actor("rep"))
