"""Permission sets: made, changed, given to users, deleted while nobody has them."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal, uses
from crm_platform.identity.functions import MANAGE_USERS, permissions_of
from crm_platform.identity.models import PermissionSet, User
from crm_platform.identity.services.access import (
    bump_access_version,
    keep_a_manager,
    known_functions,
    lock_identity,
    require_function,
)
from crm_platform.identity.services.naming import found, name_errors, normalize, require_known
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed

CHANGEABLE = frozenset({"name", "api_name", "description"})
MAX_DESCRIPTION = 500
NO_SET = _("There is no such permission set.")
IN_USE = _("The permission set can't be deleted. It is used by: %(names)s")


@transaction.atomic
def create_permission_set(
    actor: Actor, name: str, *, api_name: str = "", description: str = "", functions: Collection[str] = ()
) -> PermissionSet:
    """Add a permission set that allows these functions, and nothing with any object; nobody has it yet."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    row = PermissionSet(name=name, api_name=api_name, description=description)
    _require_valid(row)
    group = Group.objects.create(name=f"permission_set:{row.uuid}")
    group.permissions.set(permissions_of(known_functions(functions)))
    row.group = group
    row.save(force_insert=True)
    bump_access_version()
    after = {**_state(row), "functions": sorted(functions)}
    journal.tell(actor, journal.Event("permission_set.created", row.name, row.uuid, journal.differences({}, after)))
    return row


@transaction.atomic
def update_permission_set(actor: Actor, set_id: uuid.UUID, **changes: str) -> PermissionSet:
    """Change the names or the description of a permission set."""
    require_function(actor, MANAGE_USERS)
    require_known(changes, CHANGEABLE)
    lock_identity()
    row = found(PermissionSet, set_id, NO_SET)
    before = _state(row)
    for name, value in changes.items():
        setattr(row, name, value)
    _require_valid(row)
    row.save(update_fields=list(CHANGEABLE))
    if different := journal.differences(before, _state(row)):
        bump_access_version()
        journal.tell(actor, journal.Event("permission_set.changed", row.name, row.uuid, different))
    return row


@transaction.atomic
def delete_permission_set(actor: Actor, set_id: uuid.UUID) -> None:
    """Delete a permission set that nobody has; raises StateConflict that names who uses it."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    row = found(PermissionSet, set_id, NO_SET)
    uses.require_unused(row, str(IN_USE), _names(row))
    event = journal.Event("permission_set.deleted", row.name, row.uuid, journal.differences(_state(row), {}))
    group = row.group
    row.delete()
    group.delete()
    bump_access_version()
    journal.tell(actor, event)


@transaction.atomic
def set_permission_set_members(actor: Actor, set_id: uuid.UUID, user_ids: Collection[uuid.UUID]) -> None:
    """Let exactly these users have the permission set; somebody must stay able to manage users."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    row = found(PermissionSet, set_id, NO_SET)
    users = User.objects.in_bulk(user_ids)
    if len(users) != len(set(user_ids)):
        raise ValidationFailed.single("users", "invalid_reference", _("There is no such user."))
    before = _names(row)
    row.group.user_set.set(users.values())
    keep_a_manager()
    after = _names(row)
    if before != after:
        bump_access_version()
        change = {"members": (before, after)}
        journal.tell(actor, journal.Event("permission_set.members_changed", row.name, row.uuid, change))


def _names(row: PermissionSet) -> list[str]:
    return [user.name for user in row.group.user_set.order_by("name", "id").only("name")]


def _require_valid(row: PermissionSet) -> None:
    normalize(row, "permission_set")
    row.description = row.description.strip()
    errors = name_errors(row)
    if len(row.description) > MAX_DESCRIPTION:
        message = _("Use at most %(count)s characters.") % {"count": MAX_DESCRIPTION}
        errors.append(FieldError("description", "too_long", message))
    if errors:
        raise ValidationFailed(errors)


def _state(row: PermissionSet) -> dict[str, str]:
    return {"name": row.name, "api_name": row.api_name, "description": row.description}
