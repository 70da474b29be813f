"""Org-wide defaults: what everybody may do with the records of an object that are not his own."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.audit.services import Subject, record_entry
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.current import current_snapshot
from metadata.models import BusinessObject
from objects.access.services.rule_conditions import begin, object_row
from objects.access.visibility import MASTER_TYPE

CHANGED = "object_default.changed"


@transaction.atomic
def set_object_default(actor: Actor, object_name: str, sharing: str) -> BusinessObject:
    """Say what everybody may do with others' records of an object: one of BusinessObject.Sharing.

    Records that belong to a master follow it, and have no default of their own.
    """
    begin(actor)
    row = BusinessObject.objects.select_for_update().get(pk=object_row(object_name).pk)
    if sharing not in BusinessObject.Sharing.values:
        raise ValidationFailed.single("sharing", "invalid_choice", _("Unknown level."))
    if is_controlled_by_master(row.api_name):
        message = _("Who reaches a record of this object is decided by its master record.")
        raise ValidationFailed.single("sharing", "invalid_choice", message)
    if row.sharing != sharing:
        before, row.sharing = row.sharing, sharing
        row.save(update_fields=["sharing"])
        record_entry(actor, CHANGED, Subject(row.api_name), {"changes": {"sharing": [before, sharing]}})
        bump_access_version()
    return row


def is_controlled_by_master(object_name: str) -> bool:
    """Tell whether records of the object follow a master."""
    return any(field.type == MASTER_TYPE for field in current_snapshot().spec.object_map[object_name].business_fields)
