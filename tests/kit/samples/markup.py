"""Samples of texts with more to them: rich text, Markdown, code, names of people, codes, colours, icons, tags."""

from __future__ import annotations

from metadata.field_types.person_name import PersonName
from tests.kit.samples.shapes import EMPTY, NO_TEXT, FieldSamples, Invalid, Match, Valid, match

LI, SMITH = PersonName("mr", "雷", "", "李"), PersonName("dr", "Jane", "Ann", "Smith")


def _within(first: str, second: str) -> tuple[Match, ...]:
    """Return the filters of a long text for two rows that hold these words, and a third that is empty."""
    return (
        match("contains", first, 0),
        match("contains", second, 1),
        match("ncontains", first, 1, 2),
        match("empty", None, 2),
        match("nempty", None, 0, 1),
    )


def rich_text() -> FieldSamples:
    link = '<p><a href="https://a.cn" rel="noopener noreferrer nofollow">x</a></p>'
    return FieldSamples(
        "rich_text",
        settings={"max_length": 400, "features": ["headings", "lists", "links"]},
        bad_settings=({"max_length": 131_073}, {"features": ["scripts"]}),
        valid=(
            *EMPTY,
            Valid("<p>Hello <b>world</b></p>", "<p>Hello <strong>world</strong></p>"),
            Valid("one\r\ntwo\n\nthree & 4", "<p>one<br>two</p><p>three &amp; 4</p>"),
            Valid("<p>a</p><script>alert(1)</script>", "<p>a</p>"),
            Valid('<p onclick="x()" style="color:red">a</p><table><tr><td>b</td></tr></table>', "<p>a</p>b"),
            Valid('<p><a href="https://a.cn">x</a></p>', link),
            Valid('<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer nofollow">x</a>'),
            Valid("1 < 2", "<p>1 &lt; 2</p>"),
            Valid("<p> </p><p></p>", None),
            Valid("<ul><li>一</li></ul>", "<ul><li>一</li></ul>"),
        ),
        invalid=(*NO_TEXT, Invalid("<p>" + "x" * 400 + "</p>", "too_long"), Invalid("x" * 131_073, "too_long")),
        rows=("<p>First <em>line</em></p>", "<h2>跟进</h2><p>记录</p>", None),
        matches=(*_within("FIRST line", "记录"), match("contains", "strong"), match("contains", "<p>")),
        ascending=(),
        texts=((None, "", ""), ("<h2>a &amp; b</h2><p>c<br>d</p>", "a & b\nc\nd", "a & b\nc\nd")),
        update="<p>Third</p>",
    )


def markdown() -> FieldSamples:
    return FieldSamples(
        "markdown",
        settings={"max_length": 60},
        bad_settings=({"max_length": 0}, {"rows": 31}),
        valid=(*EMPTY, Valid("# A\r\n\r\n*b*", "# A\n\n*b*"), Valid("<b>c</b>", "<b>c</b>")),
        invalid=(*NO_TEXT, Invalid("x" * 61, "too_long")),
        rows=("**First** line", "- 跟进", None),
        matches=_within("**first", "跟进"),
        ascending=(),
        texts=((None, "", ""), ("*a*\nb", "*a*\nb", "*a*\nb")),
        update="third",
    )


def code() -> FieldSamples:
    return FieldSamples(
        "code",
        settings={"max_length": 60, "language": "python"},
        bad_settings=({"language": "klingon"},),
        valid=(*EMPTY, Valid("  a:\r\n    b\n\n", "  a:\n    b"), Valid(7, "7"), Valid("\n\n", None)),
        invalid=(*NO_TEXT, Invalid("x" * 61, "too_long")),
        rows=("def first(): pass", "  # 跟进", None),
        matches=_within("DEF first", "跟进"),
        ascending=(),
        texts=((None, "", ""), (" a < b", " a < b", " a < b")),
        update="third()",
    )


def person_name() -> FieldSamples:
    li = {"salutation": "mr", "first_name": "雷", "middle_name": "", "last_name": "李", "full_name": "李雷"}
    smith = {"salutation": "dr", "first_name": "Jane", "middle_name": "Ann", "last_name": "Smith"}
    return FieldSamples(
        "person_name",
        bad_settings=({"order": "x"},),
        valid=(
            *EMPTY,
            Valid({}, None),
            Valid("李雷先生", LI, li),
            Valid(li, LI, li),
            Valid("Dr. Jane  Ann Smith", SMITH, {**smith, "full_name": "Jane Ann Smith"}),
            Valid({**smith, "first_name": " Jane "}, SMITH, {**smith, "full_name": "Jane Ann Smith"}),
        ),
        invalid=(
            *(item for item in NO_TEXT if item.raw not in ({}, {"a": 1})),
            Invalid({"name": "Li"}, "invalid_type"),
            Invalid({"last_name": ["Li"]}, "invalid_type"),
            Invalid({"salutation": "sir", "last_name": "Li"}, "invalid_choice"),
            Invalid({"salutation": "mr"}, "required"),
            Invalid({"last_name": "x" * 61}, "too_long"),
            Invalid("x" * 201, "too_long"),
        ),
        rows=("欧阳娜娜", "Jane Ann Smith", {"last_name": "王"}, None),
        matches=(
            match("contains", "ann", 1),
            match("ncontains", "ann", 0, 2, 3),
            match("eq", "欧阳娜娜", 0),
            match("ne", "王", 0, 1, 3),
            match("starts", "娜", 0),
            match("starts", "smi", 1),
            match("ends", "SMITH", 1),
            match("regex", "^[A-Z][a-z]+ ", 1),
            match("in", ["王", "欧阳娜娜"], 0, 2),
            match("nin", ["王"], 0, 1, 3),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(1, 0, 2),
        texts=((None, "", ""), (LI, "李雷先生", "李雷先生"), (SMITH, "Dr. Jane Ann Smith", "Dr. Jane Ann Smith")),
        update={"first_name": "Han", "last_name": "Meimei"},
    )


def barcode() -> FieldSamples:
    return FieldSamples(
        "barcode",
        settings={"format": "ean13"},
        bad_settings=({"format": "aztec"},),
        valid=(*EMPTY, Valid("6901234567892", "6901234567892"), Valid(6901234567892, "6901234567892")),
        invalid=(
            *NO_TEXT,
            *(Invalid(raw, "invalid_type") for raw in ("6901234567890", "690123456789", "６901234567892", "abc")),
            Invalid("69012345678922", "too_long"),
        ),
        rows=("6901234567892", "4006381333931", None),
        matches=(
            match("contains", "1234", 0),
            match("ncontains", "1234", 1, 2),
            match("eq", "4006381333931", 1),
            match("ne", "4006381333931", 0, 2),
            match("starts", "690", 0),
            match("ends", "31", 1),
            match("regex", "^4[0-9]+$", 1),
            match("in", ["6901234567892"], 0),
            match("nin", ["6901234567892"], 1, 2),
            match("empty", None, 2),
            match("nempty", None, 0, 1),
        ),
        ascending=(1, 0),
        texts=((None, "", ""), ("6901234567892", "6901234567892", "6901234567892")),
        update="9780201379624",
    )


def _chosen(first: str, second: str) -> tuple[Match, ...]:
    """Return the filters of a type that is only equal or not, for two rows and an empty third."""
    return (
        match("eq", first, 0),
        match("ne", first, 1, 2),
        match("in", [first, second], 0, 1),
        match("nin", [second], 0, 2),
        match("empty", None, 2),
        match("nempty", None, 0, 1),
    )


def color() -> FieldSamples:
    return FieldSamples(
        "color",
        valid=(*EMPTY, Valid("#1677FF", "#1677ff"), Valid("abc", "#aabbcc"), Valid(123456, "#123456")),
        invalid=(*NO_TEXT, *(Invalid(raw, "invalid_type") for raw in ("red", "#12345", "#12345g", "rgb(1,2,3)"))),
        rows=("#1677ff", "#52c41a", None),
        matches=(*_chosen("1677FF", "#52c41a"), match("eq", "#1677ff", 0)),
        ascending=(0, 1),
        texts=((None, "", ""), ("#1677ff", "#1677ff", "#1677ff")),
        update="#000000",
    )


def icon() -> FieldSamples:
    return FieldSamples(
        "icon",
        valid=(*EMPTY, Valid("star", "star")),
        invalid=(*NO_TEXT, Invalid("no-such-icon", "invalid_choice"), Invalid(5, "invalid_type")),
        rows=("star", "trophy", None),
        matches=_chosen("star", "trophy"),
        ascending=(0, 1),
        texts=((None, "", ""), ("star", "star", "star")),
        update="heart",
    )


def tags() -> FieldSamples:
    return FieldSamples(
        "tags",
        settings={"max_tags": 3},
        bad_settings=({"max_tags": 51}, {"vocabulary": [5]}, {"vocabulary": ["x" * 41]}),
        valid=(
            Valid(None, None, []),
            Valid("", None, []),
            Valid([], None, []),
            Valid([None, ""], None, []),
            Valid("VIP, 重点客户、vip", ["VIP", "重点客户"]),
            Valid((" big   deal ",), ["big deal"]),
        ),
        invalid=(
            *(Invalid(raw, "invalid_type") for raw in (5, True, {"a": 1}, [["a"]], [1], ["a,b"], ["\x00"])),
            Invalid(["x" * 41], "too_long"),
            Invalid(["a", "b", "c", "d"], "too_long"),
        ),
        rows=(["VIP", "展会"], ["展会"], ["VIP"], None),
        matches=(
            match("any", ["VIP", "other"], 0, 2),
            match("any", "展会", 0, 1),
            match("all", ["展会", "VIP"], 0),
            match("none", ["VIP"], 1, 3),
            match("eq", "展会, VIP", 0),
            match("eq", ["VIP"], 2),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(),
        texts=((None, "", ""), (["VIP", "展会"], "VIP, 展会", "VIP、展会")),
        update=["new"],
    )
