"""What profiles may do with the records of an object that has just been made."""

from __future__ import annotations

from guardian.shortcuts import assign_perm

from crm_platform.identity.models import Profile
from crm_platform.identity.services import bump_access_version
from metadata.inputs import ObjectInput
from metadata.models import BusinessObject
from objects.access.grants import ACTIONS

EVERYBODY = ("read", "create", "edit", "delete")
MANAGERS = frozenset({"administrator", "sales_manager"})


def grant_new_object(row: BusinessObject, given: ObjectInput) -> None:
    """Let every profile work with the object's records when its maker asked for that."""
    if not given.open_to_profiles:
        return
    for profile in Profile.objects.select_related("group"):
        for action in ACTIONS if profile.api_name in MANAGERS else EVERYBODY:
            assign_perm(action, profile.group, row)
    bump_access_version()
