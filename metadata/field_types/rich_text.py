"""Rich text: formatted text as sanitised HTML, and beside it its plain text, within which is searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import SettingsForm
from metadata.field_types.long_text import LinesField, LongTextType, with_plain_breaks
from metadata.field_types.markup import HEADINGS, IMAGES, LINKS, LISTS, TABLES, USUAL, plain_text, safe_html
from metadata.field_types.predicates import sibling
from metadata.field_types.registry import field_types
from metadata.field_types.text import check_length, normal_text
from metadata.field_types.values import CleanContext, DisplayContext

MAX_LENGTH = 131_072
PLAIN = "_plain"
_FEATURES = {
    HEADINGS: _("Headings"),
    LISTS: _("Lists"),
    LINKS: _("Links"),
    TABLES: _("Tables"),
    IMAGES: _("Pictures"),
}


class RichTextSettings(SettingsForm):
    max_length = forms.IntegerField(
        label=_("Maximum length"),
        help_text=_("Of the text with its markup; 131,072 characters unless you say otherwise."),
        min_value=1,
        max_value=MAX_LENGTH,
        required=False,
        widget=widgets.NumberInput,
    )
    features = forms.MultipleChoiceField(
        label=_("What may be used"),
        help_text=_("Without a choice: headings, lists, links and tables. Bold, italics and the like always are."),
        choices=list(_FEATURES.items()),
        required=False,
        widget=widgets.Chips,
    )


class RichTextType(LongTextType):
    """HTML of which only harmless tags stay, whoever sends it. Text without markup becomes paragraphs."""

    key = "rich_text"
    label = _("Rich text")
    icon = "text-plus"
    settings_form = RichTextSettings

    def max_length(self, field: FieldSpec) -> int:
        return int(field.settings.get("max_length", MAX_LENGTH))

    def features(self, field: FieldSpec) -> tuple[str, ...]:
        return tuple(field.settings.get("features", USUAL))

    def columns(self, field: FieldSpec) -> tuple[Any, ...]:
        (html,) = super().columns(field)
        return (replace(html, is_searched=False), replace(html, suffix=PLAIN))

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        text = normal_text(value)
        if text is None:
            return None
        check_length(text, MAX_LENGTH)
        html = self._settled(text if "<" in text else _paragraphs(with_plain_breaks(text)), self.features(field))
        if not plain_text(html) and "<img" not in html:
            return None
        check_length(html, self.max_length(field))
        return html

    @staticmethod
    def _settled(html: str, features: tuple[str, ...]) -> str:
        """Return the sanitised HTML that stays as it is when it is sanitised again.

        Taking a tag away may leave others where a parser puts them elsewhere; entities may spell what text may not.
        """
        for _turn in range(4):
            before = html
            html = with_plain_breaks(normal_text(safe_html(html, features)) or "")
            html = html if not html or "<" in html else f"<p>{html}</p>"
            if html == before:
                return html
        return _paragraphs(plain_text(html))

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": value, PLAIN: plain_text(value) if value else None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        return parts[""]

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return plain_text(value) if value else ""

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value:
            return SafeString()
        html = mark_safe(safe_html(value, self.features(field)))  # noqa: S308 (sanitised by nh3)
        return format_html('<div class="prose">{}</div>', html)

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return plain_text(value) if value else ""

    def match_values(self, field: FieldSpec, value: Any) -> tuple[str, ...]:
        return super().match_values(field, plain_text(value) if value else value)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        area = widgets.RichTextArea(self.features(field), {"rows": 8})
        return LinesField(max_length=MAX_LENGTH, strip=True, widget=area)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "html", "maxLength": self.max_length(field)}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("contains", "ncontains", "empty", "nempty")

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        is_within = operator in ("contains", "ncontains")
        return super().predicate(field, operator, sibling(column, PLAIN) if is_within else column, params)


def _paragraphs(text: str) -> str:
    """Return plain text as HTML: blank lines part paragraphs, others are line breaks."""
    parts = [part.strip() for part in text.split("\n\n")]
    return "".join(f"<p>{'<br>'.join(escape(line) for line in part.splitlines())}</p>" for part in parts if part)


field_types.register(RichTextType())
