"""The ways to compare two records, as an admin chooses them; how keys are made of values is in `objects.duplicates`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.registry import Registry
from metadata.compiler.spec import FieldSpec
from metadata.field_types import field_types

_PLAIN_TEXT = frozenset({"text", "long_text"})
_NEVER = frozenset({"boolean", "geo"})


@dataclass(frozen=True)
class MatchMethod:
    """A way of comparing. `code` stands for it in the key table and never changes.

    `fits` tells whether the values of a field can be compared so. Where `thresholds` is given, the admin
    chooses a number between its two ends, and `threshold` is the usual one. `is_fuzzy`: below 100 percent two keys
    need not be equal, only alike. `joins`: all fields make one key together.
    """

    key: str
    code: int
    label: Promise
    help_text: Promise
    fits: Callable[[FieldSpec], bool]
    threshold: int = 100
    thresholds: tuple[int, int] | None = None
    is_fuzzy: bool = False
    joins: bool = False


match_methods: Registry[MatchMethod] = Registry("match method")


def _is_text(field: FieldSpec) -> bool:
    return field.type in _PLAIN_TEXT


def _is_comparable(field: FieldSpec) -> bool:
    known = field_types.get(field.type) if field.type in field_types else None
    return known is not None and not known.is_sealed and known.expression_type not in _NEVER


def _holds(*kinds: str) -> Callable[[FieldSpec], bool]:
    """Accept plain text, and types named by one of the kinds (`phone`, `phones`, `phone_list`)."""
    return lambda field: field.type in _PLAIN_TEXT or field.type.startswith(kinds)


for _method in (
    MatchMethod("exact", 1, _("Exactly equal"), _("The values are the same, letter by letter."), _is_comparable),
    MatchMethod(
        "normalized",
        2,
        _("Equal but for spelling"),
        _("Case, width, punctuation, spaces and traditional characters make no difference."),
        _is_comparable,
    ),
    MatchMethod("email", 3, _("E-mail address"), _("Case and a +tag make no difference."), _holds("email")),
    MatchMethod("phone", 4, _("Phone number"), _("Whatever the way in which it is written."), _holds("phone")),
    MatchMethod(
        "phone_tail",
        5,
        _("Last digits of a phone number"),
        _("The threshold is the number of digits: 8 finds numbers with and without area code."),
        _holds("phone"),
        threshold=8,
        thresholds=(7, 11),
    ),
    MatchMethod(
        "domain",
        6,
        _("Domain of website or e-mail"),
        _("Free mail hosts such as qq.com match nothing."),
        _holds("email", "url"),
    ),
    MatchMethod(
        "company",
        7,
        _("Company name"),
        _("Legal form, region and spelling make no difference; below 100 % similar names match, too."),
        _is_text,
        thresholds=(50, 100),
        is_fuzzy=True,
    ),
    MatchMethod("person", 8, _("Name of a person"), _("Equal in pinyin, family name first or last."), _is_text),
    MatchMethod(
        "fuzzy",
        9,
        _("Similar text"),
        _("The threshold says how much of the text must be alike, in percent."),
        _is_text,
        threshold=80,
        thresholds=(50, 100),
        is_fuzzy=True,
    ),
    MatchMethod("registration", 10, _("Tax or registration number"), _("Letters and digits alone count."), _is_text),
    MatchMethod(
        "composite",
        11,
        _("Several fields together"),
        _("All fields are equal but for spelling, in the order given."),
        _is_comparable,
        joins=True,
    ),
):
    match_methods.register(_method)
