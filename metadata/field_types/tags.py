"""Tags: any number of short words, free ones or out of a vocabulary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import IsNull
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.console.templatetags.console import tag
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, FieldType, SettingsForm, nullable
from metadata.field_types.predicates import ContainedBy, ContainsAll, Overlaps, either
from metadata.field_types.registry import field_types
from metadata.field_types.text import check_length, fold, normal_text
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

LENGTH, MOST_TAGS, MOST_WORDS = 40, 50, 500
_SEPARATORS = re.compile(r"[,，、;；\r\n]+")


def split_tags(text: str) -> list[str]:
    """Return the tags of a text that separates them by commas or lines."""
    return [part for part in _SEPARATORS.split(text) if part.strip()]


class WordsField(forms.Field):
    """A list of tags; in a form, one a line."""

    widget = widgets.Textarea({"rows": 5})

    def to_python(self, value: Any) -> list[str]:
        items = split_tags(value) if isinstance(value, str) else value or []
        if not isinstance(items, list | tuple) or len(items) > MOST_WORDS:
            raise forms.ValidationError(_("At most %(max)d tags.") % {"max": MOST_WORDS})
        try:
            return unique(read_tag(item) for item in items)
        except InvalidValue as error:
            raise forms.ValidationError(str(error.message)) from None

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(item) for item in value) if isinstance(value, list | tuple) else value


def read_tag(item: Any) -> str:
    """Return one tag, its white space made plain; raises InvalidValue."""
    text = normal_text(item) if isinstance(item, str) else None
    if text is None:
        raise InvalidValue("invalid_type", _("A tag is a short text."))
    text = " ".join(text.split())
    check_length(text, LENGTH)
    if _SEPARATORS.search(text):
        raise InvalidValue("invalid_type", _("A tag has no commas or line breaks."))
    return text


def unique(tags: Iterable[str]) -> list[str]:
    """Return each tag once, in the spelling that came first."""
    found: dict[str, str] = {}
    for item in tags:
        found.setdefault(fold(item), item)
    return list(found.values())


class TagsSettings(SettingsForm):
    vocabulary = WordsField(
        label=_("Vocabulary"),
        help_text=_("One tag a line. Left empty, everybody may use new tags."),
        required=False,
    )
    max_tags = forms.IntegerField(
        label=_("How many tags a record may have"),
        min_value=1,
        max_value=MOST_TAGS,
        required=False,
        widget=widgets.NumberInput,
    )


class TagsType(FieldType):
    """Stored as an array of texts in the order given; none is NULL, not an empty array."""

    key = "tags"
    label = _("Tags")
    icon = "tags"
    group = "choice"
    expression_type = "choices"
    settings_form = TagsSettings
    is_sortable = False
    operator_labels = {"eq": _("is exactly")}

    def vocabulary(self, field: FieldSpec) -> tuple[str, ...]:
        return tuple(field.settings.get("vocabulary", ()))

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("text[]", nullable(ArrayField, models.TextField()), INLINE_BYTES),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> list[str] | None:
        if value is None or isinstance(value, str):
            value = split_tags(value or "")
        if not isinstance(value, list | tuple):
            raise InvalidValue("invalid_type", _("Enter a list of tags."))
        given = [item for item in value if item is not None and item != ""]
        most = int(field.settings.get("max_tags", MOST_TAGS))
        if len(given) > 10 * MOST_TAGS:
            raise InvalidValue("too_long", _("At most %(max)d tags.") % {"max": most}, max=most)
        tags = unique(self._known(field, item) for item in given)
        if len(tags) > most:
            raise InvalidValue("too_long", _("At most %(max)d tags.") % {"max": most}, max=most)
        return tags or None

    def _known(self, field: FieldSpec, item: Any) -> str:
        """Return the tag, in the spelling of the vocabulary where there is one."""
        text, words = read_tag(item), self.vocabulary(field)
        if not words:
            return text
        found = {fold(word): word for word in words}.get(fold(text))
        if found is None:
            raise InvalidValue("invalid_choice", _("This tag is not in the vocabulary: %(tag)s") % {"tag": text})
        return found

    def from_columns(self, field: FieldSpec, parts: Any) -> list[str] | None:
        return list(parts[""]) if parts[""] else None

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return list(value or ())

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return ("、" if ctx.language.startswith("zh") else ", ").join(value or ())

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        tags = ((tag(item),) for item in value or ())
        return format_html('<span class="tags">{}</span>', format_html_join(" ", "{}", tags)) if value else SafeString()

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return " ".join(value or ())

    def match_values(self, field: FieldSpec, value: Any) -> tuple[str, ...]:
        return tuple(fold(item) for item in value or ())

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        url = "" if self.vocabulary(field) else f"/tags/{field.id}"
        return forms.CharField(widget=widgets.TagsInput(url, self.vocabulary(field)))

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        return ", ".join(value) if value else None

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        words = list(self.vocabulary(field))
        item = {"type": "string", "maxLength": LENGTH, **({"enum": words} if words else {})}
        most = int(field.settings.get("max_tags", MOST_TAGS))
        return {"type": "array", "uniqueItems": True, "maxItems": most, "items": item}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("any", "all", "none", "eq", "empty", "nempty")

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        if operator == "eq":  # a set as a whole, hence a list where other types have one value
            operator = "any"
        return super().clean_operand(field, operator, split_tags(raw) if isinstance(raw, str) else raw, ctx)

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> str:
        return read_tag(item)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "any":
            return Overlaps(column, params[0])
        if operator == "all":
            return ContainsAll(column, params[0])
        if operator == "none":
            return either(~Q(Overlaps(column, params[0])), IsNull(column, True))
        if operator == "eq":
            return Q(ContainsAll(column, params[0])) & Q(ContainedBy(column, params[0]))
        return IsNull(column, operator == "empty")


field_types.register(TagsType())
