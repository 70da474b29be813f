"""What the identity forms share: mistakes found by a service, departments as an indented list, locale choices."""

from __future__ import annotations

import zoneinfo
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.core import get_global
from django import forms
from django.utils.translation import get_language, to_locale

from crm_platform.identity.models import Department
from crm_platform.kit.errors import ValidationFailed

INDENT = "\u3000"  # an ideographic space: <option> knows no other way to indent


def show_failure(form: forms.Form, failed: ValidationFailed) -> None:
    """Put the mistakes that a service found to the form's fields, the others above the form."""
    for error in failed.errors:
        text = error.text
        form.add_error(error.field if error.field in form.fields else None, text)


class DepartmentField(forms.ModelChoiceField):
    """A choice of a department, shown as the indented tree."""

    def label_from_instance(self, obj: Any) -> str:
        return INDENT * (obj.depth - 1) + obj.name


def open_departments() -> Any:
    """Return the departments that somebody may be put into."""
    return Department.objects.filter(is_active=True)


def time_zone_choices() -> list[tuple[str, str]]:
    """Return all time zones that name a place, in alphabetical order."""
    return [(name, name.replace("_", " ")) for name in _time_zones()]


def currency_choices() -> list[tuple[str, str]]:
    """Return the currencies that are legal tender somewhere, named in the active language."""
    names = Locale.parse(to_locale(get_language() or "en")).currencies
    return [(code, f"{code} · {names.get(code, code)}") for code in _currencies()]


@lru_cache(maxsize=1)
def _time_zones() -> tuple[str, ...]:
    return ("UTC", *sorted(name for name in zoneinfo.available_timezones() if _is_place(name)))


def _is_place(name: str) -> bool:
    return "/" in name and not name.startswith(("Etc/", "SystemV/", "US/"))


@lru_cache(maxsize=1)
def _currencies() -> tuple[str, ...]:
    in_use = {
        code
        for entries in get_global("territory_currencies").values()
        for code, _start, end, is_tender in entries
        if is_tender and end is None
    }
    first = ("CNY", "USD", "EUR", "HKD", "TWD", "MOP", "JPY", "GBP", "SGD")
    return (*first, *sorted(in_use - set(first)))
