"""What the types that point at several things share: lists of ids in, chips of links out; no field type itself.

The ids are kept in the record's own row, as an array; what a field says about each of its links, beside them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import BooleanField, Func, Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import IsNull
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, FieldType, SettingsForm, nullable
from metadata.field_types.labels import object_label
from metadata.field_types.link_inputs import ATTRIBUTES, LABEL, PRIMARY, ROLE, ChosenLinks, LinksInput
from metadata.field_types.predicates import either
from metadata.field_types.references import clean_reference
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue, Reference

MAX_LINKS = 100
MAX_ATTRIBUTE = 60
LINKS = "_links"
LIST_FILTERS = ("any", "all", "none", "eq", "empty", "nempty")


@dataclass(frozen=True, slots=True)
class Link(Reference):
    """A reference with what the record says about it. Unlike names, these are part of the value."""

    role: str = ""
    label: str = ""
    is_primary: bool = False


class IdArrays(Func):
    """A relation between two arrays of ids: `a OPERATOR b::uuid[]`."""

    template = "(%(expressions)s::uuid[])"
    arity = 2
    output_field = BooleanField()


class SharesIds(IdArrays):
    arg_joiner = " && "


class HasIds(IdArrays):
    arg_joiner = " @> "


class WithinIds(IdArrays):
    arg_joiner = " <@ "


class MaxChosenSettings(SettingsForm):
    max_chosen = forms.IntegerField(
        label=_("How many can be chosen"), min_value=1, max_value=MAX_LINKS, required=False, widget=widgets.NumberInput
    )


class ReferenceListType(FieldType):
    """Base of the types whose value is a tuple of References to one kind of thing, each once, in the order given."""

    group = "reference"
    expression_type = "references"
    is_reference_list = True
    is_sortable = False
    operator_labels = {"eq": _("is exactly")}
    settings_form: ClassVar[type[SettingsForm]] = MaxChosenSettings

    def target(self, field: FieldSpec) -> str:
        """Return what the field points at: an API name, "user" or "department"."""
        return str(field.settings.get("target", ""))

    def targets(self, field: FieldSpec) -> tuple[str, ...]:
        return (self.target(field),)

    def attributes(self, field: FieldSpec) -> tuple[str, ...]:
        """Return what the field says about each link: some of "role", "label" and "primary"."""
        return ()

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        ids = Column("uuid[]", nullable(ArrayField, models.UUIDField()), INLINE_BYTES, index="gin")
        if not self.attributes(field):
            return (ids,)
        make = nullable(models.JSONField)
        return (ids, Column("jsonb", make, INLINE_BYTES, suffix=LINKS, is_internal=True, is_searched=False))

    # --- values -------------------------------------------------------------------------------------------
    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> tuple[Reference, ...] | None:
        if value is None or value == "":
            return None
        if not isinstance(value, list | tuple):
            raise InvalidValue("invalid_type", _("Enter a list of IDs."))
        first: dict[uuid.UUID, Reference] = {}
        for link in filter(None, (self._link(field, item) for item in value)):
            first.setdefault(link.id, link)
        chosen = tuple(first.values())
        limit = int(field.settings.get("max_chosen", MAX_LINKS))
        if len(chosen) > limit:
            raise InvalidValue("too_long", _("Choose at most %(max)d.") % {"max": limit}, max=limit)
        if sum(isinstance(link, Link) and link.is_primary for link in chosen) > 1:
            raise InvalidValue("invalid_choice", _("Only one can be the primary one."))
        return chosen or None

    def _link(self, field: FieldSpec, item: Any) -> Reference | None:
        found = clean_reference(item, self.targets(field))
        names = self.attributes(field)
        if found is None or not names:
            return found
        if isinstance(item, Link):
            return item
        given = item if isinstance(item, Mapping) else {}
        texts = {name: _text(given.get(name)) for name in (ROLE, LABEL) if name in names}
        primary = given.get(PRIMARY, False)
        if not isinstance(primary, bool):
            raise InvalidValue("invalid_type", _("Enter true or false."))
        return Link(found.object, found.id, found.name, **texts, is_primary=primary and PRIMARY in names)

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        parts: dict[str, Any] = {"": [link.id for link in value] if value else None}
        if self.attributes(field):
            parts[LINKS] = {str(link.id): _said(link) for link in value or () if _said(link)} or None
        return parts

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> tuple[Reference, ...] | None:
        if not parts[""]:
            return None
        target = self.target(field)
        if not self.attributes(field):
            return tuple(Reference(target, item) for item in parts[""])
        raw = parts[LINKS]
        said = (json.loads(raw) if isinstance(raw, str) else raw) or {}
        return tuple(_link_of(target, item, said.get(str(item), {})) for item in parts[""])

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        """Return the ids; where the field says something about its links, an object for each."""
        names = self.attributes(field)
        if not names:
            return [str(link.id) for link in value or ()]
        return [{"id": str(link.id), **{name: _attribute(link, name) for name in names}} for link in value or ()]

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        """Return the names; how many more there are that the reader may not see is all that he learns of them."""
        with override(ctx.language):
            named = [self._described(link) for link in value or () if link.name]
        hidden = len(value or ()) - len(named)
        separator = "、" if ctx.language.startswith("zh") else ", "
        return separator.join([*named, f"+{hidden}"] if hidden else named)

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value:
            return SafeString()
        with override(ctx.language):
            shown = [self.one_cell(link, self._described(link)) for link in value if link.name]
            hidden = len(value) - len(shown)
            title = gettext("%(count)d more that you can't see") % {"count": hidden}
        if hidden:
            shown.append(format_html('<span class="text-secondary" title="{}">+{}</span>', title, hidden))
        return format_html('<span class="link-list">{}</span>', format_html_join("", "<span>{}</span>", zip(shown)))

    def one_cell(self, link: Reference, text: str) -> SafeString:
        """Return one of the links as HTML."""
        return format_html('<a href="/o/{}/{}">{}</a>', link.object, link.id, text)

    @staticmethod
    def _described(link: Reference) -> str:
        if not isinstance(link, Link):
            return link.name
        said = [*filter(None, (link.role, link.label)), *([gettext("primary")] if link.is_primary else [])]
        return f"{link.name} ({' · '.join(said)})" if said else link.name

    # --- forms and documents ------------------------------------------------------------------------------
    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return ReferenceListField(self.target(field), language, self.attributes(field))

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        one: dict[str, Any] = {"type": "string", "format": "uuid", "x-references": self.target(field)}
        if names := self.attributes(field):
            text = {"type": "string", "maxLength": MAX_ATTRIBUTE}
            said = {name: {"type": "boolean"} if name == PRIMARY else text for name in names}
            members = {"id": one, **said}
            one = {"type": "object", "properties": members, "required": ["id"], "additionalProperties": False}
        most = int(field.settings.get("max_chosen", MAX_LINKS))
        return {"type": "array", "items": one, "uniqueItems": True, "maxItems": most}

    # --- filters ------------------------------------------------------------------------------------------
    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return LIST_FILTERS

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        if operator == "eq":  # the links as a whole, in any order
            operator = "any"
        return super().clean_operand(field, operator, raw, ctx)

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        found = clean_reference(item, self.targets(field))
        if found is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return found.id

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "any":
            return SharesIds(column, params[0])
        if operator == "all":
            return HasIds(column, params[0])
        if operator == "none":
            return either(~Q(SharesIds(column, params[0])), IsNull(column, True))
        if operator == "eq":
            return Q(HasIds(column, params[0])) & Q(WithinIds(column, params[0]))
        return IsNull(column, operator == "empty")


class ReferenceListField(forms.Field):
    """A form field that returns the chosen ids, or an object for each where the field says something about them."""

    default_error_messages = {"not_chosen": _("Choose one of the suggestions.")}

    def __init__(self, target: str, language: str, attributes: Sequence[str] = ()) -> None:
        super().__init__(widget=LinksInput(target, partial(object_label, target, language), attributes))
        self.attributes = tuple(attributes)

    def clean(self, value: Any) -> Any:
        chosen: list[Any] = []
        if isinstance(value, ChosenLinks):
            if value.text:  # typed, but never chosen: to drop it silently would lose input
                raise forms.ValidationError(self.error_messages["not_chosen"], "not_chosen")
            chosen = list(value.links) if self.attributes else [link["id"] for link in value.links]
        return super().clean(chosen)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _ids_in(initial) != _ids_in(data)


def _ids_in(value: Any) -> list[str]:
    if isinstance(value, ChosenLinks):
        return [str(link["id"]) for link in value.links]
    return [str(getattr(item, "id", item)) for item in value or ()]


def _text(raw: Any) -> str:
    if raw is None:
        return ""
    if not isinstance(raw, str) or "\x00" in raw or any("\ud800" <= sign <= "\udfff" for sign in raw):
        raise InvalidValue("invalid_type", _("Enter a text."))
    text = raw.strip()
    if len(text) > MAX_ATTRIBUTE:
        raise InvalidValue("too_long", _("At most %(max)d characters.") % {"max": MAX_ATTRIBUTE}, max=MAX_ATTRIBUTE)
    return text


def _attribute(link: Link, name: str) -> Any:
    return link.is_primary if name == PRIMARY else getattr(link, name)


def _said(link: Link) -> dict[str, Any]:
    """Return what is said about a link, without what is empty."""
    return {name: value for name in ATTRIBUTES if (value := _attribute(link, name))}


def _link_of(target: str, key: uuid.UUID, said: Mapping[str, Any]) -> Link:
    return Link(target, key, "", str(said.get(ROLE, "")), str(said.get(LABEL, "")), bool(said.get(PRIMARY, False)))


def ids_of(values: Iterable[Reference] | None) -> frozenset[uuid.UUID]:
    """Return the ids of a value."""
    return frozenset(link.id for link in values or ())
