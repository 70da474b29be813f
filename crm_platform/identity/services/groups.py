"""Groups of users: made, changed, filled, deleted while nothing is shared with them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal, uses
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User, UserGroup
from crm_platform.identity.services.access import bump_access_version, lock_identity, require_function
from crm_platform.identity.services.naming import found, name_errors, normalize, require_known
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed

CHANGEABLE = frozenset({"name", "api_name", "description"})
MAX_DESCRIPTION = 500
NO_GROUP = _("There is no such group.")
IN_USE = _("The group can't be deleted. It is used by: %(names)s")

Ids = frozenset[uuid.UUID]
Change = Callable[[Ids, Ids], Ids]  # from the members and the given users to the members that there shall be


@transaction.atomic
def create_group(actor: Actor, name: str, *, api_name: str = "", description: str = "") -> UserGroup:
    """Add a group, with nobody in it."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    row = UserGroup(name=name, api_name=api_name, description=description)
    _require_valid(row)
    row.group = Group.objects.create(name=f"user_group:{row.uuid}")
    row.save(force_insert=True)
    bump_access_version()
    journal.tell(actor, journal.Event("group.created", row.name, row.uuid, journal.differences({}, _state(row))))
    return row


@transaction.atomic
def update_group(actor: Actor, group_id: uuid.UUID, **changes: str) -> UserGroup:
    """Change the names or the description of a group."""
    require_function(actor, MANAGE_USERS)
    require_known(changes, CHANGEABLE)
    lock_identity()
    row = found(UserGroup, group_id, NO_GROUP)
    before = _state(row)
    for name, value in changes.items():
        setattr(row, name, value)
    _require_valid(row)
    row.save(update_fields=list(CHANGEABLE))
    if different := journal.differences(before, _state(row)):
        bump_access_version()
        journal.tell(actor, journal.Event("group.changed", row.name, row.uuid, different))
    return row


@transaction.atomic
def delete_group(actor: Actor, group_id: uuid.UUID) -> None:
    """Delete a group with which nothing is shared; raises StateConflict that names what is."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    row = found(UserGroup, group_id, NO_GROUP)
    uses.require_unused(row, str(IN_USE), ())
    state = {**_state(row), "members": _names(row)}
    event = journal.Event("group.deleted", row.name, row.uuid, journal.differences(state, {}))
    group = row.group
    row.delete()
    group.delete()
    bump_access_version()
    journal.tell(actor, event)


def add_group_members(actor: Actor, group_id: uuid.UUID, user_ids: Collection[uuid.UUID]) -> None:
    """Put users into a group, besides those who are in it."""
    _change_members(actor, group_id, user_ids, lambda present, given: present | given)


def remove_group_members(actor: Actor, group_id: uuid.UUID, user_ids: Collection[uuid.UUID]) -> None:
    """Take users out of a group; who is not in it is passed over."""
    _change_members(actor, group_id, user_ids, lambda present, given: present - given)


def set_group_members(actor: Actor, group_id: uuid.UUID, user_ids: Collection[uuid.UUID]) -> None:
    """Let exactly these users be in a group."""
    _change_members(actor, group_id, user_ids, lambda _present, given: given)


@transaction.atomic
def _change_members(actor: Actor, group_id: uuid.UUID, user_ids: Collection[uuid.UUID], change: Change) -> None:
    require_function(actor, MANAGE_USERS)
    lock_identity()
    row = found(UserGroup, group_id, NO_GROUP)
    given = frozenset(User.objects.filter(pk__in=user_ids).values_list("pk", flat=True))
    if len(given) != len(set(user_ids)):
        raise ValidationFailed.single("members", "invalid_reference", _("There is no such user."))
    present = frozenset(row.group.user_set.values_list("pk", flat=True))
    wanted = change(present, given)
    if wanted == present:
        return
    before = _names(row)
    row.group.user_set.set(User.objects.filter(pk__in=wanted))
    bump_access_version()
    journal.tell(actor, journal.Event("group.members_changed", row.name, row.uuid, {"members": (before, _names(row))}))


def _names(row: UserGroup) -> list[str]:
    return list(row.group.user_set.order_by("name", "id").values_list("name", flat=True))


def _require_valid(row: UserGroup) -> None:
    normalize(row, "group")
    row.description = row.description.strip()
    errors = name_errors(row)
    if len(row.description) > MAX_DESCRIPTION:
        message = _("Use at most %(count)s characters.") % {"count": MAX_DESCRIPTION}
        errors.append(FieldError("description", "too_long", message))
    if errors:
        raise ValidationFailed(errors)


def _state(row: UserGroup) -> dict[str, str]:
    return {"name": row.name, "api_name": row.api_name, "description": row.description}
