"""The template tag of times, as people say them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_platform.kit.markup import format_html

register = template.Library()

RECENT = timedelta(hours=20)


@register.simple_tag
def moment(at: datetime, now: datetime | None = None) -> SafeString:
    """Return a time as people say it (“2 hours ago”, “yesterday 14:20”), with the exact one as its title."""
    local = timezone.localtime(at)
    exact = f"{date_format(local, 'Y-m-d')} {time_format(local, 'H:i')}"
    said = _said(local, timezone.localtime(now))
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, said)


def _said(at: datetime, now: datetime) -> str:
    ago, clock = now - at, time_format(at, "H:i")
    days = (now.date() - at.date()).days
    if timedelta(0) <= ago < RECENT and days == 0:
        return _ago(ago)
    if days in (-1, 0, 1):
        words = {-1: _("tomorrow %(time)s"), 0: _("today %(time)s"), 1: _("yesterday %(time)s")}
        return words[days] % {"time": clock}
    return date_format(at, "m-d" if at.year == now.year else "Y-m-d")


def _ago(ago: timedelta) -> str:
    minutes = int(ago.total_seconds() // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", minutes) % {"count": minutes}
    hours = minutes // 60
    return ngettext("%(count)d hour ago", "%(count)d hours ago", hours) % {"count": hours}
