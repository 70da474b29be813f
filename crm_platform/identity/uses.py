"""Who else uses a role or another thing of this app: told by the layers above, so that nothing in use is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.db.models import Model
from django.utils.translation import gettext as _

from crm_platform.kit.errors import StateConflict

NAMED = 5  # users that a refusal names; more are counted

Finder = Callable[[Model], Sequence[str]]  # from a row to what uses it, in words
finders: list[Finder] = []


def require_unused(row: Model, message: str, own: Iterable[str]) -> None:
    """Raise StateConflict, saying by whom, when something uses the row; `own` are the users this app knows of."""
    names = [*own, *(name for finder in finders for name in finder(row))]
    if not names:
        return
    text = ", ".join(names[:NAMED])
    if len(names) > NAMED:
        text = _("%(names)s and %(count)s more") % {"names": text, "count": len(names) - NAMED}
    raise StateConflict(message % {"names": text})
