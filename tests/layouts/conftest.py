"""The shipped CRM in one committed organisation for all tests of pages; each test is rolled back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor, system_actor
from metadata.compiler.current import pinned_snapshot
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.hosts import host_of
from tests.objects import world as worlds
from tests.objects.world import World


@pytest.fixture(scope="session")
def the_crm(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    def prepare() -> None:
        apply(system_actor(), load_package(CRM_PACKAGE))

    with django_db_blocker.unblock(), worlds.world(prepare=prepare) as made:
        yield made


@pytest.fixture
def crm(the_crm: World) -> Iterator[World]:
    """The organisation with the CRM, entered; what the test writes is rolled back."""
    with worlds.inside(the_crm.schema_name), transaction.atomic():
        with pinned_snapshot():
            yield the_crm
        transaction.set_rollback(True)


@pytest.fixture
def browser(crm: World) -> Callable[[str], OrganizationClient]:
    """A function from a person's name (boss, head, rep, city, south) to a browser in which they are signed in."""

    def sign_in(name: str) -> OrganizationClient:
        client = OrganizationClient(host_of(crm))
        client.force_login(crm.users[name])
        return client

    return sign_in


@pytest.fixture
def admin(crm: World) -> OrganizationClient:
    """The browser of the administrator."""
    client = OrganizationClient(host_of(crm))
    client.force_login(User.objects.get(username="admin"))
    return client


@pytest.fixture
def rep(browser: Callable[[str], OrganizationClient]) -> OrganizationClient:
    """The browser of a sales representative who sees his own records."""
    return browser("rep")


@pytest.fixture
def rep_actor(crm: World) -> Actor:
    return crm.actor("rep")


@pytest.fixture
def records(rep_actor: Actor) -> RecordService:
    """Writes records as the sales representative."""
    return RecordService(rep_actor)
