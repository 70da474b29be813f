"""The search page, its panel, and what pickers offer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from objects.records.service import RecordService
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.objects.world import World

HTMX = {"HX-Request": "true"}


@pytest.fixture
def some(records: RecordService) -> None:
    records.create("account", {"name": "华为技术", "phone": "075512345678"})
    records.create("lead", {"name": "华为采购", "company": "星海物流"})


def test_search_groups_hits_by_object(rep: OrganizationClient, some: None) -> None:
    html = rep.get("/search?q=华为").content.decode()
    assert html.count("<h1") == 1
    assert html.count('class="line-main"') == 2
    only = rep.get("/search?q=华为&object=lead").content.decode()
    assert only.count('class="line-main"') == 1


def test_the_panel_is_a_fragment_that_leads_to_all(rep: OrganizationClient, some: None) -> None:
    html = rep.get("/search?q=华为&fragment=1", headers=HTMX).content.decode()
    assert "<html" not in html
    assert html.count('class="search-hit"') == 2
    assert "/search?q=%E5%8D%8E%E4%B8%BA" in html


def test_search_without_words_or_hits_says_so(rep: OrganizationClient) -> None:
    assert rep.get("/search").status_code == 200
    assert "没有找到" in rep.get("/search?q=不存在的东西").content.decode()


def test_others_find_nothing_of_it(browser: Callable[[str], OrganizationClient], some: None) -> None:
    assert "华为技术" not in browser("south").get("/search?q=华为").content.decode()
    assert browser("south").get("/lookup/account?q=华为").json()["results"] == []


def test_picker_offers_records_with_their_kind(rep: OrganizationClient, some: None) -> None:
    (found,) = rep.get("/lookup/account?q=华为").json()["results"]
    assert found["name"] == "华为技术"
    assert found["object"] == "account"
    assert rep.get("/lookup/account").json()["results"], "without words the newest are offered"
    assert rep.get("/lookup/nothing", headers={"Accept": "application/json"}).status_code == 404


def test_users_and_departments_come_in_pages(rep: OrganizationClient, crm: World) -> None:
    for number in range(25):
        make.user(name=f"员工{number:02}")
    first, second = (rep.get(f"/lookup/user?q=员工&page={page}").json() for page in (1, 2))
    assert (len(first["results"]), first["more"]) == (20, True)
    assert (len(second["results"]), second["more"]) == (5, False)
    assert not {item["id"] for item in first["results"]} & {item["id"] for item in second["results"]}
    assert rep.get("/lookup/department?q=North").json()["results"][0]["name"] == "North"


def test_deactivated_users_are_not_offered(rep: OrganizationClient, crm: World) -> None:
    make.user(name="离职员工", is_active=False)
    assert rep.get("/lookup/user?q=离职").json()["results"] == []
    assert rep.get("/lookup/user?page=x").status_code == 200
