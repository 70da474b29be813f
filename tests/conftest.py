"""Fixtures for all tests: a database without flushes, the organisation `acme`, actors, clients, leak checks."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from hypothesis import settings

from crm_platform.kit.context import Actor
from tests.kit import make
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.kit.database import ACME_HOST, acme, drop_test_database, make_test_database
from tests.kit.schema_leaks import RegistryState, leaks

settings.register_profile("suite", derandomize=True)
if "FUZZ" not in os.environ:
    settings.load_profile("suite")

FLUSHING = {"transactional_db", "live_server", "django_db_reset_sequences"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse what would flush the database; a committed organisation (`fresh_organization`) takes its place."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        flushes = marker is not None and (marker.kwargs.get("transaction") or marker.args)
        if flushes or FLUSHING & set(getattr(item, "fixturenames", ())):
            raise pytest.UsageError(f"{item.nodeid} would flush the database: use fresh_organization instead")


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: Any) -> Any:
    """Replaces pytest-django's: the database is copied from a base, and dropped at the end."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "master")
    with django_db_blocker.unblock():
        name = make_test_database(worker)
    yield
    with django_db_blocker.unblock():
        drop_test_database(name)


@pytest.fixture(scope="session")
def _acme(django_db_setup: None, django_db_blocker: Any) -> Any:
    with django_db_blocker.unblock():
        return acme()


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Fails the test that leaves a pin, a model, a pending operation or an organisation entered."""
    before = RegistryState.now()
    yield
    found = leaks(before)
    connection.set_schema_to_public()
    assert not found, f"the test leaves behind: {'; '.join(found)}"


@pytest.fixture(autouse=True)
def _own_cache_keys() -> None:
    """Give every test cache keys of its own, so that nothing must be flushed."""
    cache.key_prefix = uuid.uuid4().hex


@pytest.fixture(autouse=True)
def _inside_acme(request: pytest.FixtureRequest, _nothing_left: None) -> Iterator[None]:
    """Run every test that uses the database inside acme's schema, in a transaction that is rolled back."""
    if "db" not in request.fixturenames and request.node.get_closest_marker("django_db") is None:
        yield
        return
    organization = request.getfixturevalue("_acme")
    connection.set_tenant(organization)
    request.getfixturevalue("db")
    yield
    connection.set_schema_to_public()


@pytest.fixture
def organization(db: None, _acme: Any) -> Any:
    """The organisation that the test runs in."""
    return _acme


@pytest.fixture
def admin_user(db: None) -> Any:
    """Acme's administrator."""
    from crm_platform.identity.models import User

    return User.objects.get(username="admin")


@pytest.fixture
def actor_for(db: None) -> Callable[..., Actor]:
    """A function from a user to the actor that a page would give the services."""
    from crm_platform.identity.auth import build_actor

    def build(user: Any, *, via: str = "console", **options: Any) -> Actor:
        return build_actor(user, via=via, **options)

    return build


@pytest.fixture
def admin_actor(admin_user: Any, actor_for: Callable[..., Actor]) -> Actor:
    """Acme's administrator as the caller of services."""
    return actor_for(admin_user)


@pytest.fixture
def client(db: None) -> OrganizationClient:
    """A browser at acme's host, not signed in; sign in with `client.force_login(user)`."""
    return OrganizationClient(ACME_HOST)


@pytest.fixture
def admin_client(client: OrganizationClient, admin_user: Any) -> OrganizationClient:
    """A browser at acme's host with the administrator signed in."""
    client.force_login(admin_user)
    return client


@pytest.fixture
def api(db: None) -> OrganizationAPIClient:
    """An integrator at acme's host, without a key."""
    return OrganizationAPIClient(ACME_HOST)


@pytest.fixture
def fresh_organization(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """A committed organisation of its own, entered, dropped afterwards: for DDL, threads and processes.

    Not together with `db`: what a test does here is really committed.
    """
    with django_db_blocker.unblock(), make.organization() as made:
        yield made
