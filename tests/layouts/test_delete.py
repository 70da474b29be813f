"""Deleting, the trash, and what is done to many rows at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from crm_platform.kit.context import Actor
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import row_names
from tests.objects.world import World

HTMX = {"HX-Request": "true"}


@pytest.fixture
def contract(records: RecordService) -> Any:
    account = records.create("account", {"name": "云途信息"}).id
    made = records.create("contract", {"name": "框架合同", "account_id": account, "amount": "9"})
    product = records.create("product", {"name": "CRM", "code": "C-1"}).id
    for _line in range(3):
        records.create("contract_line", {"contract_id": made.id, "product_id": product, "quantity": "1"})
    return made


def test_the_question_names_what_goes_along(rep: OrganizationClient, contract: Any) -> None:
    html = rep.get(f"/o/contract/{contract.id}/delete").content.decode()
    assert "删除“框架合同”？" in html
    assert re.search(r"<li>3 \S+</li>", html)
    fragment = rep.get(f"/o/contract/{contract.id}/delete", headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert "框架合同" in fragment


def test_what_is_held_can_t_be_deleted_and_the_page_says_why(
    rep: OrganizationClient, records: RecordService, rep_actor: Actor
) -> None:
    account = records.create("account", {"name": "云途信息"}).id
    records.create("opportunity", {"name": "项目", "account_id": account, "close_date": "2030-01-01"})
    html = rep.get(f"/o/account/{account}/delete").content.decode()
    assert "商机引用它" in html
    assert (
        'class="btn btn-danger"'
        not in html[html.index("dialog-body") : html.index("</form>", html.index("dialog-body"))]
    )
    answer = rep.post(f"/o/account/{account}/delete", follow=True)
    assert "toast-error" in answer.content.decode()
    assert RecordQuery(rep_actor, "account").where_ids([account]).exists()


def test_delete_goes_to_the_list_with_a_way_back(rep: OrganizationClient, contract: Any, rep_actor: Actor) -> None:
    answer = rep.post(f"/o/contract/{contract.id}/delete", follow=True)
    html = answer.content.decode()
    assert answer.redirect_chain == [("/o/contract/", 302)]
    undo = re.search(r'form="undo-form" formaction="(/trash/[^"]+/restore)"', html)
    assert undo
    assert rep.get(f"/o/contract/{contract.id}").status_code == 404
    rep.post(undo[1])
    assert rep.get(f"/o/contract/{contract.id}").status_code == 200
    assert RecordQuery(rep_actor, "contract_line").count("exact").value == 3


def test_trash_shows_mine_or_all_that_i_may_see(
    browser: Callable[[str], OrganizationClient], records: RecordService, contract: Any
) -> None:
    browser("rep").post(f"/o/contract/{contract.id}/delete")
    mine = browser("rep").get("/trash/").content.decode()
    assert "框架合同" in mine
    assert "3 " in mine
    assert "框架合同" not in browser("boss").get("/trash/").content.decode()
    assert "框架合同" in browser("boss").get("/trash/?show=all").content.decode()
    assert "框架合同" not in browser("south").get("/trash/?show=all").content.decode()


def test_who_may_not_see_a_record_can_t_restore_it(
    browser: Callable[[str], OrganizationClient], records: RecordService, contract: Any
) -> None:
    deletion = records.delete("contract", contract.id)
    assert browser("south").post(f"/trash/{deletion}/restore").status_code == 404
    assert browser("rep").get(f"/trash/{deletion}/restore").status_code == 405
    assert browser("rep").post(f"/trash/{deletion}/restore").status_code == 302
    assert browser("rep").post(f"/trash/{deletion}/restore").status_code == 404


# --- many rows ------------------------------------------------------------------------------------------------
@pytest.fixture
def three(records: RecordService) -> list[str]:
    return [str(records.create("lead", {"name": f"线索{n}", "company": "甲"}).id) for n in range(3)]


def test_selected_rows_are_deleted_after_a_question(rep: OrganizationClient, three: list[str]) -> None:
    asked = rep.post("/o/lead/delete-selected", {"ids": three[:2]})
    assert asked.status_code == 200
    assert asked.content.decode().count('name="ids"') == 2
    assert len(row_names(rep.get("/o/lead/").content.decode())) == 3
    answer = rep.post("/o/lead/delete-selected", {"ids": three[:2], "confirmed": "1"}, follow=True)
    assert "2 条记录移入回收站" in answer.content.decode()
    assert row_names(rep.get("/o/lead/").content.decode()) == ["线索2"]


def test_rows_of_others_are_left_out_of_a_bulk_action(
    browser: Callable[[str], OrganizationClient], three: list[str], rep_actor: Actor
) -> None:
    south = browser("south")
    assert 'name="ids"' not in south.post("/o/lead/delete-selected", {"ids": three}).content.decode()
    south.post("/o/lead/delete-selected", {"ids": [*three, "x", ""], "confirmed": "1"})
    south.post("/o/lead/assign", {"ids": three, "owner_id": str(rep_actor.user_id)})
    assert RecordQuery(rep_actor, "lead").count("exact").value == 3


def test_selected_rows_get_a_new_owner(browser: Callable[[str], OrganizationClient], crm: World) -> None:
    head, service = browser("head"), RecordService(crm.actor("head"))
    ids = [str(service.create("lead", {"name": f"线索{n}", "company": "甲"}).id) for n in range(2)]
    assert "combobox" not in head.post("/o/lead/assign", {"ids": ids}).content.decode()
    missing = head.post("/o/lead/assign", {"ids": ids, "owner_id": ""})
    assert missing.status_code == 422
    head.post("/o/lead/assign", {"ids": ids, "owner_id": str(crm.users["city"].pk)})
    assert RecordQuery(crm.actor("city"), "lead").count("exact").value == 2


def test_a_bulk_action_says_what_it_could_not_do(rep: OrganizationClient, three: list[str], crm: World) -> None:
    sent = {"ids": three, "owner_id": str(crm.users["rep"].pk)}  # whose they are already
    answer = rep.post("/o/lead/assign", sent, follow=True).content.decode()
    assert "3 条记录未作改动" in answer
