"""Generated FilterSets: complete, cheap, and the same reading of both spellings."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from django.http import QueryDict

from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.current import current_snapshot
from metadata.compiler.snapshot import SchemaSnapshot
from objects.query import conditions
from objects.query.conditions import All, Condition, Tree
from objects.query.filters import Asked, filter_set, parse_brackets, parse_flat, to_flat
from tests.objects.world import World, compiled


def test_every_field_has_a_filter_for_each_of_its_operators(world: World) -> None:
    for spec in current_snapshot().objects():
        obj = compiled(spec.api_name)
        names = set(filter_set(obj).base_filters)
        assert names == {f"{field.name}__{key}" for field in obj for key in field.type.filters(field.spec)}
        assert all(field.type.filters(field.spec) for field in obj)


def test_a_request_copies_only_the_filters_that_it_names(world: World) -> None:
    asked = [Asked("filter[name][eq]", "name", "eq", ("x",)), Asked("filter[firm.name][eq]", "firm.name", "eq", ("y",))]
    made = filter_set(compiled("deal"))(asked)
    assert set(made.filters) == {"name__eq", "firm.name__eq"}
    assert all(made.filters[name] is not filter_set(compiled("deal")).base_filters.get(name) for name in made.filters)


def test_filter_sets_are_made_once_per_version(world: World) -> None:
    assert filter_set(compiled("deal")) is filter_set(compiled("deal"))
    assert filter_set(compiled("deal")) is not filter_set(compiled("firm"))


def test_filter_sets_go_with_their_snapshot(world: World) -> None:
    snapshot = SchemaSnapshot(world.schema_name, 10**9, current_snapshot().spec)
    import metadata.compiler.current as current

    pins = current._pins.get()
    assert pins is not None
    before, pins[world.schema_name] = pins[world.schema_name], snapshot
    try:
        parse_brackets(snapshot.object("deal"), {"filter[firm.name][eq]": "x"})
        dying = [weakref.ref(filter_set(snapshot.object(name))) for name in ("deal", "firm")]
    finally:
        pins[world.schema_name] = before
    del snapshot
    gc.collect()
    assert [ref() for ref in dying] == [None, None]


SPELLINGS: list[tuple[dict[str, Any], dict[str, Any], Tree | None]] = [
    ({}, {}, None),
    ({"filter[name][eq]": "x"}, {"name__eq": "x"}, Condition("name", "eq", "x")),
    ({"filter[stage][in]": "won,open"}, {"stage__in": "won, open"}, Condition("stage", "in", ["won", "open"])),
    ({"filter[stage][in]": ["won", "open"]}, {"stage__in": ["won", "open"]}, Condition("stage", "in", ["won", "open"])),
    ({"filter[amount][between]": "1,2"}, {"amount__between": "1,2"}, Condition("amount", "between", ["1", "2"])),
    ({"filter[amount][empty]": ""}, {"amount__empty": ""}, Condition("amount", "empty")),
    ({"filter[firm.industry][eq]": "tech"}, {"firm.industry__eq": "tech"}, Condition("firm.industry", "eq", "tech")),
    ({"filter[done__c]": "true"}, {"done__c": "true"}, Condition("done__c", "eq", "true")),
    ({"filter[done__c][ne]": "true"}, {"done__c__ne": "true"}, Condition("done__c", "ne", "true")),
    ({"filter[name][contains]": "a,b"}, {"name__contains": "a,b"}, Condition("name", "contains", "a,b")),
]


@pytest.mark.parametrize(("brackets", "flat", "tree"), SPELLINGS)
def test_both_spellings_say_the_same(
    world: World, brackets: dict[str, Any], flat: dict[str, Any], tree: Tree | None
) -> None:
    obj = compiled("deal")
    assert parse_brackets(obj, brackets) == tree
    assert parse_flat(obj, flat) == tree
    pairs = to_flat(tree)
    assert pairs is not None
    assert parse_flat(obj, dict(pairs)) == tree


def test_several_filters_hold_together(world: World) -> None:
    query = QueryDict("filter[name][contains]=a&filter[name][contains]=b&filter[score][gt]=1&limit=5")
    expected = All(
        [Condition("name", "contains", "a"), Condition("name", "contains", "b"), Condition("score", "gt", "1")]
    )
    assert parse_brackets(compiled("deal"), query) == expected


def test_an_input_left_empty_on_a_page_filters_nothing_but_over_the_api_it_is_an_error(world: World) -> None:
    obj = compiled("deal")
    assert parse_flat(obj, {"name__contains": " ", "score__gte": ""}) is None
    tree = parse_brackets(obj, {"filter[name][contains]": ""})
    assert tree == Condition("name", "contains", "")  # refused when it is bound


@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        ("filter[nope][eq]", "unknown_field"),
        ("filter[firm.nope][eq]", "unknown_field"),
        ("filter[name][gt]", "invalid_choice"),
        ("filter[name][__class__]", "invalid_choice"),
    ],
)
def test_the_parameter_is_named_in_the_error(world: World, parameter: str, code: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        parse_brackets(compiled("deal"), {parameter: "x"})
    (error,) = caught.value.errors
    assert (error.code, error.params["pointer"]) == (code, parameter)


def test_a_tree_that_is_no_conjunction_has_no_flat_form() -> None:
    assert to_flat(conditions.Not(Condition("name", "eq", "x"))) is None
    assert to_flat(None) == []


def test_json_round_trip() -> None:
    data = {
        "and": [
            {"field": "name", "op": "eq", "value": "x"},
            {"or": [{"field": "score", "op": "in", "value": [1, 2]}, {"not": {"field": "score", "op": "empty"}}]},
        ]
    }
    tree = conditions.from_json(data)
    assert conditions.to_json(tree) == data
    assert conditions.from_json(conditions.to_json(tree)) == tree
    assert hash(tree) == hash(conditions.from_json(data))
    assert conditions.from_json(None) is conditions.from_json({}) is conditions.from_json([]) is None
