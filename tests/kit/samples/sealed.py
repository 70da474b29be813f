"""Samples of sealed types; a value is written down as its mask."""

from __future__ import annotations

from tests.kit.samples.shapes import EMPTY, NO_TEXT, FieldSamples, Invalid, Valid, match

ID_NUMBER = "11010519491231002X"
OTHER_ID = "440524188001010014"


def masked_text() -> FieldSamples:
    return FieldSamples(
        "masked_text",
        settings={"kind": "id_number", "mask": "3-4"},
        bad_settings=({"kind": "passport"}, {"mask": "3"}, {"mask": "a-b"}, {"mask": "100-1"}),
        valid=(
            *EMPTY,
            Valid(ID_NUMBER, "110***********002X"),
            Valid("110105 1949 1231 002x", "110***********002X"),
            Valid("４４０５２４１８８００１０１００１４", "440***********0014"),
        ),
        invalid=(
            *NO_TEXT,
            *(Invalid(raw, "invalid_type") for raw in ("110105194912310021", "110105194913310029", "123", 5)),
            *(Invalid(raw, "invalid_type") for raw in ("110***********002X", "******")),
            Invalid("1" * 101, "too_long"),
        ),
        rows=(ID_NUMBER, OTHER_ID, None),
        matches=(
            match("eq", "110105-19491231-002x", 0),
            match("eq", "110"),
            match("in", [OTHER_ID, ID_NUMBER], 0, 1),
            match("empty", None, 2),
            match("nempty", None, 0, 1),
        ),
        ascending=(),
        texts=((None, "", ""), (ID_NUMBER, "110***********002X", "110***********002X")),
        update=OTHER_ID,
    )


def encrypted_text() -> FieldSamples:
    return FieldSamples(
        "encrypted_text",
        settings={"max_length": 40},
        bad_settings=({"max_length": 0}, {"max_length": 4001}),
        valid=(
            *EMPTY,
            Valid("  the secret  ", "******"),
            Valid("密码是 *** 三个", "******"),
            Valid("x" * 40, "******"),
        ),
        invalid=(*NO_TEXT, Invalid("******", "invalid_type"), Invalid("x" * 41, "too_long")),
        rows=("the secret", "Another", None),
        matches=(
            match("eq", "the secret", 0),
            match("eq", "The Secret"),
            match("in", ["Another"], 1),
            match("empty", None, 2),
            match("nempty", None, 0, 1),
        ),
        ascending=(),
        texts=((None, "", ""), ("the secret", "******", "******")),
        update="A third",
    )


def secret() -> FieldSamples:
    return FieldSamples(
        "secret",
        settings={"min_length": 8},
        bad_settings=({"min_length": 3}, {"min_length": 129}),
        valid=(
            *EMPTY,
            Valid("correct horse", "******"),
            Valid("  spaces count  ", "******"),
            Valid("密码密码密码密码", "******"),
        ),
        invalid=(
            *NO_TEXT,
            Invalid("******", "invalid_type"),
            Invalid("short", "out_of_range"),
            Invalid("password123", "invalid_choice"),
            Invalid("x" * 129, "too_long"),
        ),
        rows=("correct horse", None),
        matches=(match("empty", None, 1), match("nempty", None, 0)),
        ascending=(),
        texts=((None, "", ""), ("correct horse", "******", "******")),
        update="another horse",
    )
