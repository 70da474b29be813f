"""What the tests of all ways of intake share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crm_platform.kit.context import client_address, system_actor
from metadata.compiler.current import current_snapshot
from tests.kit.clients import OrganizationAPIClient
from tests.layouts.hosts import host_of
from tests.objects.world import World
from workflows.pools.models import Pool
from workflows.pools.services.inputs import PoolInput
from workflows.pools.services.settings import create_pool

Records = Callable[[str], list[Any]]


@pytest.fixture
def pool(crm: World) -> Pool:
    create_pool(system_actor(), PoolInput(object="lead", label="默认"))
    return create_pool(system_actor(), PoolInput(object="lead", label="网站线索"))


@pytest.fixture(autouse=True)
def _address() -> Iterator[None]:
    token = client_address.set("192.0.2.7")
    yield
    client_address.reset(token)


@pytest.fixture
def records() -> Records:
    def all_of(object_name: str) -> list[Any]:
        model: Any = current_snapshot().object(object_name).model
        return list(model._base_manager.order_by("id"))

    return all_of


@pytest.fixture
def site(crm: World) -> OrganizationAPIClient:
    return OrganizationAPIClient(host_of(crm))
