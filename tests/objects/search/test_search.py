"""Searching: what is found, in which order, by whom, and how soon."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection

from crm_platform.events.services import EventInput, emit
from metadata.compiler.compiled import UnknownObject
from objects.access import field_security
from objects.search.checks import check_database, trigrams_of_chinese
from objects.search.entries import index_records, read_entries, signature
from objects.search.models import SearchEntry
from objects.search.service import matching_ids, search, suggest
from objects.search.terms import SearchText
from tests.objects.world import World, compiled, delete, insert, insert_many


def indexed(world: World, name: str, /, owner: str = "boss", **values: Any) -> uuid.UUID:
    """Insert a record and index it."""
    made = insert(name, owner=world.users[owner], **values)
    index_records(compiled(name).spec.id, [made])
    return made


def found(world: World, text: str, who: str = "boss", **options: Any) -> list[uuid.UUID]:
    return [hit.id for group in search(world.actor(who), text, **options) for hit in group.hits]


@pytest.mark.parametrize(
    "typed",
    [
        "华",
        "华为",
        "华为技",
        "技术有限",
        "有限公司 华为",
        "hw",
        "hwjs",
        "huawei",
        "HuaWei",
        "Ｈｕａｗｅｉ",
        "138-1234",
        "13812345678",
        "1234 5678",
        "+8613812345678",
        "li.na@",
        "LI.NA@HUAWEI.EXAMPLE",
        "li",
        "5g基站",
    ],
)
def test_a_record_is_found_by(world: World, typed: str) -> None:
    values = {"phone": "+8613812345678", "mail": "li.na@huawei.example", "notes": "采购5G基站，年底交付"}
    made = indexed(world, "account", name="华为技术有限公司", **values)
    indexed(world, "account", name="中兴通讯股份", phone="+8613900000000")
    assert found(world, typed) == [made]


@pytest.mark.parametrize("typed", ["华软", "为华", "hwsj", "1381235", "不公开", "%", "_", "华%为", "' OR 1=1 --", "\\"])
def test_a_record_is_not_found_by(world: World, typed: str) -> None:
    indexed(world, "account", name="华为技术", phone="+8613812345678", secret="不公开")
    assert found(world, typed) == []


@pytest.mark.parametrize("typed", ["bjzn", "beijingzhongneng", "bj", "北京 中能"])
def test_every_short_text_is_spelled_and_not_only_the_name(world: World, typed: str) -> None:
    made = indexed(world, "account", name="王伟", notes="北京中能")
    assert found(world, typed) == [made]


def test_wildcards_are_letters_like_any_other(world: World) -> None:
    made = indexed(world, "account", name="涨幅100%_大客户")
    indexed(world, "account", name="涨幅1000大客户")
    assert found(world, "100%_") == [made]


def test_the_record_that_is_called_so_comes_first(world: World) -> None:
    contains = indexed(world, "account", name="上海华为服务中心")
    starts = indexed(world, "account", name="华为终端")
    exact = indexed(world, "account", name="华为")
    elsewhere = indexed(world, "account", name="某某公司", notes="华为的供应商")
    assert found(world, "华为") == [exact, starts, contains, elsewhere]


def test_hits_are_grouped_by_object_and_limited(world: World) -> None:
    for number in range(5):
        indexed(world, "account", name=f"云海科技{number}")
    contact = indexed(world, "contact", name="云海")
    groups = search(world.actor("boss"), "云海", limit=3)
    assert [(group.object.api_name, len(group.hits), group.has_more) for group in groups] == [
        ("account", 3, True),
        ("contact", 1, False),
    ]
    assert groups[1].hits[0].id == contact
    only = search(world.actor("boss"), "云海", objects=["contact"])
    assert [group.object.api_name for group in only] == ["contact"]


def test_a_hit_says_what_it_belongs_to(world: World) -> None:
    account = indexed(world, "account", name="华为技术")
    indexed(world, "contact", name="张伟", account_id=account, phone="+8613812345678")
    hit = search(world.actor("boss"), "张伟")[0].hits[0]
    assert (hit.object, hit.title, hit.name) == ("contact", "张伟", "张伟")
    assert "华为技术" in hit.subtitle
    assert "138" in hit.subtitle


@pytest.mark.parametrize(
    ("who", "sees"),
    [("boss", {"rep", "city", "south"}), ("head", {"rep", "city"}), ("rep", {"rep"}), ("city", {"city"})],
)
def test_nobody_finds_what_he_may_not_read(world: World, who: str, sees: set[str]) -> None:
    made = {owner: indexed(world, "account", owner, name=f"同名公司{owner}") for owner in ("rep", "city", "south")}
    expected = {made[owner] for owner in sees}
    assert set(found(world, "同名公司", who)) == expected
    assert {hit.id for hit in suggest(world.actor(who), "account", "同名公司")} == expected
    assert set(matching_ids(world.actor(who), "account", "同名公司")) == expected


def test_an_old_owner_in_the_index_lets_nobody_in(world: World) -> None:
    """The index may be a moment old: it proposes, the record decides."""
    made = indexed(world, "account", "rep", name="易主公司")
    SearchEntry.objects.filter(pk=made).update(owner_id=world.users["south"].pk)
    assert found(world, "易主公司", "south") == []


def test_children_are_found_through_their_master(world: World) -> None:
    for owner in ("rep", "south"):
        account = indexed(world, "account", owner, name="主单")
        indexed(world, "account_line", owner="boss", name="明细行", account_id=account)
    assert len(found(world, "明细行", "rep")) == 1
    assert len(found(world, "明细行", "boss")) == 2


def test_more_candidates_are_asked_for_when_rights_drop_many(world: World) -> None:
    others = indexed(world, "account", "south", name="别人的")
    mine = indexed(world, "account", "rep", name="自己的")
    rows = [{"owner": world.users["boss"], "name": "明细行", "account_id": others} for _ in range(60)]
    ids = [*insert_many("account_line", rows), insert("account_line", owner=None, name="明细行", account_id=mine)]
    index_records(compiled("account_line").spec.id, ids)
    SearchEntry.objects.filter(pk=ids[-1]).update(updated_at="2020-01-01T00:00Z")  # the last to be proposed
    assert found(world, "明细行", "rep", limit=3) == [ids[-1]]


def test_objects_without_grant_are_unknown(world: World) -> None:
    indexed(world, "secret__c", name="绝密")
    assert found(world, "绝密", "boss") == []
    with pytest.raises(UnknownObject):
        suggest(world.actor("rep"), "secret__c", "绝密")
    with pytest.raises(UnknownObject):
        matching_ids(world.actor("rep"), "secret__c", "绝密")


def test_objects_that_are_not_searched_are_left_out(world: World) -> None:
    indexed(world, "log__c", name="日志")
    assert not SearchEntry.objects.exists()
    assert found(world, "日志") == []


def test_a_field_that_one_may_not_read_finds_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    named = indexed(world, "account", name="一三八公司", phone="+8613911112222")
    by_phone = indexed(world, "account", name="另一家", phone="+8613812345678")
    assert found(world, "1381234") == [by_phone]

    whole = field_security.readable_fields
    hide_phone = lambda actor, obj: tuple(field for field in whole(actor, obj) if field.name != "phone")  # noqa: E731
    names = lambda actor, obj: frozenset(field.name for field in hide_phone(actor, obj))  # noqa: E731
    monkeypatch.setattr(field_security, "readable_fields", hide_phone)
    monkeypatch.setattr(field_security, "readable_names", names)
    assert found(world, "1381234") == []
    assert matching_ids(world.actor("boss"), "account", "1381234") == []
    assert found(world, "一三八") == [named]
    assert "139" not in search(world.actor("boss"), "一三八")[0].hits[0].subtitle


def emitted(name: str, record_id: uuid.UUID, type_: str = "record.created") -> None:
    emit([EventInput(type_, compiled(name).spec.id, name, record_id, 1)])


@pytest.mark.parametrize("typed", ["新", "新客户", "xkh", "xinkehu", "1381234"])
def test_a_record_is_found_before_it_is_indexed(world: World, typed: str) -> None:
    made = insert("account", owner=world.users["rep"], name="新客户公司", phone="+8613812345678")
    emitted("account", made)
    assert found(world, typed, "rep") == [made]
    assert found(world, typed, "south") == []
    assert [hit.id for hit in suggest(world.actor("rep"), "account", typed)] == [made]
    assert matching_ids(world.actor("rep"), "account", typed) == [made]
    assert matching_ids(world.actor("rep"), "account", "别的") == []


def test_a_changed_record_is_found_by_what_it_is_now(world: World) -> None:
    made = indexed(world, "account", name="旧名字公司")
    obj = compiled("account")
    obj.model._base_manager.filter(pk=made).update(**{obj.field("name").main.attr: "改名集团"})
    emitted("account", made, "record.updated")
    assert found(world, "改名") == [made]
    assert found(world, "旧名字") == []
    assert matching_ids(world.actor("boss"), "account", "旧名字") == []


def test_a_deleted_record_is_not_found_even_before_the_index_knows(world: World) -> None:
    made = indexed(world, "account", name="已删公司")
    delete("account", made)
    assert found(world, "已删") == []
    index_records(compiled("account").spec.id, [made])
    assert not SearchEntry.objects.filter(pk=made).exists()


def test_a_lookup_offers_the_newest_when_nothing_is_typed(world: World) -> None:
    made = [insert("account", owner=world.users["rep"], name=f"客户{number}") for number in range(3)]
    offered = suggest(world.actor("rep"), "account", "", 2)
    assert len(offered) == 2
    assert {hit.id for hit in offered} <= set(made)
    assert suggest(world.actor("rep"), "account", "(") == []
    assert suggest(world.actor("south"), "account") == []


def test_sql_and_python_agree_on_what_matches(world: World) -> None:
    texts = ["华为技术", "华 为", "Huawei 上海", "a座b", "2026-01-02", "5G基站", "O'Reilly", "a_b%c", "ｶﾞ", "𠮷野家"]
    obj = compiled("account")
    ids = insert_many("account", [{"owner": None, "name": text} for text in texts])
    index_records(obj.spec.id, ids)
    entries = {entry.record_id: entry for entry in read_entries(obj, ids)}
    for typed in [*texts, "华", "为", "huawei", "hw", "a座", "2026", "20260102", "reilly", "b%c", "ガ", "野", "𠮷野"]:
        asked = SearchText.parse(typed)
        in_sql = set(matching_ids(world.actor("boss"), "account", typed))
        in_python = {key for key, entry in entries.items() if asked.matches(entry.haystack, frozenset(entry.tokens))}
        assert in_sql == in_python, typed
        assert in_sql, typed


def test_the_statement_count_does_not_grow_with_hits(world: World, django_assert_num_queries: Any) -> None:
    for number in range(12):
        indexed(world, "account", name=f"计数公司{number}")
    actor = world.actor("boss")
    search(actor, "别的")
    with django_assert_num_queries(3):  # what is pending, the index, the records of the one object with hits
        search(actor, "计数公司")


def test_the_signature_moves_with_the_searchable_fields(world: World) -> None:
    account, contact = compiled("account").spec, compiled("contact").spec
    assert signature(account) == signature(account)
    assert signature(account) != signature(contact)


def test_the_database_can_search_chinese(world: World) -> None:
    assert check_database("default") == []
    assert trigrams_of_chinese(databases=["default"]) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(show_trgm('华为'))")
        assert cursor.fetchone()[0] == 3
