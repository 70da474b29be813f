"""What sharing reads from JSON and tells in it: levels by name, days, moments, principals with their names."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from objects.access.models import Level
from openapi.v1.reading import MemberReader

LARGEST = 2**31
LEVELS = {"read": Level.READ, "edit": Level.EDIT, "full": Level.FULL}
LEVEL_NAMES = {int(level): name for name, level in LEVELS.items()}


class SharingReader(MemberReader):
    """Takes levels, days and moments out of a JSON object, too."""

    def levels(self, *names: str) -> dict[str, int]:
        """Levels by name; they are told back as numbers of Level."""
        known = ", ".join(LEVELS)
        found = self._take(
            names,
            lambda value: isinstance(value, str) and value in LEVELS,
            _("One of these: %(known)s") % {"known": known},
        )
        return {name: int(LEVELS[value]) for name, value in found.items()}

    def days(self, *names: str) -> dict[str, date | None]:
        """Days, null for none."""
        found = self._take(
            names, lambda value: value is None or _day(value) is not None, _("Enter a day such as 2026-01-31.")
        )
        return {name: _day(value) for name, value in found.items()}

    def moments(self, *names: str) -> dict[str, datetime | None]:
        """Moments with their offset from UTC, null for none."""
        message = _("Enter a moment with its offset, such as 2026-01-31T18:00:00+08:00.")
        found = self._take(names, lambda value: value is None or _moment(value) is not None, message)
        return {name: _moment(value) for name, value in found.items()}

    def positions(self, *names: str) -> dict[str, int]:
        """Whole numbers that a column holds."""
        return self._take(
            names,
            lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST,
            _("Enter a whole number."),
        )


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if len(value) == len("2026-01-31") else None
    except (TypeError, ValueError):
        return None


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return found if found.utcoffset() is not None and found.utctimetuple() else None
    except (TypeError, ValueError, OverflowError):
        return None
