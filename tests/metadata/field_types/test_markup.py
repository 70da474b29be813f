"""Formatted text from strangers: nothing of it runs, and what is harmless stays."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadata.field_types import field_types
from metadata.field_types.markup import ALWAYS, IMAGES, TAGS, USUAL, markdown_html, plain_text, safe_html
from metadata.field_types.values import InvalidValue
from tests.kit.field_specs import clean_context, display_context, field_spec

ATTACKS = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" data:text/html,<script>alert(1)</script>">x</a>',
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<p style="background:url(javascript:alert(1))">x</p>',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    '<form action="https://evil.example"><input name=a></form>',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]
PIECES = [
    "<p>",
    "</p>",
    "<b>",
    "<table>",
    "<td>",
    "</table>",
    "<a href='x'>",
    "</a>",
    "<script>",
    "text",
    "&lt;",
    "&#13;",
]
PIECES += [
    "<!--",
    "-->",
    "<svg>",
    "<li>",
    "<h2>",
    "e&#769;",
    " ",
    "\n",
    "客",
    "&amp;",
    "<",
    ">",
    "<img src='/a.png'>",
    "&#0;",
]


def rich(raw: str, **settings_: object) -> str | None:
    return field_types.get("rich_text").clean(field_spec("rich_text", settings_), raw, clean_context())  # type: ignore[no-any-return]


class Tags(HTMLParser):
    """Collects the tags of a piece of HTML with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_runs(attack: str) -> None:
    harmless = ALWAYS.union(*TAGS.values())
    for html in (rich(attack, features=[*USUAL, IMAGES]) or "", markdown_html(attack)):
        for tag, attributes in Tags(html).found:
            assert tag in harmless
            assert set(attributes) <= {"href", "rel", "src", "alt", "title"}
            assert not str(attributes.get("href")).strip().startswith(("javascript", "data"))


def test_pictures_come_from_this_host_or_not_at_all() -> None:
    inside, outside = '<img src="/files/a.png" alt="a">', '<img src="https://tracker.example/a.gif">'
    assert 'src="/files/a.png"' in safe_html(inside, [IMAGES])
    assert "tracker" not in safe_html(outside, [IMAGES])
    assert "//evil" not in safe_html('<img src="//evil.example/a.gif">', [IMAGES])
    assert "<img" not in safe_html(inside)


def test_tags_that_the_field_does_not_allow_leave_their_text() -> None:
    assert rich("<h2>Head</h2><ul><li>one</li></ul>", features=["lists"]) == "Head<ul><li>one</li></ul>"


def test_search_sees_words_and_not_markup() -> None:
    text = plain_text("<h2>A &amp; B</h2><ul><li>one</li><li>two</li></ul><table><tr><td>x</td><td>y</td></tr></table>")
    assert text == "A & B\none\ntwo\nx y"


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_what_is_stored_stays_as_it_is_when_it_is_saved_again(raw: str) -> None:
    try:
        once = rich(raw, features=[*USUAL, IMAGES])
    except InvalidValue:
        return
    assert once is None or rich(once, features=[*USUAL, IMAGES]) == once


def test_markdown_becomes_markup_and_its_html_stays_text() -> None:
    html = markdown_html("# A\n\n| a | b |\n|---|---|\n| 1 | ~~2~~ |\n\n<b>x</b> [l](javascript:alert(1))")
    assert "<h1>A</h1>" in html
    assert "<s>2</s>" in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "<a" not in html


def test_code_keeps_its_indentation_and_is_never_markup() -> None:
    code, spec = field_types.get("code"), field_spec("code", {"language": "xml"})
    value = code.clean(spec, "\n    <b>\n\t</b>  \n", clean_context())
    assert value == "    <b>\n\t</b>"
    assert "&lt;b&gt;" in code.cell(spec, value, display_context())
    assert 'data-language="xml"' in code.cell(spec, value, display_context())
