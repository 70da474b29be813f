"""The contexts in which values are read and shown, filled from the organisation's settings once per request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from crm_platform.identity.models import OrganizationSettings
from crm_platform.kit.context import Actor
from metadata.currencies import currencies_in_use, rate_table
from metadata.field_types.values import Calendar, CleanContext, DisplayContext

_MEMO = "metadata.calendar"


def calendar_of(actor: Actor) -> Calendar:
    """Return how the organisation counts weeks and fiscal years, read once per request."""
    if _MEMO not in actor.memo:
        row = OrganizationSettings.objects.values_list("week_start", "fiscal_year_start_month").first()
        actor.memo[_MEMO] = Calendar(*row) if row else Calendar()
    found: Calendar = actor.memo[_MEMO]
    return found


def clean_context(actor: Actor, now: datetime | None = None, *, currency: str = "") -> CleanContext:
    """Return the context for cleaning values and operands; `currency` is that of the record at hand."""
    rates = rate_table(actor)
    return CleanContext(
        actor, now or timezone.now(), currency, rates.rate, currencies_in_use(actor), calendar_of(actor)
    )


def display_context(
    actor: Actor, now: datetime | None = None, *, record: Mapping[str, Any] | None = None
) -> DisplayContext:
    """Return the context for showing values to the actor; `record` holds the other values of the same record."""
    return DisplayContext(
        actor.language, actor.zone, now or timezone.now(), record or {}, rate_table(actor).base_currency
    )
