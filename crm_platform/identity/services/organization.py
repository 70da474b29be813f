"""The organisation's own settings and its logo."""

from __future__ import annotations

import io
import re
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from babel.numbers import list_currencies
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.files import pictures
from crm_platform.files import services as files
from crm_platform.files.models import StoredFile
from crm_platform.identity.functions import MANAGE_ORGANIZATION
from crm_platform.identity.models import OrganizationSettings
from crm_platform.identity.services.access import require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed

MAX_LOGO_BYTES = 256 * 1024
LOGO_SIDE = 512
LOGO_LIMITS = pictures.Limits(("PNG", "JPEG", "WEBP"), 4096 * 4096)
MONTHS = range(1, 13)
INTAKE_KEPT = (30, 3650)  # days: the shortest and the longest
OFFERED_ONLY = _("Choose one of the offered values.")
HOUR = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")


@dataclass(frozen=True, kw_only=True)
class OrganizationInput:
    """The settings as an administrator gives them; see OrganizationSettings for the JSON forms."""

    name: str
    base_currency: str
    time_zone: str
    language: str
    fiscal_year_start_month: int
    week_start: int
    work_days: Sequence[int]
    work_hours: Sequence[Sequence[str]]
    holidays: Mapping[str, str]
    intake_keep_days: int = 180


@transaction.atomic
def update_organization(actor: Actor, data: OrganizationInput) -> OrganizationSettings:
    """Replace the settings (not the logo)."""
    require_function(actor, MANAGE_ORGANIZATION)
    row = OrganizationSettings.objects.select_for_update().get()
    errors = [*_plain_errors(data), *_calendar_errors(data)]
    if errors:
        raise ValidationFailed(errors)
    for name, value in asdict(data).items():
        setattr(row, name, value)
    row.name = data.name.strip()
    row.work_days = sorted(set(data.work_days))
    row.work_hours = sorted(list(span) for span in data.work_hours)
    row.holidays = dict(sorted(data.holidays.items()))
    row.save()
    return row


@transaction.atomic
def set_logo(actor: Actor, content: bytes) -> None:
    """Keep a logo: PNG, JPEG or WebP by its content, shrunk and encoded anew, so that only pixels are kept."""
    require_function(actor, MANAGE_ORGANIZATION)
    if len(content) > MAX_LOGO_BYTES:
        raise ValidationFailed.single("logo", "payload_too_large", _("The picture may have at most 256 KB."))
    try:
        small = pictures.shrunk(io.BytesIO(content), LOGO_SIDE, "PNG", LOGO_LIMITS)
    except pictures.BadPicture:
        raise ValidationFailed.single("logo", "invalid_type", _("Choose a PNG, JPEG or WebP picture.")) from None
    _replace_logo(files.keep(actor, io.BytesIO(small), "logo.png", held_by="organization.logo"))


@transaction.atomic
def remove_logo(actor: Actor) -> None:
    """Go back to the organisation's initial."""
    require_function(actor, MANAGE_ORGANIZATION)
    _replace_logo(None)


def _replace_logo(logo: StoredFile | None) -> None:
    row = OrganizationSettings.objects.select_for_update().only("logo_id").get()
    former = row.logo_id
    OrganizationSettings.objects.update(logo=logo)
    if former is not None:
        files.discard([former])


def preference_errors(base_currency: str, time_zone: str, language: str) -> list[FieldError]:
    """Return what is wrong with the settings that everything else relies on."""
    wrong = {
        "base_currency": base_currency not in list_currencies(),
        "time_zone": time_zone not in zoneinfo.available_timezones(),
        "language": language not in dict(settings.LANGUAGES),
    }
    return [FieldError(name, "invalid_choice", OFFERED_ONLY) for name, is_wrong in wrong.items() if is_wrong]


def _plain_errors(data: OrganizationInput) -> list[FieldError]:
    errors = preference_errors(data.base_currency, data.time_zone, data.language)
    if data.fiscal_year_start_month not in MONTHS:
        errors.append(FieldError("fiscal_year_start_month", "invalid_choice", OFFERED_ONLY))
    if data.week_start not in OrganizationSettings.WeekDay.values:
        errors.append(FieldError("week_start", "invalid_choice", OFFERED_ONLY))
    low, high = INTAKE_KEPT
    if not low <= data.intake_keep_days <= high:
        text = _("Give a number from %(low)d to %(high)d.")
        errors.append(FieldError("intake_keep_days", "out_of_range", text, {"low": low, "high": high}))
    if not data.name.strip():
        errors.append(FieldError("name", "required", _("Give a name.")))
    if len(data.name) > 100:
        errors.append(FieldError("name", "too_long", _("Give a name of at most 100 characters.")))
    return errors


def _calendar_errors(data: OrganizationInput) -> list[FieldError]:
    errors = []
    if not data.work_days or not set(data.work_days) <= set(range(1, 8)):
        errors.append(FieldError("work_days", "invalid_choice", _("Choose at least one work day.")))
    if not _are_spans(data.work_hours):
        errors.append(FieldError("work_hours", "invalid_type", _("Give hours like 09:00-12:00 that do not overlap.")))
    if not all(_is_date(day) and kind in {"off", "work"} for day, kind in data.holidays.items()):
        errors.append(FieldError("holidays", "invalid_type", _("Give one date like 2026-10-01 a line.")))
    return errors


def _are_spans(spans: Sequence[Sequence[str]]) -> bool:
    """Tell whether these are one or more times of day from-to that do not overlap."""
    if not spans or any(len(span) != 2 or not all(HOUR.match(hour) for hour in span) for span in spans):
        return False
    ordered = [hour for span in sorted(map(tuple, spans)) for hour in span]
    return ordered == sorted(ordered) and all(start < end for start, end in spans)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
