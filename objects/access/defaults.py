"""What profiles may do with an object or field that has just been made, and what stays when a field goes."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import Permission
from guardian.shortcuts import assign_perm

from crm_platform.identity.models import Profile
from crm_platform.identity.services import bump_access_version
from metadata.inputs import ObjectInput
from metadata.models import BusinessField, BusinessFieldGroupPermission, BusinessObject
from objects.access.grants import ACTIONS

EVERYBODY = ("read", "create", "edit", "delete", "share", "restore")
MANAGERS = frozenset({"administrator", "sales_manager"})


def grant_new_object(row: BusinessObject, given: ObjectInput) -> None:
    """Let every profile work with the object's records when its maker asked for that."""
    if not given.open_to_profiles:
        return
    for profile in Profile.objects.select_related("group"):
        for action in ACTIONS if profile.api_name in MANAGERS else EVERYBODY:
            assign_perm(action, profile.group, row)
    bump_access_version()


def grant_new_fields(rows: Sequence[BusinessField]) -> None:
    """Let groups whose grants name fields of an object edit its new ones; a successor has its predecessor's grants."""
    grants = BusinessFieldGroupPermission.objects.filter(
        content_object__business_object__in={row.business_object_id for row in rows}
    ).values_list("content_object__business_object_id", "content_object_id", "group_id", "permission_id")
    known = list(grants)
    if not known:
        return
    edit = Permission.objects.get(content_type__app_label="metadata", codename="edit_field").pk
    made = set()
    for row in rows:
        for object_id, field_id, group_id, permission_id in known:
            if row.replaces_id is None and object_id == row.business_object_id:
                made.add((row.pk, group_id, edit))
            elif row.replaces_id is not None and row.replaces_id == field_id:
                made.add((row.pk, group_id, permission_id))
    BusinessFieldGroupPermission.objects.bulk_create(
        BusinessFieldGroupPermission(content_object_id=field_id, group_id=group_id, permission_id=permission_id)
        for field_id, group_id, permission_id in sorted(made)
    )
    bump_access_version()


def keep_limits(row: BusinessField) -> None:
    """Leave no group without a grant on the fields of an object because the only field that it had is dropped.

    Without any it would have no limits: the name field, masked, takes the place of the one that goes.
    """
    grants = BusinessFieldGroupPermission.objects.filter(content_object__business_object=row.business_object_id)
    groups = set(grants.filter(content_object=row).values_list("group_id", flat=True))
    groups -= set(grants.exclude(content_object=row).values_list("group_id", flat=True))
    if not groups:
        return
    name = BusinessField.objects.get(business_object=row.business_object_id, api_name=row.business_object.name_field)
    mask = Permission.objects.get(content_type__app_label="metadata", codename="mask_field")
    BusinessFieldGroupPermission.objects.bulk_create(
        BusinessFieldGroupPermission(content_object=name, group_id=group_id, permission=mask) for group_id in groups
    )
    bump_access_version()
