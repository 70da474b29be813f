"""Markup from people made harmless: which HTML stays, what Markdown becomes, what is left as text. No field type."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from html import unescape

import nh3
from markdown_it import MarkdownIt

HEADINGS, LISTS, LINKS, TABLES, IMAGES = "headings", "lists", "links", "tables", "images"
ALWAYS = frozenset({"p", "br", "strong", "em", "u", "s", "code", "pre", "blockquote", "hr"})
TAGS = {
    HEADINGS: frozenset({"h1", "h2", "h3", "h4"}),
    LISTS: frozenset({"ul", "ol", "li"}),
    LINKS: frozenset({"a"}),
    TABLES: frozenset({"table", "thead", "tbody", "tr", "th", "td"}),
    IMAGES: frozenset({"img"}),
}
USUAL = (HEADINGS, LISTS, LINKS, TABLES)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "th": {"colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
_SAME_THING = {"b": "strong", "i": "em", "strike": "s", "del": "s", "div": "p"}
_OPENING = re.compile(r"<(/?)(b|i|strike|del|div)(?=[\s>/])", re.IGNORECASE)
_BLOCK_END = re.compile(r"(?:</(?:p|h[1-4]|li|tr|pre|blockquote|table|ul|ol)>|<br>|<hr>)\s*")
_CELL_END = re.compile(r"</t[hd]>")
_TAG = re.compile(r"<[^>]*>")
# A picture may come from this host or stand in the text itself; others would tell strangers who reads it.
_PICTURE = re.compile(r"/(?!/)|data:image/(?:png|jpeg|gif|webp);base64,", re.IGNORECASE)
_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def safe_html(text: str, features: Iterable[str] = USUAL) -> str:
    """Return HTML with only the tags of the features; scripts, styles and handlers are gone, links are harmless."""
    allowed = ALWAYS.union(*(TAGS[name] for name in features))
    same = _OPENING.sub(lambda found: f"<{found[1]}{_SAME_THING[found[2].lower()]}", text)
    return nh3.clean(
        same,
        tags=set(allowed),
        attributes={tag: names for tag, names in _ATTRIBUTES.items() if tag in allowed},
        attribute_filter=_filter,
        url_schemes={"http", "https", "mailto", "tel", "data"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _filter(tag: str, name: str, value: str) -> str | None:
    """Keep pictures of this host and those in the text; an address of a link is never data."""
    if tag == "img" and name == "src":
        return value if _PICTURE.match(value.strip()) else None
    if name == "href" and re.match(r"\s*data:", value, re.IGNORECASE):
        return None
    return value


def plain_text(html: str) -> str:
    """Return the text of sanitised HTML, blocks on lines of their own."""
    lines = _TAG.sub("", _CELL_END.sub(" ", _BLOCK_END.sub("\n", html)))
    return "\n".join(line for part in unescape(lines).split("\n") if (line := " ".join(part.split())))


@lru_cache(maxsize=512)  # a page shows the same text in a list and in a record
def markdown_html(text: str) -> str:
    """Return the HTML of a Markdown text; HTML within it is shown as it is written."""
    return safe_html(_markdown.render(text), (*USUAL, IMAGES))
