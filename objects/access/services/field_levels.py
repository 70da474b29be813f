"""What the holders of a profile or permission set may do with each field of an object: reading and setting it."""

from __future__ import annotations

from collections.abc import Mapping

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
from metadata.models import (
    BusinessField,
    BusinessFieldGroupPermission,
    BusinessObject,
    BusinessObjectGroupPermission,
)
from objects.access.field_grants import LEVELS, FieldLevel

FIELD_LEVELS_CHANGED = "access.field_levels_changed"
GroupOwner = Profile | PermissionSet

actions.register(Action(FIELD_LEVELS_CHANGED, gettext_lazy("Rights on fields changed")))


def field_levels_for(actor: Actor, group_owner: GroupOwner, object_name: str) -> dict[str, FieldLevel]:
    """Return what a profile or permission set allows with each field of an object, in the fields' order.

    One that says nothing about the object's fields allows all with them where it lets the object be read, and
    nothing elsewhere. Raises Forbidden, NotFound.
    """
    require_function(actor, MANAGE_USERS)
    row = _object(object_name)
    return _levels(group_owner.group, row, _fields(row))


@transaction.atomic
def set_field_levels(
    actor: Actor, group_owner: GroupOwner, object_name: str, levels: Mapping[str, FieldLevel | str]
) -> dict[str, FieldLevel]:
    """Change what a profile or permission set allows with some fields; fields left out stay as they are.

    A level is a FieldLevel or its name in lower case (`hidden`, `masked`, `read`, `edit`). Returns the levels of
    all fields. Raises Forbidden, NotFound, and ValidationFailed with all that is wrong.
    """
    require_function(actor, MANAGE_USERS)
    row = _object(object_name)
    fields = _fields(row)
    before = _levels(group_owner.group, row, fields)
    after = {**before, **_checked(fields, levels)}
    if before == after:
        return before
    if _reads(group_owner.group, row) and not any(after.values()):
        # Without a single row the group would have no limits at all.
        message = _("At least one field must stay visible. Take away the right to read the object instead.")
        raise ValidationFailed.single(None, "invalid_choice", message)
    _write(group_owner.group, fields, after)
    _note(actor, group_owner, object_name, before, after)
    bump_access_version()
    return after


def level_name(level: FieldLevel) -> str:
    """Return how a level is written in documents: `hidden`, `masked`, `read`, `edit`."""
    return level.name.lower()


def level_named(text: object) -> FieldLevel | None:
    """Return the level that a text (or a level) names, None for anything else."""
    if isinstance(text, FieldLevel):
        return text
    return next((level for level in FieldLevel if level_name(level) == text), None)


def _object(object_name: str) -> BusinessObject:
    """Return the object's row, locked: two who set its levels at once come after one another."""
    rows = BusinessObject.objects.filter(api_name=object_name, state=BusinessObject.State.ACTIVE)
    row = (rows.select_for_update() if transaction.get_connection().in_atomic_block else rows).first()
    if row is None:
        raise NotFound(_("There is no such object."))
    return row


def _fields(row: BusinessObject) -> dict[str, BusinessField]:
    found = BusinessField.objects.filter(business_object=row, state=BusinessField.State.ACTIVE)
    return {field.api_name: field for field in found.order_by("position", "id")}


def _levels(group: Group, row: BusinessObject, fields: Mapping[str, BusinessField]) -> dict[str, FieldLevel]:
    rows = BusinessFieldGroupPermission.objects.filter(group=group, content_object__business_object=row)
    named = dict.fromkeys(fields, FieldLevel.HIDDEN)
    is_limited = False
    for name, codename in rows.values_list("content_object__api_name", "permission__codename"):
        is_limited = True
        if name in named:
            named[name] = max(named[name], LEVELS[codename])
    if not is_limited and _reads(group, row):
        return dict.fromkeys(fields, FieldLevel.EDIT)
    return named


def _reads(group: Group, row: BusinessObject) -> bool:
    grants = BusinessObjectGroupPermission.objects.filter(group=group, content_object=row)
    return grants.filter(permission__codename="read").exists()


def _checked(fields: Mapping[str, BusinessField], levels: Mapping[str, FieldLevel | str]) -> dict[str, FieldLevel]:
    found: dict[str, FieldLevel] = {}
    errors = []
    for name, given in levels.items():
        level = level_named(given)
        if name not in fields:
            errors.append(FieldError(name, "unknown_field", _("Unknown field: %(path)s"), {"path": str(name)[:120]}))
        elif level is None:
            errors.append(FieldError(name, "invalid_choice", _("Choose hidden, masked, read or edit.")))
        else:
            found[name] = level
    if errors:
        raise ValidationFailed(errors)
    return found


def _write(group: Group, fields: Mapping[str, BusinessField], levels: Mapping[str, FieldLevel]) -> None:
    """Put one row for each field that is not hidden in the place of those that there are."""
    permissions = field_permissions()
    BusinessFieldGroupPermission.objects.filter(group=group, content_object__in=fields.values()).delete()
    BusinessFieldGroupPermission.objects.bulk_create(
        BusinessFieldGroupPermission(group=group, content_object=fields[name], permission=permissions[level])
        for name, level in levels.items()
        if level > FieldLevel.HIDDEN
    )


def field_permissions() -> dict[FieldLevel, Permission]:
    """Return the permission row that carries each level."""
    rows = Permission.objects.filter(content_type__app_label="metadata", content_type__model="businessfield")
    return {LEVELS[row.codename]: row for row in rows if row.codename in LEVELS}


def _note(
    actor: Actor,
    owner: GroupOwner,
    object_name: str,
    before: Mapping[str, FieldLevel],
    after: Mapping[str, FieldLevel],
) -> None:
    changed = {
        name: [level_name(before[name]), level_name(after[name])] for name in after if before[name] != after[name]
    }
    kind = "profile" if isinstance(owner, Profile) else "permission_set"
    details = {"kind": kind, "name": owner.api_name, "fields": changed}
    record_entry(actor, FIELD_LEVELS_CHANGED, Subject(object_name), details)
