"""The form of the organisation's settings, with the work calendar as text that people can type."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.forms.base import currency_choices, time_zone_choices
from crm_platform.identity.models import OrganizationSettings
from crm_platform.identity.services import OrganizationInput
from crm_platform.identity.services.organization import INTAKE_KEPT

ISO_DAYS = [(number + 1, name) for number, name in WEEKDAYS.items()]


class OrganizationForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("PNG, JPEG or WebP, at most 256 KB."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    remove_logo = forms.BooleanField(label=_("Remove the logo"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"))
    base_currency = forms.ChoiceField(
        label=_("Base currency"),
        help_text=_("Amounts in other currencies are converted into it. Amounts that are stored stay as they are."),
    )
    fiscal_year_start_month = forms.TypedChoiceField(
        label=_("Fiscal year starts in"), coerce=int, choices=MONTHS.items()
    )
    week_start = forms.TypedChoiceField(
        label=_("Week starts on"), coerce=int, choices=OrganizationSettings.WeekDay.choices
    )
    work_days = forms.TypedMultipleChoiceField(
        label=_("Work days"), coerce=int, choices=ISO_DAYS, widget=forms.CheckboxSelectMultiple
    )
    work_hours = forms.CharField(
        label=_("Work hours"), help_text=_("For example 09:00-12:00, 13:00-18:00."), max_length=200
    )
    holidays = forms.CharField(
        label=_("Holidays"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One date a line, for example 2026-10-01."),
    )
    extra_work_days = forms.CharField(
        label=_("Work days on weekends"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Days on which people work although the week says otherwise, one date a line."),
    )
    intake_keep_days = forms.IntegerField(
        label=_("Days to keep what came in"),
        help_text=_(
            "What came through web forms, inbound hooks and mailboxes is deleted after so many days. The records that"
            " were made of it stay, and so does what is held back, until it is released."
        ),
        widget=forms.NumberInput(attrs={"min": INTAKE_KEPT[0], "max": INTAKE_KEPT[1]}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = time_zone_choices()  # type: ignore[attr-defined]
        self.fields["base_currency"].choices = currency_choices()  # type: ignore[attr-defined]

    def organization_input(self) -> OrganizationInput:
        """Return what the service wants; only after `is_valid()`."""
        data = self.cleaned_data
        plain = {
            name: data[name]
            for name in ("name", "base_currency", "time_zone", "language", "fiscal_year_start_month", "week_start")
        }
        off = dict.fromkeys(data["holidays"].split(), "off")
        work = dict.fromkeys(data["extra_work_days"].split(), "work")
        return OrganizationInput(
            **plain,
            work_days=data["work_days"],
            work_hours=_spans(data["work_hours"]),
            holidays=off | work,
            intake_keep_days=data["intake_keep_days"],
        )


def organization_initial(row: OrganizationSettings) -> dict[str, Any]:
    """Return the present settings for OrganizationForm."""
    days = sorted(row.holidays.items())
    return {
        **{name: getattr(row, name) for name in OrganizationForm.base_fields if hasattr(row, name) and name != "logo"},
        "work_hours": ", ".join(f"{start}-{end}" for start, end in row.work_hours),
        "holidays": "\n".join(day for day, kind in days if kind == "off"),
        "extra_work_days": "\n".join(day for day, kind in days if kind == "work"),
    }


def _spans(text: str) -> list[list[str]]:
    """Return "09:00-12:00, 13:00-18:00" as pairs; full-width punctuation counts as plain."""
    plain = text.translate(str.maketrans("，、；：～–—", ",,,:---")).replace(" ", "").replace("~", "-")
    return [part.split("-") for part in plain.split(",") if part]
