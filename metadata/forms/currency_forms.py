"""The forms of currencies and their rates."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_platform.console.forms import DateInput
from crm_platform.identity.forms.base import currency_choices


class CurrencyForm(forms.Form):
    """A currency to put into use: one of those that are not."""

    code = forms.ChoiceField(label=_("Currency"))

    def __init__(self, *args: Any, in_use: frozenset[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].choices = [item for item in currency_choices() if item[0] not in in_use]  # type: ignore[attr-defined]


class RateForm(forms.Form):
    """A rate and the day from which it counts."""

    valid_from = forms.DateField(label=_("Valid from"), widget=DateInput)
    rate = forms.DecimalField(
        label=_("Rate"), min_value=Decimal("0.00000001"), max_digits=18, decimal_places=8, localize=False
    )
