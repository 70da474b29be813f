"""Samples of text and of the types that are text with a meaning."""

from __future__ import annotations

from decimal import Decimal

from tests.kit.samples.shapes import EMPTY, NO_TEXT, FieldSamples, Invalid, Valid, match


def text() -> FieldSamples:
    return FieldSamples(
        "text",
        settings={"max_length": 40},
        bad_settings=({"max_length": 0}, {"max_length": 256}, {"max_length": "x"}, {"size": 3}),
        valid=(
            *EMPTY,
            Valid("  Acme ", "Acme"),
            Valid("   ", None),
            Valid("客户", "客户"),
            Valid("e\u0301", "é"),
            Valid("first\r\nsecond\tthird", "first second third"),
            Valid("x" * 40, "x" * 40),
            Valid("𠮷" * 40, "𠮷" * 40),
            Valid(5, "5"),
            Valid(Decimal("1.50"), "1.50"),
            Valid("<b>&'\"", "<b>&'\""),
        ),
        invalid=(*NO_TEXT, Invalid("x" * 41, "too_long"), Invalid(1.5, "invalid_type")),
        rows=("Acme Ltd", "beta 100%", "客户_A", None),
        matches=(
            match("contains", "ACME", 0),
            match("contains", "%", 1),
            match("contains", "_", 2),
            match("contains", "户", 2),
            match("contains", "\\"),
            match("ncontains", "acme", 1, 2, 3),
            match("eq", "Acme Ltd", 0),
            match("eq", "acme ltd"),
            match("ne", "Acme Ltd", 1, 2, 3),
            match("starts", "ac", 0),
            match("ends", "LTD", 0),
            match("regex", "^[a-z]+ [0-9]{3}%$", 1),
            match("regex", "客户", 2),
            match("in", ["Acme Ltd", "客户_A", "none"], 0, 2),
            match("in", "Acme Ltd", 0),
            match("nin", ["Acme Ltd", "客户_A"], 1, 3),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(0, 1, 2),
        texts=((None, "", ""), ("Acme", "Acme", "Acme")),
        update="Gamma",
    )


def long_text() -> FieldSamples:
    return FieldSamples(
        "long_text",
        settings={"max_length": 60, "rows": 6},
        bad_settings=({"max_length": 100_001}, {"rows": 1}),
        valid=(*EMPTY, Valid("one\r\ntwo\rthree", "one\ntwo\nthree"), Valid("x" * 60, "x" * 60)),
        invalid=(*NO_TEXT, Invalid("x" * 61, "too_long")),
        rows=("First line\nsecond line", "跟进记录", None),
        matches=(
            match("contains", "SECOND", 0),
            match("ncontains", "second", 1, 2),
            match("starts", "first", 0),
            match("ends", "记录", 1),
            match("empty", None, 2),
            match("nempty", None, 0, 1),
        ),
        ascending=(),
        texts=((None, "", ""), ("a\nb", "a\nb", "a\nb")),
        update="Third line",
    )


def email() -> FieldSamples:
    return FieldSamples(
        "email",
        valid=(*EMPTY, Valid(" Li.Lei@Example.COM ", "Li.Lei@example.com"), Valid("a@例子.中国", "a@例子.中国")),
        invalid=(
            *NO_TEXT,
            *(Invalid(raw, "invalid_type") for raw in ("a", "a@", "@b.com", "a b@c.com", "a@b", "a@b.com, c@d.com")),
            Invalid("a@" + "b" * 250 + ".com", "too_long"),
        ),
        rows=("li.lei@example.com", "Han@Corp.cn", None),
        matches=(
            match("contains", "EXAMPLE", 0),
            match("ncontains", "example", 1, 2),
            match("eq", "li.lei@EXAMPLE.com", 0),
            match("eq", "Han@CORP.cn", 1),
            match("ne", "li.lei@example.com", 1, 2),
            match("starts", "li", 0),
            match("ends", "corp.cn", 1),
            match("regex", "^li[.]", 0),
            match("in", ["Han@corp.CN"], 1),
            match("nin", ["Han@corp.CN"], 0, 2),
            match("empty", None, 2),
            match("nempty", None, 0, 1),
        ),
        ascending=(1, 0),
        texts=((None, "", ""), ("a@b.com", "a@b.com", "a@b.com")),
        update="new@example.com",
    )


def url() -> FieldSamples:
    return FieldSamples(
        "url",
        valid=(
            *EMPTY,
            Valid("https://example.com/a?b=1", "https://example.com/a?b=1"),
            Valid("www.example.com", "https://www.example.com"),
            Valid("http://例子.中国/路径", "http://例子.中国/路径"),
        ),
        invalid=(
            *NO_TEXT,
            *(
                Invalid(raw, "invalid_type")
                for raw in (
                    "javascript:alert(1)",
                    "JaVaScRiPt://x.com/%0aalert(1)",
                    "data:text/html,x",
                    "ftp://a.com",
                    "http://",
                    "http://a b.com",
                    "//x.com",
                    "https://[",
                )
            ),
            Invalid("https://example.com/" + "x" * 2000, "too_long"),
        ),
        rows=("https://example.com/a", "http://corp.cn", None),
        matches=(
            match("contains", "EXAMPLE", 0),
            match("ncontains", "example", 1, 2),
            match("eq", "http://corp.cn", 1),
            match("ne", "http://corp.cn", 0, 2),
            match("starts", "https", 0),
            match("regex", "^http:", 1),
            match("ends", ".cn", 1),
            match("in", ["http://corp.cn"], 1),
            match("nin", ["http://corp.cn"], 0, 2),
            match("empty", None, 2),
            match("nempty", None, 0, 1),
        ),
        ascending=(1, 0),
        texts=((None, "", ""), ("https://a.com", "https://a.com", "https://a.com")),
        update="https://new.example.com",
    )


def phone() -> FieldSamples:
    return FieldSamples(
        "phone",
        bad_settings=({"default_region": "XX"},),
        valid=(
            *EMPTY,
            Valid("138 0013 8000", "138 0013 8000"),
            Valid("+86-138-0013-8000", "+86-138-0013-8000"),
            Valid("021-55556666转801", "021-55556666转801"),
            Valid("１３８００１３８０００", "１３８００１３８０００"),
            Valid("400-820-8820", "400-820-8820"),
            Valid(13800138000, "13800138000"),
        ),
        invalid=(
            *NO_TEXT,
            *(
                Invalid(raw, "invalid_type")
                for raw in ("12", "abc", "abc13800138000", "138001380001234567", "+999 1234")
            ),
            Invalid("1" * 41, "too_long"),
        ),
        rows=("138 0013 8000", "+86 (021) 5555-6666 ext. 801", "+1 650 253 0000", None),
        matches=(
            match("eq", "+8613800138000", 0),
            match("eq", "13800138000", 0),
            match("eq", "138-0013-8000", 0),
            match("ne", "13800138000", 1, 2, 3),
            match("contains", "0013 80", 0),
            match("contains", "021 5555", 1),
            match("ncontains", "5555", 0, 2, 3),
            match("starts", "138", 0),
            match("starts", "021", 1),
            match("starts", "+1", 2),
            match("ends", "8000", 0),
            match("ends", "66-66", 1),
            match("in", ["021 55556666", "+16502530000"], 1, 2),
            match("nin", ["021 55556666", "+16502530000"], 0, 3),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(),
        texts=(
            (None, "", ""),
            ("13800138000", "138 0013 8000", "138 0013 8000"),
            ("+16502530000", "+1 650-253-0000", "+1 650-253-0000"),
        ),
        update="139 0013 9000",
    )


def auto_number() -> FieldSamples:
    return FieldSamples(
        "auto_number",
        settings={"pattern": "N-{000}", "start": 7},
        bad_settings=({"pattern": "N-"}, {"pattern": "{0}{00}"}, {"pattern": "{HH}{0}"}, {"start": -1}),
        valid=(*EMPTY, Valid("N-007", "N-007")),
        invalid=NO_TEXT,
        rows=(None, None, None),  # drawn: N-007, N-008, N-009
        matches=(
            match("contains", "n-00", 0, 1, 2),
            match("ncontains", "008", 0, 2),
            match("eq", "N-008", 1),
            match("ne", "N-008", 0, 2),
            match("starts", "n-", 0, 1, 2),
            match("ends", "9", 2),
            match("regex", "-00[78]$", 0, 1),
            match("in", ["N-007", "N-009"], 0, 2),
            match("nin", ["N-007"], 1, 2),
            match("empty", None),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(0, 1, 2),
        texts=((None, "", ""), ("N-007", "N-007", "N-007")),
    )


def currency_code() -> FieldSamples:
    return FieldSamples(
        "currency_code",
        valid=(*EMPTY, Valid("CNY", "CNY"), Valid(" usd ", "USD")),
        invalid=(
            *(Invalid(raw, "invalid_choice") for raw in ("CN", "¥", "EURO", "XAU", "ＣＮＹ")),
            *(Invalid(raw, "invalid_type") for raw in (1, True, [], {})),
        ),
        rows=("CNY", "USD"),
        matches=(
            match("eq", "CNY", 0),
            match("ne", "cny", 1),
            match("in", ["USD"], 1),
            match("nin", ["USD"], 0),
        ),
        ascending=(0, 1),
        texts=((None, "", ""), ("CNY", "CNY", "CNY")),
        update="USD",
    )
