"""The list page: rows, order, filters in the address, paging, columns, counts, empty states."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from crm_platform.kit.context import system_actor
from metadata.services import update_field
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.objects.world import World

HTMX = {"HX-Request": "true"}


def make_leads(records: RecordService, count: int, **values: Any) -> list[Any]:
    rows = [{"name": f"客户{number:03}", "company": f"公司{number:03}", **values} for number in range(count)]
    results = records.bulk_create("lead", rows)
    assert all(not result.errors for result in results), results
    return [result.id for result in results]


def names(html: str) -> list[str]:
    """Return the texts of the rows' links to their records, in order."""
    return re.findall(r'<td class="primary"[^>]*><a href="[^"]+">([^<]+)</a>', html)


def link(html: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', html)
    assert found, f"no {rel} link"
    return unescape(found[1])


def test_list_shows_records_with_their_cells(rep: OrganizationClient, records: RecordService) -> None:
    records.create("lead", {"name": "王明月", "company": "博澜医疗", "status": "working", "expected_amount": "1234.5"})
    html = rep.get("/o/lead/").content.decode()
    assert names(html) == ["王明月"]
    assert "博澜医疗" in html
    assert "1,234.50" in html
    assert '<span class="tag tag-orange">' in html


def test_htmx_gets_only_the_fragment(rep: OrganizationClient, records: RecordService) -> None:
    make_leads(records, 2)
    page = rep.get("/o/lead/").content.decode()
    fragment = rep.get("/o/lead/", headers=HTMX).content.decode()
    assert "<html" in page
    assert "<html" not in fragment
    assert names(fragment) == names(page)
    assert 'id="list-count" hx-swap-oob="true"' in fragment


def test_sorting_by_a_heading_turns_round_the_second_time(rep: OrganizationClient, records: RecordService) -> None:
    make_leads(records, 3)
    up = rep.get("/o/lead/?sort=name").content.decode()
    assert names(up) == ["客户000", "客户001", "客户002"]
    assert 'aria-sort="ascending"' in up
    assert "sort=-name" in up
    assert names(rep.get("/o/lead/?sort=-name").content.decode()) == ["客户002", "客户001", "客户000"]


def test_pages_go_forward_and_back_by_cursor(rep: OrganizationClient, records: RecordService) -> None:
    make_leads(records, 120)
    seen, url, pages = [], "/o/lead/?sort=name", []
    for _page in range(3):
        html = rep.get(url).content.decode()
        pages.append(names(html))
        seen += names(html)
        if 'rel="next"' in html:
            url = link(html, "next")
    assert len(seen) == len(set(seen)) == 120
    back = link(html, "prev")
    assert names(rep.get(back).content.decode()) == pages[1]
    first = link(rep.get(back).content.decode(), "prev")
    assert names(rep.get(first).content.decode()) == pages[0]


def test_a_cursor_of_another_query_starts_again_from_the_first_page(
    rep: OrganizationClient, records: RecordService
) -> None:
    make_leads(records, 60)
    next_url = link(rep.get("/o/lead/?sort=name").content.decode(), "next")
    answer = rep.get(next_url.replace("sort=name", "sort=-name"))
    assert answer.status_code == 302
    assert "cursor" not in answer["Location"]


def test_the_count_is_capped(rep: OrganizationClient, records: RecordService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("objects.query.totals.CAP", 55)
    make_leads(records, 60)
    assert "55+ 条" in rep.get("/o/lead/").content.decode()


def test_a_view_brings_its_conditions_as_chips_and_one_can_be_taken_away(
    rep: OrganizationClient, records: RecordService
) -> None:
    records.create("lead", {"name": "新线索", "company": "甲", "status": "new"})
    records.create("lead", {"name": "跟进线索", "company": "乙", "status": "working"})
    html = rep.get("/o/lead/?view=new").content.decode()
    assert names(html) == ["新线索"]
    assert "状态" in html
    remove = unescape(re.search(r'class="chip-remove" href="([^"]+)"', html)[1])  # type: ignore[index]
    assert set(names(rep.get(remove).content.decode())) == {"新线索", "跟进线索"}


def test_a_nested_condition_of_a_view_survives_the_removal_of_another(
    rep: OrganizationClient, records: RecordService
) -> None:
    records.create("lead", {"name": "从未跟进", "company": "甲", "status": "invalid"})
    html = rep.get("/o/lead/?view=not_followed").content.decode()
    assert names(html) == []
    remove = unescape(re.search(r'class="chip-remove" href="([^"]+)"', html)[1])  # type: ignore[index]
    changed = rep.get(remove).content.decode()
    assert names(changed) == ["从未跟进"]
    assert " 或 " in changed


def test_the_address_filters_in_the_flat_form(rep: OrganizationClient, records: RecordService) -> None:
    records.create("lead", {"name": "甲", "company": "a", "status": "new", "city": "上海"})
    records.create("lead", {"name": "乙", "company": "b", "status": "working", "city": "北京"})
    assert names(rep.get("/o/lead/?city__contains=上").content.decode()) == ["甲"]
    assert set(names(rep.get("/o/lead/?status__in=new,working").content.decode())) == {"甲", "乙"}


def test_an_unknown_field_is_explained_on_a_page(rep: OrganizationClient) -> None:
    answer = rep.get("/o/lead/?salary__gt=1")
    assert answer.status_code == 422
    assert "salary" in answer.content.decode()
    assert answer.content.decode().count("<h1") == 1


def test_quick_search_finds_within_the_list(rep: OrganizationClient, records: RecordService) -> None:
    records.create("lead", {"name": "华为采购", "company": "甲"})
    records.create("lead", {"name": "中兴采购", "company": "乙"})
    assert names(rep.get("/o/lead/?q=华为").content.decode()) == ["华为采购"]


def test_empty_states_tell_no_records_from_no_match(rep: OrganizationClient, records: RecordService) -> None:
    assert "暂无" in rep.get("/o/lead/").content.decode()
    make_leads(records, 1)
    nothing = rep.get("/o/lead/?name__eq=x").content.decode()
    assert "没有符合条件的记录" in nothing


def test_each_person_sees_his_own_records(browser: Callable[[str], OrganizationClient], records: RecordService) -> None:
    make_leads(records, 2)
    assert len(names(browser("rep").get("/o/lead/").content.decode())) == 2
    assert names(browser("south").get("/o/lead/").content.decode()) == []
    assert len(names(browser("boss").get("/o/lead/").content.decode())) == 2


def test_columns_are_kept_for_each_user(
    browser: Callable[[str], OrganizationClient], records: RecordService, crm: World
) -> None:
    make_leads(records, 1, wechat="wx123")
    rep = browser("rep")
    assert "wx123" not in rep.get("/o/lead/").content.decode()
    answer = rep.post("/o/lead/columns", {"columns": ["name", "wechat", "campaign.budget"]})
    assert answer.status_code == 302
    html = rep.get("/o/lead/").content.decode()
    assert "wx123" in html
    assert re.findall(r'data-label="([^"]+)"', html) == ["姓名", "微信号", "市场活动 / 预算", "剩余天数"]
    assert "wx123" not in browser("boss").get("/o/lead/").content.decode()
    rep.post("/o/lead/columns", {"reset": "1"})
    assert "wx123" not in rep.get("/o/lead/").content.decode()


def test_a_view_saved_from_the_list_keeps_what_it_shows(
    browser: Callable[[str], OrganizationClient], records: RecordService
) -> None:
    records.create("lead", {"name": "甲", "company": "a", "city": "上海"})
    records.create("lead", {"name": "乙", "company": "b", "city": "北京"})
    rep = browser("rep")
    answer = rep.post("/o/lead/views/new?city__eq=上海&sort=-name", {"label": "上海线索"})
    assert answer.status_code == 302
    html = rep.get(answer["Location"]).content.decode()
    assert "<h1>上海线索</h1>" in html
    assert names(html) == ["甲"]
    assert "上海线索" not in browser("boss").get("/o/lead/").content.decode()


def test_kept_parts_follow_what_they_show(rep: OrganizationClient, records: RecordService) -> None:
    make_leads(records, 2)
    for _time in range(2):
        plain, sorted_up = rep.get("/o/lead/").content.decode(), rep.get("/o/lead/?sort=name").content.decode()
        filtered = rep.get("/o/lead/?company__eq=Nobody%20%3C3").content.decode()
        assert 'aria-sort="ascending"' not in plain and 'aria-sort="ascending"' in sorted_up
        assert "chip-remove" not in plain and "Nobody &lt;3" in filtered
    update_field(system_actor(), "lead", "company", label={"en": "Firm <1>", "zh-hans": "公司<甲>"})
    relabelled = rep.get("/o/lead/").content.decode()
    assert "公司&lt;甲&gt;" in relabelled[: relabelled.index("<tbody>")] and "公司&lt;甲&gt;" not in plain
