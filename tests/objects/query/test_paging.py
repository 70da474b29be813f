"""Keyset paging: every row once, whatever the order, the empty values, and the writes in between."""

from __future__ import annotations

import base64
import itertools
import random
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crm_platform.kit.errors import CursorExpired
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from tests.objects.world import World, compiled, insert_many

ORDERS = [
    (),
    ("name",),
    ("-name",),
    ("score",),
    ("-score",),
    ("amount", "-close_on"),
    ("-amount", "close_on"),
    ("close_on", "score", "-name"),
    ("-close_on", "-score"),
    ("stage", "-amount"),
    ("-stage",),
    ("done__c", "score"),
    ("created_at",),
    ("score", "-created_at"),
    ("id",),
    ("firm_id", "name"),
    ("-firm.name",),
    ("firm.industry", "-score"),
]


def random_deals(world: World, count: int, seed: int = 1) -> list[uuid.UUID]:
    """Deals with many equal and many empty values."""
    rng = random.Random(seed)
    firms = insert_many(
        "firm",
        [{"name": f"F{n}", "industry": rng.choice(["tech", None]), "owner": world.users["boss"]} for n in range(4)],
    )
    rows = []
    for _number in range(count):
        amount = rng.choice([None, Decimal("10.00"), Decimal("10.50"), Decimal("99999999.99")])
        rows.append(
            {
                "name": rng.choice(["甲", "b", "B", "华为", "a'b", "%"]),
                "score": rng.choice([None, None, 1, 2, 3]),
                "amount": {"": amount, "_base": amount},
                "close_on": rng.choice([None, date(2026, 1, 1), date(2026, 2, 1)]),
                "stage": rng.choice([None, "won", "open", "lost"]),
                "done__c": rng.random() < 0.5,
                "firm_id": rng.choice([*firms, None]),
                "owner": world.users["boss"],
            }
        )
    return insert_many("deal", rows)


def walk(query: RecordQuery, limit: int) -> list[list[Any]]:
    """Return the pages of ids, following the cursors."""
    pages, cursor = [], None
    for _number in range(1000):
        page = query.fields("id").page(limit, cursor)
        pages.append([row[0] for row in page.rows])
        assert page.has_more == (page.next_cursor is not None)
        if page.next_cursor is None:
            return pages
        assert len(page.rows) == limit
        cursor = page.next_cursor
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: ",".join(order) or "default")
def test_pages_are_the_slices_of_the_whole(world: World, order: tuple[str, ...]) -> None:
    ids = random_deals(world, 57)
    query = RecordQuery(world.actor("boss"), "deal").order(*order)
    whole = [row[0] for row in query.fields("id").page(1000).rows]
    assert sorted(whole) == sorted(map(str, ids))
    for limit in (1, 7, 19, 56, 57):
        assert list(itertools.chain(*walk(query, limit))) == whole


def test_empty_values_come_last_ascending_and_first_descending(world: World) -> None:
    random_deals(world, 40)
    query = RecordQuery(world.actor("boss"), "deal").fields("score")
    ascending = [row[0] for row in query.order("score").page(100).rows]
    descending = [row[0] for row in query.order("-score").page(100).rows]
    full = [value for value in ascending if value is not None]
    assert ascending == sorted(full) + [None] * (40 - len(full))
    assert descending == list(reversed(ascending))


def test_stages_are_ordered_as_their_choices_are(world: World) -> None:
    random_deals(world, 40)
    rows = RecordQuery(world.actor("boss"), "deal").fields("stage").order("stage").page(100).rows
    found = [value for value, _group in itertools.groupby(row[0] for row in rows)]
    assert found == ["open", "won", "lost", None]


@pytest.mark.parametrize("order", [(), ("score",), ("-score",), ("name", "-score"), ("-amount", "close_on")])
def test_writes_between_pages_lose_and_repeat_nothing(world: World, order: tuple[str, ...]) -> None:
    """Rows come and go while somebody pages: those that stayed all along are seen exactly once."""
    ids = random_deals(world, 60)
    rng = random.Random(5)
    query = RecordQuery(world.actor("boss"), "deal").order(*order).fields("id")
    doomed = set(rng.sample(ids, 10))
    seen: list[str] = []
    cursor = None
    for round_number in range(100):
        page = query.page(7, cursor)
        seen += [row[0] for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
        random_deals(world, 3, seed=1000 + round_number)
        if doomed:
            compiled("deal").model._base_manager.filter(pk=doomed.pop()).delete()
        if round_number > 20:  # enough came in: let the pages run out
            query_rest = query.page(1000, cursor)
            seen += [row[0] for row in query_rest.rows]
            break
    assert len(seen) == len(set(seen))
    stayed = set(map(str, compiled("deal").model._base_manager.filter(pk__in=ids).values_list("pk", flat=True)))
    assert stayed <= set(seen)


def test_pages_for_people_follow_the_same_cursors(world: World) -> None:
    random_deals(world, 20)
    query = RecordQuery(world.actor("boss"), "deal").order("-amount", "name").fields("name")
    whole = query.display(100).ids
    first = query.display(8)
    second = query.display(8, first.next_cursor)
    assert first.ids + second.ids == whole[:16]
    assert query.display(4, offset=16).ids == whole[16:]


def test_a_row_more_than_the_limit_is_never_returned(world: World) -> None:
    random_deals(world, 10)
    query = RecordQuery(world.actor("boss"), "deal")
    assert len(query.page(10).rows) == 10
    assert not query.page(10).has_more
    assert query.page(9).has_more
    assert len(query.page(0).rows) == 1
    assert len(query.page(10**9).rows) == 10


def next_cursor(query: RecordQuery) -> str:
    cursor = query.page(3).next_cursor
    assert cursor is not None
    return cursor


@pytest.mark.parametrize("position", [0, 5, 15, 16, 20, 40, -3])
def test_an_altered_cursor_is_refused(world: World, position: int) -> None:
    random_deals(world, 10)
    query = RecordQuery(world.actor("boss"), "deal").order("name")
    raw = bytearray(base64.urlsafe_b64decode(next_cursor(query) + "=="))
    raw[position] ^= 1
    with pytest.raises(CursorExpired):
        query.page(3, base64.urlsafe_b64encode(bytes(raw)).decode())


@pytest.mark.parametrize("cursor", ["x", "é", "AAAA", "=" * 50, "A" * 9000, "%00", "' OR 1=1 --"])
def test_nonsense_is_no_cursor(world: World, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        RecordQuery(world.actor("boss"), "deal").page(3, cursor)


def test_a_cursor_is_good_for_its_own_query_only(world: World) -> None:
    random_deals(world, 10)
    boss = world.actor("boss")
    query = RecordQuery(boss, "deal").order("name")
    cursor = next_cursor(query)
    assert query.fields("name", "amount").page(5, cursor).rows  # other fields and limits are fine
    others = [
        RecordQuery(boss, "deal").order("-name"),
        RecordQuery(boss, "deal").order("name", "score"),
        RecordQuery(boss, "deal").order("name").where(Condition("score", "gt", 0)),
        RecordQuery(boss, "deal").order("name").trash(),
        RecordQuery(boss, "firm").order("name"),
        RecordQuery(world.actor("head"), "deal").order("name"),
    ]
    for other in others:
        with pytest.raises(CursorExpired):
            other.page(3, cursor)


def test_a_cursor_is_good_in_its_own_organisation_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    random_deals(world, 10)
    query = RecordQuery(world.actor("boss"), "deal")
    cursor = next_cursor(query)
    monkeypatch.setattr("objects.query.paging.current_schema", lambda: "elsewhere")
    with pytest.raises(CursorExpired):
        query.page(3, cursor)
