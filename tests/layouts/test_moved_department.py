"""A department that is moved takes what its people own along: in the very next request, in API and page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_platform.identity.models import AccessVersion, Department, Profile, Role, User
from crm_platform.identity.services import move_department
from crm_platform.kit.context import system_actor
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.layouts.hosts import host_of
from tests.layouts.pages import row_ids
from tests.objects.world import World, insert_many

PEOPLE = 200
URL = "/api/v1/records/lead?fields=id&limit=200"


@pytest.fixture
def sales(crm: World) -> Department:
    """A department of 200 people, a lead of each of them, beside the department of the head."""
    home = Department.objects.add_child(crm.departments["south"], {"name": "Sales"})
    role, profile = Role.objects.get(api_name="individual"), Profile.objects.get(api_name="sales_rep")
    people = User.objects.bulk_create(
        User(username=f"moved{n}", name=f"M{n}", department=home, role=role, profile=profile) for n in range(PEOPLE)
    )
    insert_many(
        "lead",
        [{"name": f"Lead {n}", "company": "x", "status": "new", "owner": who} for n, who in enumerate(people)],
    )
    return home


@pytest.fixture
def api(crm: World) -> OrganizationAPIClient:
    client = OrganizationAPIClient(host_of(crm))
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {create_key(crm.actor('head'), 'head', list(SCOPES))[1]}")
    return client


def test_the_next_requests_follow_a_department_that_is_moved(
    crm: World, sales: Department, api: OrganizationAPIClient, browser: Callable[[str], OrganizationClient]
) -> None:
    head = browser("head")

    def seen() -> tuple[int, int]:
        page: Any = head.get("/o/lead/").content.decode()
        return len(api.get(URL).json()["data"]), len(row_ids(page))

    assert seen() == (0, 0)
    version = AccessVersion.objects.get().number
    move_department(system_actor(), sales.pk, crm.departments["north"].pk)
    moved = AccessVersion.objects.get().number
    assert moved > version
    assert seen() == (PEOPLE, 50)
    assert AccessVersion.objects.get().number == moved
    move_department(system_actor(), sales.pk, crm.departments["south"].pk)
    assert seen() == (0, 0)
