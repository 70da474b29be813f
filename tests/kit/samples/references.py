"""Samples of the types that point at something."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from metadata.field_types.values import Reference
from tests.kit.samples.shapes import EMPTY, FieldSamples, Invalid, Match, SampleIds, Valid, match


def _references(ids: Sequence[uuid.UUID], target: str) -> dict[str, Any]:
    """Return what samples of all single-target references have in common."""
    first, second, third = ids
    return {
        "valid": (
            *EMPTY,
            Valid(str(first), Reference(target, first), str(first)),
            Valid(first, Reference(target, first), str(first)),
            Valid(first.hex.upper(), Reference(target, first), str(first)),
            Valid(Reference(target, first, "Name"), Reference(target, first), str(first)),
            Valid({"id": str(first)}, Reference(target, first), str(first)),
            Valid({"object": target, "id": str(first)}, Reference(target, first), str(first)),
        ),
        "invalid": (
            Invalid("x", "invalid_reference"),
            Invalid("Acme", "invalid_reference"),
            Invalid({"id": 5}, "invalid_reference"),
            Invalid({}, "invalid_reference"),
            Invalid({"object": "other", "id": str(first)}, "invalid_reference"),
            Invalid({"object": ["x"], "id": str(first)}, "invalid_reference"),
            Invalid(Reference("other", first), "invalid_reference"),
            *(Invalid(raw, "invalid_type") for raw in (5, True, [], [str(first)], 1.5)),
        ),
        "rows": (str(first), str(second), str(third), None),
        "ascending": (),
        "texts": (
            (None, "", ""),
            (Reference(target, first, "陈静"), "陈静", "陈静"),
            (Reference(target, first), str(first), str(first)),
        ),
        "update": str(second),
    }


def _reference_matches(ids: Sequence[uuid.UUID]) -> tuple[Match, ...]:
    first, second, _third = map(str, ids)
    return (
        match("eq", first, 0),
        match("eq", {"id": first}, 0),
        match("ne", first, 1, 2, 3),
        match("in", [first, second], 0, 1),
        match("nin", [first, second], 2, 3),
        match("empty", None, 3),
        match("nempty", None, 0, 1, 2),
    )


def lookup(ids: SampleIds) -> FieldSamples:
    return FieldSamples(
        "lookup",
        settings={
            "target": ids.target,
            "on_delete": "restrict",
            "opens_to_owner": True,
            "related_label": {"en": "Deals", "zh-hans": "商机"},
        },
        bad_settings=({}, {"target": "Not A Name"}, {"target": "account", "on_delete": "explode"}),
        matches=_reference_matches(ids.records),
        **_references(ids.records, ids.target),
    )


def master_detail(ids: SampleIds) -> FieldSamples:
    common = _references(ids.records, ids.target)
    first, second, _third = map(str, ids.records)
    matches = (
        match("eq", first, 0),
        match("ne", first, 1, 2),
        match("in", [first, second], 0, 1),
        match("nin", [first, second], 2),
        match("empty", None),
        match("nempty", None, 0, 1, 2),
    )
    return FieldSamples(
        "master_detail",
        settings={"target": ids.target},
        bad_settings=({}, {"target": ids.target, "on_delete": "set_null"}),
        matches=matches,
        **{**common, "rows": common["rows"][:3]},
    )


def hierarchy(ids: SampleIds) -> FieldSamples:
    first, _second, third = map(str, ids.records)
    return FieldSamples(
        "hierarchy",
        settings={"target": ids.target},
        bad_settings=({}, {"target": ids.target, "on_delete": "cascade"}),
        matches=(
            match("under", first, 0),
            match("under", third, 2),
            match("above", first),
            *_reference_matches(ids.records),
        ),
        **_references(ids.records, ids.target),
    )


def poly_lookup(ids: SampleIds) -> FieldSamples:
    first, second, third = ids.records
    target, other = ids.target, ids.other

    def api(found: uuid.UUID) -> dict[str, str]:
        return {"object": target, "id": str(found)}

    return FieldSamples(
        "poly_lookup",
        settings={"targets": [target, other], "opens_to_owner": True},
        bad_settings=({}, {"targets": []}, {"targets": "account"}, {"targets": [1]}, {"targets": ["Not"]}),
        valid=(
            *EMPTY,
            Valid(api(first), Reference(target, first), api(first)),
            Valid({"object": other, "id": first}, Reference(other, first), {"object": other, "id": str(first)}),
            Valid(Reference(other, second), Reference(other, second), {"object": other, "id": str(second)}),
        ),
        invalid=(
            Invalid(str(first), "invalid_type"),
            Invalid({"id": str(first)}, "invalid_type"),
            Invalid({"object": "user", "id": str(first)}, "invalid_reference"),
            Invalid({"object": target, "id": "x"}, "invalid_reference"),
            Invalid({"object": {}, "id": str(first)}, "invalid_reference"),
            Invalid(5, "invalid_type"),
            Invalid([], "invalid_type"),
        ),
        rows=(api(first), api(second), api(third), None),
        matches=(
            match("eq", api(first), 0),
            match("eq", str(first), 0),
            match("ne", api(first), 1, 2, 3),
            match("in", [api(first), str(second)], 0, 1),
            match("nin", [api(first)], 1, 2, 3),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(),
        texts=((None, "", ""), (Reference(target, first, "云途"), "云途", "云途")),
        update=api(second),
    )


def user(ids: SampleIds) -> FieldSamples:
    return FieldSamples(
        "user",
        settings={"active_only": True},
        bad_settings=({"active_only": "perhaps"},),
        # The first of the users is the caller.
        matches=(match("is_me", None, 0), *_reference_matches(ids.users)),
        **_references(ids.users, "user"),
    )


def department(ids: SampleIds) -> FieldSamples:
    first, second, third = map(str, ids.departments)
    return FieldSamples(
        "department",
        # The caller belongs to the first department, and the second is below it.
        matches=(
            match("under", first, 0, 1),
            match("under", second, 1),
            match("under", third, 2),
            match("under", "mine", 0, 1),
            match("eq", "mine", 0),
            *_reference_matches(ids.departments),
        ),
        **_references(ids.departments, "department"),
    )


def record_id(ids: SampleIds) -> FieldSamples:
    first, second, third = ids.records
    return FieldSamples(
        "record_id",
        valid=(*EMPTY, Valid(str(first), first, str(first)), Valid(first, first, str(first))),
        invalid=tuple(Invalid(raw, "invalid_type") for raw in ("x", 5, [], {}, True, str(first)[:-1])),
        rows=(str(first), str(second), str(third), None),
        matches=tuple(item for item in _reference_matches(ids.records) if not isinstance(item.operand, dict)),
        ascending=(0, 1, 2),
        texts=((None, "", ""), (first, str(first), str(first))),
    )
