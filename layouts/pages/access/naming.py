"""Names of copies."""

from __future__ import annotations

import itertools
from typing import Any

from django.utils.translation import gettext as _


def copy_name(model: Any, name: str) -> str:
    """Return the first free name for a copy: "X (copy)", "X (copy 2)", …"""
    taken = set(model.objects.values_list("name", flat=True))
    names = itertools.chain(
        [_("%(name)s (copy)") % {"name": name[:80]}],
        (_("%(name)s (copy %(number)s)") % {"name": name[:80], "number": number} for number in itertools.count(2)),
    )
    return next(item for item in names if item not in taken)
