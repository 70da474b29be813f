"""Fixtures: the organisation of `book`, and a service for each of its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from objects.records.service import RecordService
from tests.objects import world as worlds
from tests.objects.duplicates.book import OBJECTS
from tests.objects.world import World

Services = Callable[..., RecordService]


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world(OBJECTS) as made:
        yield made


@pytest.fixture
def service(world: World) -> Services:
    """A function from a person's name to a service that writes as him."""
    return lambda name, **options: RecordService(world.actor(name), **options)


@pytest.fixture
def boss(service: Services) -> RecordService:
    """Writes as somebody who reaches all records."""
    return service("boss")


@pytest.fixture
def rep(service: Services) -> RecordService:
    """Writes as somebody who reaches his own records only."""
    return service("rep")
