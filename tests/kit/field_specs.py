"""Field specs and contexts for tests of field types that need no database."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from crm_platform.kit.context import Actor
from crm_platform.kit.frozen import FrozenDict, freeze
from metadata.compiler.spec import ChoiceSetSpec, ChoiceSpec, FieldSpec, Labels
from metadata.field_types import field_types
from metadata.field_types.values import CleanContext, DisplayContext, missing_rate
from tests.kit.field_samples import FIXED_IDS
from tests.kit.samples.shapes import FieldSamples, SampleChoice, Valid

NOW = datetime(2026, 3, 15, 20, 0, tzinfo=UTC)  # the 16th of March, a Monday, in Shanghai
ZONE = "Asia/Shanghai"
RATES = {"CNY": Decimal(1), "USD": Decimal("7.12345678")}


def field_spec(type_key: str, settings: Mapping[str, Any] | None = None, **options: Any) -> FieldSpec:
    """Return a business field of the type."""
    options["default"] = freeze(options.get("default"))
    return FieldSpec(42, uuid.UUID(int=42), "sample__c", type_key, Labels(), settings=FrozenDict(settings), **options)


def spec_of(samples: FieldSamples, **options: Any) -> FieldSpec:
    """Return a field as the samples want it."""
    choices = choice_set(*samples.choices) if samples.choices else None
    return field_spec(samples.key, samples.settings, choice_set=choices, **options)


def value_of(samples: FieldSamples, item: Valid) -> Any:
    """Return what a sample becomes; a sealed value is made anew, since its sample only knows the mask."""
    field_type = field_types.get(samples.key)
    if not field_type.is_sealed or item.value is None:
        return item.value
    return field_type.clean(spec_of(samples), item.raw, clean_context())


def choice_set(*choices: SampleChoice, default: str | None = None) -> ChoiceSetSpec:
    """Return a set of choices."""
    specs = tuple(
        ChoiceSpec(
            choice.value,
            Labels({"en": choice.en, "zh-hans": choice.zh}),
            choice.color,
            choice.is_active,
            choice.value == default,
            FrozenDict(choice.properties),
        )
        for choice in choices
    )
    return ChoiceSetSpec(1, uuid.UUID(int=1), "samples", Labels(), specs)


def actor(**changes: Any) -> Actor:
    """Return a caller in Shanghai who is the first of the sample users, in the first sample department."""
    options = {"department_id": FIXED_IDS.departments[0], "time_zone": ZONE, **changes}
    return Actor(options.pop("user_id", FIXED_IDS.users[0]), "陈静", "console", **options)


def rate(code: str, on: date) -> Decimal:
    """Return a fixed rate; the euro has none."""
    if code not in RATES:
        raise missing_rate(code, on)
    return RATES[code]


def clean_context(**changes: Any) -> CleanContext:
    """Return a context at NOW with the yuan as the record's currency."""
    options = {"currency": "CNY", "rate": rate, "currencies": frozenset({"CNY", "USD", "EUR"}), **changes}
    return CleanContext(options.pop("actor", None) or actor(), options.pop("now", NOW), **options)


def display_context(language: str = "en", **record: Any) -> DisplayContext:
    """Return what a reader in Shanghai sees."""
    return DisplayContext(language, ZoneInfo(ZONE), NOW, record, "CNY")
