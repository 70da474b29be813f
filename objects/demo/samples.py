"""Plausible values for a field of any type, for rows in volume; one function for each field type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from metadata.compiler.compiled import CompiledField
from metadata.field_types.choices import active_choices
from metadata.field_types.values import Reference
from objects.demo.dice import DemoClock, Dice
from objects.demo.words import Company, Person, Words

EMPTY = 0.15  # how often a field that may be empty is


@dataclass
class Sampler:
    """Draws values for the fields of one row at a time; `targets` holds what references may point at."""

    dice: Dice
    clock: DemoClock
    words: Words
    targets: Mapping[str, Sequence[Reference]]
    company: Company
    person: Person

    def next_row(self) -> None:
        """Take another company and person, whom the row's texts are about."""
        self.words.forget()
        self.company = self.words.company()
        self.person = self.words.person(self.company)

    def value(self, field: CompiledField) -> Any:
        """Return a value for a field; None where it may be empty, now and then."""
        sample = SAMPLES.get(field.type.key)
        is_needed = field.spec.is_required or field.type.key in ("checkbox", "stage", "picklist")
        if sample is None or (not is_needed and self.dice.chance(EMPTY)):
            return None
        return sample(self, field)


def _text(sampler: Sampler, field: CompiledField) -> str:
    company, person = sampler.company, sampler.person
    known = {
        "name": company.name if field.spec.label.text("en").startswith("Account") else person.name,
        "company": company.name,
        "short_name": company.short,
        "title": person.title,
        "city": company.city,
        "province": company.province,
        "address": company.address,
        "wechat": f"wx_{person.mobile[-6:]}",
    }
    text = known.get(field.name) or f"{company.short}{field.spec.label.text('zh-hans')}"
    return text[: int(field.spec.settings.get("max_length", 255))]


def _long_text(sampler: Sampler, field: CompiledField) -> str:
    return f"与{sampler.person.title}{sampler.person.address}沟通了{sampler.company.short}的需求，约好下次详谈。"


def _integer(sampler: Sampler, field: CompiledField) -> int:
    low, high = field.spec.settings.get("min"), field.spec.settings.get("max")
    return sampler.dice.randint(int(low if low is not None else 1), int(high if high is not None else 1_000))


def _decimal(sampler: Sampler, field: CompiledField) -> Decimal:
    low, high = field.spec.settings.get("min"), field.spec.settings.get("max")
    return Decimal(sampler.dice.randint(int(Decimal(low or 1)), int(Decimal(high or 500))))


def _currency(sampler: Sampler, field: CompiledField) -> Decimal:
    return Decimal(int(sampler.dice.lognormvariate(11.6, 0.9)))


def _percent(sampler: Sampler, field: CompiledField) -> Decimal:
    return Decimal(sampler.dice.randint(0, 100)) / 100


def _date(sampler: Sampler, field: CompiledField) -> Any:
    return sampler.clock.day(sampler.dice.randint(-365, 120))


def _datetime(sampler: Sampler, field: CompiledField) -> Any:
    return sampler.clock.now + timedelta(minutes=sampler.dice.randint(-500_000, 100_000))


def _choice(sampler: Sampler, field: CompiledField) -> str | None:
    choices = active_choices(field.spec)
    return sampler.dice.choice(choices).value if choices else None


def _choices(sampler: Sampler, field: CompiledField) -> list[str]:
    values = [choice.value for choice in active_choices(field.spec)]
    most = int(field.spec.settings.get("max_chosen") or 3)
    return sampler.dice.some(values, 1, min(most, 3))


def _reference(sampler: Sampler, field: CompiledField) -> Reference | None:
    names = field.spec.settings.get("targets") or (field.main.references,)
    targets = sampler.targets.get(str(sampler.dice.choice(names)), ())
    return sampler.dice.choice(targets) if targets else None


SAMPLES: dict[str, Callable[[Sampler, CompiledField], Any]] = {
    "text": _text,
    "long_text": _long_text,
    "integer": _integer,
    "decimal": _decimal,
    "currency": _currency,
    "percent": _percent,
    "checkbox": lambda sampler, field: sampler.dice.chance(0.3),
    "date": _date,
    "datetime": _datetime,
    "picklist": _choice,
    "stage": _choice,
    "multi_picklist": _choices,
    "email": lambda sampler, field: sampler.person.email,
    "phone": lambda sampler, field: sampler.person.mobile,
    "url": lambda sampler, field: f"https://www.{sampler.company.domain}",
    "lookup": _reference,
    "master_detail": _reference,
    "poly_lookup": _reference,
    "user": _reference,
    "department": _reference,
}
