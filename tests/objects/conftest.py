"""Fixtures for tests of records: one committed organisation per module, each test in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from metadata.compiler.current import pinned_snapshot
from tests.objects import world as worlds
from tests.objects.world import World


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world() as made:
        yield made


@pytest.fixture
def world(the_world: World) -> Iterator[World]:
    """The organisation of `tests.objects.world`, entered; what the test writes is rolled back."""
    with worlds.inside(the_world.schema_name), transaction.atomic():
        with pinned_snapshot():
            yield the_world
        transaction.set_rollback(True)
