"""Puts notifications into words: in the language and the time zone that are active while they are read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, gettext

from crm_platform.kit.errors import FieldError

MOMENT, DAY = "moment", "day"


def stored_params(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as they are kept: moments and days so that every reader gets his own spelling."""
    return {name: _stored(value) for name, value in data.items()}


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return {MOMENT: value.isoformat()}
    return {DAY: value.isoformat()} if isinstance(value, date) else value


def in_words(message: str, data: Mapping[str, Any]) -> str:
    """Return a message of a notification as its reader sees it.

    `message` is a key of the translations. A parameter may be a mapping from languages to texts, such as the label
    of an object.
    """
    if not message:
        return ""
    params = {name: _spelled(value) for name, value in data.items()}
    return FieldError(None, "", gettext(message), params).text


def _spelled(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return number_format(value, use_l10n=True, force_grouping=True)
    if not isinstance(value, dict):
        return value
    if MOMENT in value:
        return date_format(timezone.localtime(datetime.fromisoformat(value[MOMENT])), "SHORT_DATETIME_FORMAT")
    if DAY in value:
        return date_format(date.fromisoformat(value[DAY]), "SHORT_DATE_FORMAT")
    return value.get(get_language() or "") or next(iter(value.values()), "")
