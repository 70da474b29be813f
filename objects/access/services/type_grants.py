"""Which record types of an object the holders of a profile or permission set may use, and which one is usual."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.audit.actions import Action, actions
from crm_platform.audit.services import Subject, record_entry
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import PermissionSet, Profile
from crm_platform.identity.services import bump_access_version, require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from metadata.models import BusinessObject, BusinessObjectGroupPermission, RecordType, RecordTypeGroupPermission
from objects.access.type_grants import DEFAULT, USE

TYPE_GRANTS_CHANGED = "access.record_types_changed"
GroupOwner = Profile | PermissionSet

actions.register(Action(TYPE_GRANTS_CHANGED, gettext_lazy("Rights to record types changed")))


@dataclass(frozen=True)
class TypeRights:
    """The API names of the types that may be used, in their order, and of the usual one ("": the object's)."""

    used: tuple[str, ...]
    default: str = ""


def type_rights_for(actor: Actor, owner: GroupOwner, object_name: str) -> TypeRights:
    """Return what a profile or permission set allows; raises Forbidden, NotFound.

    One that names no type of the object allows all where it lets the object be read, and none elsewhere.
    """
    require_function(actor, MANAGE_USERS)
    row = _object(object_name)
    return _rights(owner.group, row, _types(row))


@transaction.atomic
def set_type_rights(
    actor: Actor, owner: GroupOwner, object_name: str, used: Collection[str], default: str = ""
) -> TypeRights:
    """Let a profile or permission set use exactly these types: all of them means those to come, too.

    Raises Forbidden, NotFound, and ValidationFailed with all that is wrong.
    """
    require_function(actor, MANAGE_USERS)
    Group.objects.select_for_update().get(pk=owner.group_id)
    row = _object(object_name)
    types = _types(row)
    before = _rights(owner.group, row, types)
    after = _checked(types, used, default)
    if before == after:
        return before
    _write(owner.group, types, after)
    kind = "profile" if isinstance(owner, Profile) else "permission_set"
    changed = {"used": [list(before.used), list(after.used)], "default": [before.default, after.default]}
    record_entry(
        actor, TYPE_GRANTS_CHANGED, Subject(object_name), {"kind": kind, "name": owner.api_name, "types": changed}
    )
    bump_access_version()
    return after


def _object(object_name: str) -> BusinessObject:
    row = BusinessObject.objects.filter(api_name=object_name, state=BusinessObject.State.ACTIVE).first()
    if row is None:
        raise NotFound(_("There is no such object."))
    return row


def _types(row: BusinessObject) -> dict[str, RecordType]:
    return {item.api_name: item for item in RecordType.objects.filter(business_object=row)}


def _rights(group: Group, row: BusinessObject, types: dict[str, RecordType]) -> TypeRights:
    found: dict[str, set[str]] = {USE: set(), DEFAULT: set()}
    rows = RecordTypeGroupPermission.objects.filter(group=group, content_object__business_object=row)
    for name, codename in rows.values_list("content_object__api_name", "permission__codename"):
        found[codename].add(name)
    reads = BusinessObjectGroupPermission.objects.filter(group=group, content_object=row, permission__codename="read")
    is_open = not found[USE] and reads.exists()
    used = tuple(name for name in types if is_open or name in found[USE])
    return TypeRights(used, next((name for name in types if name in found[DEFAULT]), ""))


def _checked(types: dict[str, RecordType], used: Collection[str], default: str) -> TypeRights:
    unknown = [str(name) for name in (*used, *([default] if default else [])) if name not in types]
    errors = []
    if unknown:
        names = ", ".join(unknown)[:120]
        message = _("There is no such record type: %(names)s")
        errors.append(FieldError("used", "invalid_reference", message, {"names": names}))
    elif types and not used:
        # Without a single row there would be no limit at all.
        errors.append(FieldError("used", "required", _("Choose at least one record type.")))
    elif default and default not in used:
        errors.append(FieldError("default", "invalid_choice", _("The usual type must be one of those allowed.")))
    if errors:
        raise ValidationFailed(errors)
    return TypeRights(tuple(name for name in types if name in used), default)


def _write(group: Group, types: dict[str, RecordType], rights: TypeRights) -> None:
    rows = Permission.objects.filter(content_type__app_label="metadata", content_type__model="recordtype")
    permissions = {row.codename: row for row in rows}
    RecordTypeGroupPermission.objects.filter(group=group, content_object__in=types.values()).delete()
    named = [(USE, name) for name in rights.used] if len(rights.used) < len(types) else []
    named += [(DEFAULT, rights.default)] if rights.default else []
    RecordTypeGroupPermission.objects.bulk_create(
        RecordTypeGroupPermission(group=group, content_object=types[name], permission=permissions[codename])
        for codename, name in named
    )
