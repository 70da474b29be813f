"""The pages that explain access: why, who else, and what other rights would change."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_platform.identity.models import Profile, Role
from crm_platform.identity.services import bump_access_version, grant_function
from crm_platform.kit.context import system_actor
from objects.access.audience import who_can
from objects.records.service import RecordService
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.objects.world import World

Sign = Callable[[str], OrganizationClient]
EXPLAIN = "/setup/access/explain"


@pytest.fixture
def lead_id(records: RecordService) -> str:
    return str(records.create("lead", {"name": "马伟", "company": "凌云智造"}).id)


@pytest.fixture
def manager(crm: World, browser: Sign) -> OrganizationClient:
    """The browser of somebody who manages users and sees all records by role."""
    profile = crm.users["boss"].profile
    assert profile is not None
    grant_function(system_actor(), profile.api_name, "identity.manage_users")
    return browser("boss")


def text_of(answer: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(answer.content.decode())))  # type: ignore[attr-defined]


def test_somebody_reads_why_he_may(browser: Sign, lead_id: str) -> None:
    rep = browser("rep")
    page = rep.get(f"/o/lead/{lead_id}").content.decode()
    assert f"record={lead_id}" in page
    answer = rep.get(f"{EXPLAIN}?record_object=lead&record={lead_id}&action=edit")
    shown = text_of(answer)
    assert answer.status_code == 200
    assert "Rep可以：编辑 · 线索 · 马伟" in shown
    assert "Rep是记录的负责人。" in shown
    assert "/setup/users/" not in answer.content.decode()


def test_a_record_that_one_does_not_see_is_unknown(browser: Sign, lead_id: str, crm: World) -> None:
    south = browser("south")
    shown = text_of(south.get(f"{EXPLAIN}?record_object=lead&record={lead_id}&action=read"))
    assert "没有这条记录。" in shown
    assert "马伟" not in shown
    assert south.get(f"/o/lead/{lead_id}/access").status_code == 404
    other = crm.users["rep"].pk
    shown = text_of(south.get(f"{EXPLAIN}?record_object=lead&action=create&user={other}"))
    assert "South可以：新建" in shown, "somebody who manages no users is told about himself"


def test_who_manages_users_asks_about_others(manager: OrganizationClient, lead_id: str, crm: World) -> None:
    south = crm.users["south"].pk
    answer = manager.get(f"{EXPLAIN}?record_object=lead&record={lead_id}&action=read&user={south}")
    shown = text_of(answer)
    assert "South不可以：查看" in shown or "South不可以：读取" in shown
    assert "没有任何规则让South对这条记录执行此操作。" in shown
    assert "is-denies" in answer.content.decode()
    assert manager.get(f"{EXPLAIN}?record_object=lead&action=read&field=name&user={south}").status_code == 200


def test_who_can_see_a_record_is_listed_with_reasons(manager: OrganizationClient, lead_id: str) -> None:
    shown = text_of(manager.get(f"/o/lead/{lead_id}/access"))
    assert "Rep是记录的负责人。" in shown
    assert "角色“部门负责人”" in shown
    assert "South" not in shown
    assert "没有人。" in text_of(manager.get(f"/o/lead/{lead_id}/access?q=nobody&page=x&action=x"))


def test_other_rights_are_tried_and_not_saved(manager: OrganizationClient, lead_id: str, crm: World) -> None:
    south = crm.users["south"]
    address = f"/setup/access/simulate/{south.pk}"
    assert "模拟权限变更" in manager.get(f"/setup/users/{south.pk}").content.decode()
    assert manager.get(address).status_code == 200
    role, profile = Role.objects.get(api_name="everything"), Profile.objects.get(api_name="sales_rep")
    given = {"role": role.pk, "profile": profile.pk, "department": south.department_id}
    shown = text_of(manager.post(address, given))
    assert "线索 +1 +1" in shown
    south.refresh_from_db()
    assert south.role != role
    assert manager.post(address, {**given, "role": "999999"}).status_code == 422


def test_the_statements_do_not_follow_the_number_of_people(crm: World, lead_id: str) -> None:
    def asked() -> int:
        bump_access_version()
        with CaptureQueriesContext(connection) as statements:
            who_can(system_actor(), "lead", lead_id)  # type: ignore[arg-type]
        return len(statements)

    few = asked()
    for number in range(30):
        make.user(f"more{number}", role="department_head", department=crm.departments["north"])
    assert asked() == few
