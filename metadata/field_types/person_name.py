"""Person's name: family and given names apart, written in the order of their language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django import forms
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, SettingsForm
from metadata.field_types.part_widgets import PartsField, PartsInput
from metadata.field_types.predicates import ILike, either, sibling
from metadata.field_types.registry import field_types
from metadata.field_types.text import TextType, check_length, fold, normal_text, text_column
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

FAMILY_FIRST, GIVEN_FIRST = "family_first", "given_first"
PART_LENGTH, FULL_LENGTH = 60, 200
PARTS = ("salutation", "first_name", "middle_name", "last_name")
SALUTATIONS: dict[str, Promise] = {
    "mr": _("Mr."),
    "ms": _("Ms."),
    "mrs": _("Mrs."),
    "miss": _("Miss"),
    "dr": _("Dr."),
    "prof": _("Prof."),
}
# Family names of two characters, which a name of three or four characters may begin with.
_COMPOUND_NAMES = (
    "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠"
    "公孙慕容仲孙钟离长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁"
    "拓跋夹谷轩辕令狐段干百里呼延东郭南门羊舌微生左丘东门西门歐陽司馬東方獨孤南宮諸葛尉遲鍾離"
    "鮮于軒轅"
)
_COMPOUND = frozenset(_COMPOUND_NAMES[at : at + 2] for at in range(0, len(_COMPOUND_NAMES), 2))
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff·•]+")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name in its parts, each "" when there is none; `salutation` is a key such as `mr`."""

    salutation: str = ""
    first_name: str = ""
    middle_name: str = ""
    last_name: str = ""

    @property
    def is_chinese(self) -> bool:
        return bool(_HAN.fullmatch(self.last_name + self.middle_name + self.first_name))

    def full(self, order: str = "") -> str:
        """Return the name without its salutation; Chinese names have the family name first, unless told."""
        family_first = order == FAMILY_FIRST or (self.is_chinese and order != GIVEN_FIRST)
        given = (self.first_name, self.middle_name)
        parts = (self.last_name, *given) if family_first else (*given, self.last_name)
        return ("" if self.is_chinese else " ").join(part for part in parts if part)


def read_name(text: str, order: str = "") -> PersonName:
    """Return the parts of a name as it is written: `李雷先生`, `Dr. Jane Ann Smith`, `Smith, Jane`."""
    salutation, rest = _salutation(text)
    if _HAN.fullmatch(rest):
        if order == GIVEN_FIRST or len(rest) == 1:
            return PersonName(salutation, last_name=rest)
        cut = 2 if rest[:2] in _COMPOUND and len(rest) > 2 else 1
        return PersonName(salutation, rest[cut:], "", rest[:cut])
    family, comma, given = rest.partition(",")
    if comma:
        words = [*given.split(), family.strip()]
    else:
        words = rest.split()
        if order == FAMILY_FIRST and len(words) > 1:
            words = [*words[1:], words[0]]
    if len(words) < 2:
        return PersonName(salutation, last_name="".join(words))
    return PersonName(salutation, words[0], " ".join(words[1:-1]), words[-1])


def _salutation(text: str) -> tuple[str, str]:
    """Return the key of the salutation before or behind a name, and the name."""
    for language in ("en", "zh-hans"):
        with override(language):
            written = {str(label): key for key, label in SALUTATIONS.items()}
        for label, key in written.items():
            if text.startswith(f"{label} ") and text[len(label) :].strip():
                return key, text[len(label) :].strip()
            if not label.isascii() and text.endswith(label) and text != label:
                return key, text.removesuffix(label).strip()
    return "", text


class PersonNameSettings(SettingsForm):
    order = forms.ChoiceField(
        label=_("Order"),
        choices=[
            ("", _("as the name's own language has it")),
            (FAMILY_FIRST, _("family name first")),
            (GIVEN_FIRST, _("given name first")),
        ],
        required=False,
        widget=widgets.Select,
    )


class PersonNameType(TextType):
    """Kept in its parts and, in the main column, as a whole; searched within the whole and each part."""

    key = "person_name"
    label = _("Person's name")
    icon = "user-edit"
    expression_type = ""
    settings_form = PersonNameSettings
    can_be_unique = False
    plain_operands = TextType.plain_operands | {"eq", "ne", "in", "nin"}

    def order(self, field: FieldSpec) -> str:
        return str(field.settings.get("order", ""))

    def max_length(self, field: FieldSpec) -> int:
        return FULL_LENGTH

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        salutation = replace(text_column(10), suffix="_salutation", is_searched=False)
        part = partial(replace, text_column(PART_LENGTH))
        others = (part(suffix=f"_{name}") for name in PARTS[1:])
        return (text_column(FULL_LENGTH), salutation, *others)

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        return new.type == self.key and self.order(new) == self.order(field)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Any:
        if isinstance(value, PersonName):
            return value
        if isinstance(value, Mapping):
            return self._from_parts(field, value)
        text = normal_text(value)
        if text is None:
            return None
        check_length(text, FULL_LENGTH)
        return self._from_parts(field, vars_of(read_name(" ".join(text.split()), self.order(field))))

    def _from_parts(self, field: FieldSpec, given: Mapping[Any, Any]) -> PersonName | None:
        if any(name not in (*PARTS, "full_name") for name in given):
            raise InvalidValue("invalid_type", _("A name has salutation, first_name, middle_name and last_name."))
        parts = {name: normal_text(given.get(name)) or "" for name in PARTS}
        parts = {name: " ".join(text.split()) for name, text in parts.items()}
        for name in PARTS[1:]:
            check_length(parts[name], PART_LENGTH)
        if parts["salutation"] and parts["salutation"] not in SALUTATIONS:
            raise InvalidValue("invalid_choice", _("There is no such salutation."))
        if not any(parts[name] for name in PARTS[1:]):
            if parts["salutation"]:
                raise InvalidValue("required", _("Enter a first or a last name."))
            return None
        return PersonName(**parts)

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        parts = vars_of(value) if value else {}
        full = value.full(self.order(field)) if value else None
        return {"": full, **{f"_{name}": parts.get(name) or None for name in PARTS}}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        return PersonName(*(parts[f"_{name}"] or "" for name in PARTS)) if parts[""] else None

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return {**vars_of(value), "full_name": value.full(self.order(field))} if value else None

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        if not value:
            return ""
        full = value.full(self.order(field))
        if not value.salutation:
            return str(full)
        with override("zh-hans" if value.is_chinese else "en"):
            salutation = str(SALUTATIONS[value.salutation])
        return f"{full}{salutation}" if value.is_chinese else f"{salutation} {full}"

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return value.full(self.order(field)) if value else ""

    def match_values(self, field: FieldSpec, value: Any) -> tuple[str, ...]:
        return (fold(value.full(self.order(field))),) if value else ()

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        salutations = [("", "—"), *SALUTATIONS.items()]
        text = partial(widgets.TextInput, {"maxlength": PART_LENGTH})
        inputs = {
            "salutation": (_("Salutation"), widgets.Select(choices=salutations)),
            "last_name": (_("Last name"), text()),
            "first_name": (_("First name"), text()),
            "middle_name": (_("Middle name"), text()),
        }
        given_first = self.order(field) == GIVEN_FIRST or (not self.order(field) and not language.startswith("zh"))
        names = [PARTS[0], *(PARTS[1:] if given_first else ("last_name", "first_name", "middle_name"))]
        fields = tuple(
            forms.ChoiceField(choices=salutations) if name == PARTS[0] else forms.CharField(max_length=PART_LENGTH)
            for name in names
        )
        parts = PartsInput({name: inputs[name] for name in names}, lambda value: [vars_of(value)[n] for n in names])
        return PartsField(fields, parts, lambda given: dict(zip(names, given, strict=True)))

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        part = {"type": "string", "maxLength": PART_LENGTH}
        salutation = {"type": "string", "enum": ["", *SALUTATIONS]}
        full = {"type": "string", "maxLength": FULL_LENGTH, "readOnly": True}
        members = {"salutation": salutation, **dict.fromkeys(PARTS[1:], part), "full_name": full}
        return {"type": "object", "properties": members, "additionalProperties": False}

    def operand_field(self, field: FieldSpec, operator: str, language: str) -> forms.Field | None:
        return forms.CharField(max_length=FULL_LENGTH, widget=widgets.TextInput)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator != "starts":
            return super().predicate(field, operator, column, params)
        return either(*(ILike(sibling(column, end), params[0]) for end in ("", "_first_name", "_last_name")))


def vars_of(name: PersonName) -> dict[str, str]:
    """Return the parts by their names."""
    return {part: getattr(name, part) for part in PARTS}


field_types.register(PersonNameType())
