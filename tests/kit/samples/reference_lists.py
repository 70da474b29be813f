"""Samples of the types that point at several things."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from metadata.field_types.reference_lists import Link
from metadata.field_types.values import Reference
from tests.kit.samples.shapes import FieldSamples, Invalid, Match, SampleIds, Valid, match

NO_LIST = tuple(Invalid(raw, "invalid_type") for raw in (5, True, {}, "x", 1.5, {"id": "x"}, "a,b"))


def _lists(ids: Sequence[uuid.UUID], target: str) -> dict[str, Any]:
    """Return what samples of all lists of references without attributes have in common."""
    first, second, third = ids
    one, two = Reference(target, first), Reference(target, second)
    return {
        "valid": (
            *(Valid(raw, None, []) for raw in (None, "", [], (), [None, ""])),
            Valid([str(first)], (one,), [str(first)]),
            Valid([second, first.hex.upper(), str(second)], (two, one), [str(second), str(first)]),
            Valid((one, two), (one, two), [str(first), str(second)]),
            Valid([{"id": str(first)}, {"object": target, "id": second}], (one, two), [str(first), str(second)]),
        ),
        "invalid": (
            *NO_LIST,
            Invalid(["x"], "invalid_reference"),
            Invalid([str(first), "Acme"], "invalid_reference"),
            Invalid([{"object": "other", "id": str(first)}], "invalid_reference"),
            Invalid([5], "invalid_type"),
            Invalid([[str(first)]], "invalid_type"),
            Invalid([str(first), str(second), str(third)], "too_long"),
        ),
        "rows": ([str(first), str(second)], [str(second)], [str(third)], None),
        "ascending": (),
        "texts": (
            (None, "", ""),
            ((Reference(target, first, "陈静"), Reference(target, second, "Lily")), "陈静, Lily", "陈静、Lily"),
            ((Reference(target, first, "陈静"), Reference(target, second)), "陈静, +1", "陈静、+1"),
        ),
        "update": [str(second), str(third)],
    }


def _matches(ids: Sequence[uuid.UUID]) -> tuple[Match, ...]:
    first, second, third = map(str, ids)
    return (
        match("any", [first, third], 0, 2),
        match("any", second, 0, 1),
        match("any", {"id": first}, 0),
        match("all", [second, first], 0),
        match("none", [second], 2, 3),
        match("eq", [second, first], 0),
        match("eq", second, 1),
        match("empty", None, 3),
        match("nempty", None, 0, 1, 2),
    )


def multi_lookup(ids: SampleIds) -> FieldSamples:
    first, second, third = ids.records
    target = ids.target

    def api(found: uuid.UUID, role: str = "", *, primary: bool = False) -> dict[str, Any]:
        return {"id": str(found), "role": role, "primary": primary}

    common = _lists(ids.records, target)
    buyer = Link(target, first, "", "Buyer", is_primary=True)
    plain = Link(target, second)
    return FieldSamples(
        "multi_lookup",
        settings={"target": target, "max_chosen": 2, "link_attributes": ["role", "primary"]},
        bad_settings=(
            {},
            {"target": "Not A Name"},
            {"target": target, "max_chosen": 0},
            {"target": target, "link_attributes": ["color"]},
        ),
        matches=_matches(ids.records),
        valid=(
            *(Valid(raw, None, []) for raw in (None, "", [], [None, ""])),
            Valid(
                [api(first, " Buyer ", primary=True), second],
                (buyer, plain),
                [api(first, "Buyer", primary=True), api(second)],
            ),
            Valid((plain, buyer), (plain, buyer), [api(second), api(first, "Buyer", primary=True)]),
            Valid([{"id": second, "role": None}], (plain,), [api(second)]),
        ),
        invalid=(
            *common["invalid"],
            Invalid([{"id": str(first), "role": 5}], "invalid_type"),
            Invalid([{"id": str(first), "role": "a\x00b"}], "invalid_type"),
            Invalid([{"id": str(first), "role": "x" * 61}], "too_long"),
            Invalid([{"id": str(first), "primary": "yes"}], "invalid_type"),
            Invalid([api(first, primary=True), api(second, primary=True)], "invalid_choice"),
        ),
        rows=([api(first, "Buyer", primary=True), str(second)], [str(second)], [api(third, "使用者")], None),
        ascending=(),
        texts=(
            (None, "", ""),
            (
                (Link(target, first, "云途", "Buyer"), Link(target, second, "Acme")),
                "云途 (Buyer), Acme",
                "云途 (Buyer)、Acme",
            ),
            ((Link(target, first, "云途", "", "", True),), "云途 (primary)", "云途 (主要)"),
        ),
        update=[api(second, "User"), api(first)],
    )


def multi_user(ids: SampleIds) -> FieldSamples:
    return FieldSamples(
        "multi_user",
        settings={"active_only": True, "max_chosen": 2},
        bad_settings=({"active_only": "perhaps"}, {"max_chosen": 101}),
        matches=(match("is_me", None, 0), *_matches(ids.users)),
        **_lists(ids.users, "user"),
    )


def multi_department(ids: SampleIds) -> FieldSamples:
    first, second, third = map(str, ids.departments)
    return FieldSamples(
        "multi_department",
        settings={"max_chosen": 2},
        bad_settings=({"max_chosen": 0},),
        # The caller belongs to the first department, and the second is below it.
        matches=(
            match("under", first, 0, 1),
            match("under", second, 0, 1),
            match("under", third, 2),
            match("under", "mine", 0, 1),
            match("any", "mine", 0),
            *_matches(ids.departments),
        ),
        **_lists(ids.departments, "department"),
    )
