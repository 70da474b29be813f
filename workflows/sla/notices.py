"""Telling owners, and their managers, of what was not followed up in time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from crm_platform.identity.models import User
from crm_platform.kit.context import system_actor
from crm_platform.notifications.services import register_kind
from metadata.compiler.current import current_snapshot
from objects.query.query import RecordQuery
from workflows.pools.notices import record_url, tell
from workflows.sla.models import SlaClock, SlaPolicy

MISSED = "sla.missed"
MINE, THEIRS = _("Not followed up in time: %(name)s"), _("%(person)s has not followed up in time: %(name)s")


def register() -> None:
    """Make the kind known; called once, when Django starts."""
    register_kind(MISSED, gettext_lazy("Records were not followed up in time"))


def tell_missed(rows: Sequence[SlaClock], policies: Mapping[uuid.UUID | None, SlaPolicy]) -> None:
    """Tell of missed clocks, each once."""
    if not rows:
        return
    owners = {row.owner_id for row in rows}
    people = {
        key: (name, manager)
        for key, name, manager in User.objects.filter(pk__in=owners).values_list("pk", "name", "manager_id")
    }
    for object_id in {row.object_id for row in rows}:
        spec = current_snapshot().spec.object_by_id[object_id]
        own = [row for row in rows if row.object_id == object_id]
        names = _names(spec.api_name, spec.name_field, own)
        for row in own:
            person, manager = people.get(row.owner_id, ("", None))
            data = {"name": names.get(row.record_id, ""), "person": person}
            url, key = record_url(spec.api_name, row.record_id), f"{MISSED}:{row.pk}"
            tell([row.owner_id], MISSED, title=MINE, url=url, data=data, dedupe_key=key)
            if manager is not None and policies[row.pool_id].notifies_manager:
                tell([manager], MISSED, title=THEIRS, url=url, data=data, dedupe_key=key)


def _names(object_name: str, name_field: str, rows: Sequence[SlaClock]) -> dict[uuid.UUID, str]:
    query = RecordQuery(system_actor(), object_name).where_ids(row.record_id for row in rows)
    page = query.fields("id", name_field).page(len(rows))
    return {uuid.UUID(str(row["id"])): str(row[name_field] or "") for row in page.dicts()}
