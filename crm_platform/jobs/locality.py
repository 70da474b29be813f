"""The organisation's time zone and language, for work that no user has asked for."""

from __future__ import annotations

import zoneinfo

from crm_platform.identity.models import OrganizationSettings


def organization_zone() -> zoneinfo.ZoneInfo:
    """Return the organisation's time zone."""
    name = OrganizationSettings.objects.values_list("time_zone", flat=True).first()
    return zoneinfo.ZoneInfo(name or "UTC")


def organization_language() -> str:
    """Return the organisation's language."""
    return OrganizationSettings.objects.values_list("language", flat=True).first() or "en"
