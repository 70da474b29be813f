"""One organisation with one of everything for all tests of security; what a test changes is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from crm_platform.tenancy.context import tenant_context
from tests.security.world import Place, place


@pytest.fixture(scope="session")
def the_place(django_db_setup: None, django_db_blocker: Any) -> Iterator[Place]:
    with django_db_blocker.unblock(), place() as made:
        yield made


@pytest.fixture
def home(the_place: Place, settings: Any, django_db_blocker: Any) -> Iterator[Place]:
    """The organisation, entered."""
    settings.API_BURST = (0, 10)
    settings.API_STREAMS = 0
    with django_db_blocker.unblock(), tenant_context(the_place.schema_name), transaction.atomic():
        yield the_place
        transaction.set_rollback(True)
