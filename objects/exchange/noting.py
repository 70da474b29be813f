"""What the audit log says of imports and of other work on many records."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.audit.actions import Action, actions
from crm_platform.audit.services import Subject, record_entry
from crm_platform.kit.context import Actor
from metadata.compiler.current import current_snapshot
from objects.exchange.models import Import
from objects.exchange.plan import is_import

STARTED, FINISHED, UNDONE = "started", "finished", "undone"

actions.register(Action("import.started", _("Import started")))
actions.register(Action("import.finished", _("Records imported")))
actions.register(Action("import.undone", _("Import undone")))
actions.register(Action("bulk.started", _("Work on many records started")))
actions.register(Action("bulk.finished", _("Many records changed or deleted")))
actions.register(Action("bulk.undone", _("Work on many records undone")))


def note(actor: Actor, row: Import, what: str, **details: Any) -> None:
    """Write an entry about an order: that it was started, finished or undone."""
    spec = current_snapshot().spec.object_by_id.get(row.object_id)
    area = "import" if is_import(row) else "bulk"
    told = {"import": str(row.pk), "file": row.name, **details}
    record_entry(actor, f"{area}.{what}", Subject(object_name=spec.api_name if spec else ""), told)
