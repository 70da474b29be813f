"""Samples of the types that hold several addresses with labels."""

from __future__ import annotations

from metadata.field_types.labelled import Labelled
from tests.kit.samples.shapes import FieldSamples, Invalid, Valid, match

NO_LIST = tuple(
    Invalid(raw, "invalid_type") for raw in (True, {}, {"a": 1}, [[]], [{"text": "x"}], "a\x00b", [None, True])
)


def item(value: str, label: str = "") -> dict[str, str]:
    return {"value": value, "label": label}


def emails() -> FieldSamples:
    two = (Labelled("li@example.com", "Work"), Labelled("Lei@home.cn"))
    return FieldSamples(
        "emails",
        bad_settings=({"size": 1},),
        valid=(
            Valid(None, None, []),
            Valid("", None, []),
            Valid([], None, []),
            Valid([{"value": ""}], None, []),
            Valid("li@example.com", (Labelled("li@example.com"),), [item("li@example.com")]),
            Valid("Work: li@EXAMPLE.com; Lei@home.cn", two, [item("li@example.com", "Work"), item("Lei@home.cn")]),
            Valid(["a@b.cn", "A@B.CN"], (Labelled("a@b.cn"),), [item("a@b.cn")]),
            Valid(
                "公司：a@b.cn；c@d.cn",
                (Labelled("a@b.cn", "公司"), Labelled("c@d.cn")),
                [item("a@b.cn", "公司"), item("c@d.cn")],
            ),
        ),
        invalid=(
            *NO_LIST,
            *(Invalid(raw, "invalid_type") for raw in ("a", "a@b.cn, c@d.cn", [item("a@b.cn", "x:y")], 5)),
            Invalid([item("a@b.cn", "x" * 21)], "too_long"),
            Invalid([f"a{n}@b.cn" for n in range(11)], "too_long"),
        ),
        rows=(["li.lei@example.com", {"value": "old@home.cn", "label": "Home"}], "Han@Corp.cn", None),
        matches=(
            match("contains", "HOME", 0),
            match("ncontains", "home", 1, 2),
            match("eq", "Old@home.CN", 0),
            match("eq", "home.cn"),
            match("ne", "old@home.cn", 1, 2),
            match("starts", "han@", 1),
            match("ends", "example.com", 0),
            match("in", ["han@corp.cn", "old@home.cn"], 0, 1),
            match("nin", ["han@corp.CN"], 0, 2),
            match("empty", None, 2),
            match("nempty", None, 0, 1),
        ),
        ascending=(),
        texts=((None, "", ""), (two, "Work: li@example.com; Lei@home.cn", "Work: li@example.com; Lei@home.cn")),
        update=[item("new@example.com", "Work")],
    )


def phones() -> FieldSamples:
    two = (Labelled("138 0013 8000", "Mobile"), Labelled("+1 650 253 0000"))
    return FieldSamples(
        "phones",
        bad_settings=({"default_region": "XX"},),
        valid=(
            Valid(None, None, []),
            Valid("", None, []),
            Valid(
                "Mobile: 138 0013 8000; +1 650 253 0000",
                two,
                [item("138 0013 8000", "Mobile"), item("+1 650 253 0000")],
            ),
            Valid(["13800138000", "+86 138-0013-8000"], (Labelled("13800138000"),), [item("13800138000")]),
            Valid([13800138000], (Labelled("13800138000"),), [item("13800138000")]),
        ),
        invalid=(*NO_LIST, *(Invalid(raw, "invalid_type") for raw in ("12", "abc", ["13800138000", "x"]))),
        rows=(["138 0013 8000", item("021-5555-6666", "Work")], "+1 650 253 0000", None),
        matches=(
            match("eq", "+86 138-0013-8000", 0),
            match("eq", "(021) 55556666", 0),
            match("ne", "13800138000", 1, 2),
            match("contains", "5555", 0),
            match("ncontains", "5555", 1, 2),
            match("starts", "021", 0),
            match("starts", "+1", 1),
            match("ends", "0000", 1),
            match("in", ["16502530000", "+16502530000"], 1),
            match("nin", ["13800138000"], 1, 2),
            match("empty", None, 2),
            match("nempty", None, 0, 1),
        ),
        ascending=(),
        texts=(
            (None, "", ""),
            (two, "Mobile: 138 0013 8000; +1 650-253-0000", "Mobile: 138 0013 8000; +1 650-253-0000"),
        ),
        update=[item("400-820-8820", "Work"), "13900139000"],
    )
