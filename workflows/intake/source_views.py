"""What the pages of sources share, whatever their kind: the list of them, making one, and settling it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.contrib import messages
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import PlatformError, ValidationFailed
from workflows.intake.models import IntakeSource

S = TypeVar("S", bound=IntakeSource)
ITEMS = {"pool_id": "pool", "owner_id": "owner"}


def list_context(rows: Sequence[IntakeSource], name: str | Promise, icon: str, page: str, arrivals: str) -> Any:
    """Return what `workflows/intake/sources.html` shows: `page` and `arrivals` name the addresses of one."""
    return {"rows": rows, "name": name, "icon": icon, "page": page, "arrivals": arrivals}


def made(request: ActorRequest, form: Any, make: Callable[[dict[str, Any]], S]) -> S | None:
    """Make the source that a form describes; None where it was not sent, or where the form says what is wrong."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        row = make(dict(form.cleaned_data))
    except ValidationFailed as failed:
        _show_errors(form, failed)
        return None
    messages.success(request, _("Created: %(name)s") % {"name": row.label})
    return row


def settled(
    request: ActorRequest, form: Any, rows: Any, own: Callable[[], Mapping[str, Any]], settle: Callable[..., object]
) -> bool:
    """Change a source as its form and the `rows` under it say; False where not, the form then says why.

    `own` returns what the rows stand for; `settle` is called with all changes and the version that was looked at.
    """
    if request.method != "POST" or not (form.is_valid() and rows.is_valid()):
        return False
    try:
        settle({**form.changes(), **own()}, _version_of(request.POST))
    except ValidationFailed as failed:
        _show_errors(form, failed)
        return False
    except PlatformError as refused:
        form.add_error(None, str(refused.message))
        return False
    messages.success(request, _("Saved: %(name)s") % {"name": form.cleaned_data["label"]})
    return True


def _show_errors(form: Any, failed: ValidationFailed) -> None:
    """Show errors of the services at the items of a form that they are about."""
    for error in failed.errors:
        name = ITEMS.get(error.field or "", error.field)
        form.add_error(name if name in form.fields else None, error.text)


def _version_of(posted: Any) -> int | None:
    """Return the version that a form was opened at."""
    given = posted.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 10 else None
