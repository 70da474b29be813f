"""How many records of each object a user owns, in one statement."""

from __future__ import annotations

import uuid

from django.db import connection
from django.utils.translation import gettext as _

from crm_platform.identity.belongings import Belonging, counters
from crm_platform.kit.context import Actor
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy

OWNER = "owner_id"


def owned_records(actor: Actor, user_id: uuid.UUID) -> list[Belonging]:
    """Count the records that the user owns; those of objects that the caller may not know are summed up."""
    snapshot, policy = current_snapshot(), AccessPolicy.of(actor)
    owned = [obj for spec in snapshot.objects() if OWNER in (obj := snapshot.object(spec.api_name)).fields]
    if not owned:
        return []
    parts = [
        f'SELECT {number}, count(*) FROM "{obj.table}" WHERE owner_id = %s AND deleted_at IS NULL'  # noqa: S608
        for number, obj in enumerate(owned)
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts) + " ORDER BY 1", [user_id] * len(owned))
        counts = dict(cursor.fetchall())
    known, others = [], 0
    for number, obj in enumerate(owned):
        if policy.can(obj.name, "read"):
            known.append(Belonging(obj.spec.plural_label.text(actor.language), counts[number]))
        else:
            others += counts[number]
    return [*known, Belonging(_("Other records"), others)]


def register() -> None:
    """Register the counter; called once from AppConfig.ready()."""
    counters.append(owned_records)
