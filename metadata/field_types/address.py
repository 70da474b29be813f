"""Address: a region of GB/T 2260 (or another country), a street, a postcode; found by region at every level."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import Exact, GreaterThanOrEqual, IsNull, LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from metadata import regions
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.address_input import AddressField, RegionField
from metadata.field_types.base import Column, FieldType, SettingsForm
from metadata.field_types.predicates import EqualsAny, ILike, either, like_pattern, sibling
from metadata.field_types.registry import field_types
from metadata.field_types.text import check_length, normal_text, text_column
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

STREET, ZIP = "_street", "_zip"
MAX_STREET, MAX_ZIP = 200, 12
PARTS = (*regions.LEVELS, "region", "street", "zip")
_CHINESE_ZIP = re.compile(r"\d{6}", re.ASCII)
_FOREIGN_ZIP = re.compile(r"[A-Z0-9][A-Z0-9 \-]{1,10}", re.ASCII)
_ZIP_AT_END = re.compile(r"(?:^|\s)(?:(\d{6})|\[([^\[\]]{2,12})\])$", re.ASCII)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Address:
    """An address; `region` is a code of `metadata.regions`, of any level."""

    region: str
    street: str = ""
    zip: str = ""

    def to_api(self) -> dict[str, str]:
        found = dict.fromkeys(regions.LEVELS, "")
        for code in regions.chain(self.region):
            found[regions.level(code)] = code.removeprefix(regions.CHINA) or regions.CHINA
        if not self.region.startswith(regions.CHINA):
            found["country"] = self.region
        return {**found, "street": self.street, "zip": self.zip}

    def text(self, language: str) -> str:
        """Return the address in one line, as `read_address` takes it: a foreign postcode stands in brackets."""
        is_home = self.region.startswith(regions.CHINA)
        code = self.zip if is_home or not self.zip else f"[{self.zip}]"
        return " ".join(part for part in (regions.text_of(self.region, language), self.street, code) if part)


class AddressSettings(SettingsForm):
    flags = ("is_international",)
    is_international = forms.BooleanField(
        label=_("Other countries, too"),
        help_text=_("Otherwise addresses are in China, and the form asks for no country."),
        required=False,
        widget=widgets.Switch,
    )
    least_level = forms.ChoiceField(
        label=_("At least to the"),
        help_text=_("How exact an address in China must be."),
        choices=[("", _("country")), ("province", _("province")), ("city", _("city")), ("district", _("district"))],
        required=False,
        widget=widgets.Select,
    )


class AddressType(FieldType):
    """The region is one code, so that an index on it answers every level by a range."""

    key = "address"
    label = _("Address")
    icon = "map-2"
    group = "place"
    expression_type = ""
    settings_form = AddressSettings
    is_sortable = False
    can_be_default = False
    plain_operands = frozenset({"contains", "ncontains"})
    operator_labels = {"eq": _("region is"), "in": _("region is any of"), "under": _("is in"),
                       "contains": _("street contains"), "ncontains": _("street does not contain")}  # fmt: skip

    def is_international(self, field: FieldSpec) -> bool:
        return bool(field.settings.get("is_international"))

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (
            text_column(regions.LONGEST),
            replace(text_column(MAX_STREET), suffix=STREET, is_searched=False),
            replace(text_column(MAX_ZIP), suffix=ZIP, is_searched=False),
        )

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Address | None:
        found = read_address(value)
        if found is None:
            return None
        if not found.region.startswith(regions.CHINA):
            if not self.is_international(field):
                raise InvalidValue("invalid_choice", _("Only addresses in China are taken here."))
            return found
        least = str(field.settings.get("least_level") or "country")
        if regions.LEVELS.index(regions.level(found.region)) < regions.LEVELS.index(least) and _goes_on(found.region):
            raise InvalidValue("required", _("The address is not exact enough: choose province, city and district."))
        return found

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        if not value:
            return {"": None, STREET: None, ZIP: None}
        return {"": value.region, STREET: value.street or None, ZIP: value.zip or None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Address | None:
        return Address(parts[""], parts[STREET] or "", parts[ZIP] or "") if parts[""] else None

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return value.to_api() if value else None

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return value.text(ctx.language) if value else ""

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return value.text("zh-hans") if value else ""

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return AddressField(language, with_country=self.is_international(field))

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        code = {"type": "string", "maxLength": 6}
        text = {"street": {"type": "string", "maxLength": MAX_STREET}, "zip": {"type": "string", "maxLength": MAX_ZIP}}
        members = {**dict.fromkeys(regions.LEVELS, code), **text}
        return {"type": "object", "properties": members, "additionalProperties": False}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("under", "eq", "in", "contains", "ncontains", "empty", "nempty")

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        values = super().clean_operand(field, operator, raw, ctx)
        return regions.bounds(values[0]) if operator == "under" else values

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        if operator in self.plain_operands:
            text = normal_text(item)
            if text is None:
                raise InvalidValue("required", _("Enter a value to compare with."))
            return like_pattern(text, "contains")
        found = read_address(item)
        if found is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return found.region

    def operand_field(self, field: FieldSpec, operator: str, language: str) -> forms.Field | None:
        if operator in ("eq", "under"):
            return RegionField(language, with_country=self.is_international(field))
        return None

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "under":
            return Q(GreaterThanOrEqual(column, params[0])) & Q(LessThanOrEqual(column, params[1]))
        if operator == "eq":
            return Exact(column, params[0])
        if operator == "in":
            return EqualsAny(column, params[0])
        if operator in self.plain_operands:
            street = sibling(column, STREET)
            found = ILike(street, params[0])
            return found if operator == "contains" else either(~Q(found), IsNull(street, True))
        return IsNull(column, operator == "empty")


def read_address(value: Any) -> Address | None:
    """Return the address in a mapping, in one line of text, or in the code of a region; raises InvalidValue."""
    if value is None or isinstance(value, Address):
        return value
    if isinstance(value, Mapping):
        return _from_mapping(value)
    if isinstance(value, str):
        return _from_text(normal_text(value) or "")
    raise InvalidValue("invalid_type", _("Enter an address as text, or as province, city, district, street and zip."))


def _from_text(text: str) -> Address | None:
    text = _SPACE.sub(" ", text)
    if not text:
        return None
    code = regions.known_code(text)
    if code is not None:
        return Address(regions.plain(code))
    region, rest = regions.split(text)
    if not region:
        raise InvalidValue("invalid_choice", _("The address must begin with a province, or with a country."))
    match = _ZIP_AT_END.search(rest)
    street = rest[: match.start()] if match else rest
    return _checked(region, street, (match[1] or match[2]) if match else "")


def _from_mapping(value: Mapping[str, Any]) -> Address | None:
    if not set(value) <= set(PARTS):
        raise InvalidValue("invalid_type", _("An address has country, province, city, district, street and zip."))
    parts = {name: normal_text(item) or "" for name, item in value.items()}
    region = ""
    for name in (*regions.LEVELS, "region"):
        if not parts.get(name):
            continue
        code = regions.known_code(parts[name])
        if code is None or not code.startswith(region) or (name != "region" and regions.level(code) != name):
            raise InvalidValue("invalid_choice", _("Province, city and district do not belong together."))
        region = code
    street, postcode = parts.get("street", ""), parts.get("zip", "")
    if not (region or street or postcode):
        return None
    if region in ("", regions.CHINA) and not (street or postcode):
        return Address(region) if region and set(value) == {"country"} else None
    return _checked(region or regions.CHINA, street, postcode)


def _checked(region: str, street: str, postcode: str) -> Address:
    street, postcode = _SPACE.sub(" ", street).strip(), postcode.upper()
    check_length(street, MAX_STREET)
    shape = _CHINESE_ZIP if region.startswith(regions.CHINA) else _FOREIGN_ZIP
    if postcode and not shape.fullmatch(postcode):
        raise InvalidValue("invalid_type", _("This is no postcode."))
    return Address(regions.plain(region), street, postcode)


def _goes_on(region: str) -> bool:
    return bool(regions.children(region))


field_types.register(AddressType())
