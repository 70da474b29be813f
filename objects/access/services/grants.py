"""What the holders of a profile or permission set may do with each object: the whole matrix, read and set at once."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.identity import journal
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import PermissionSet, Profile
from crm_platform.identity.services import (
    bump_access_version,
    create_permission_set,
    create_profile,
    require_function,
)
from crm_platform.identity.services.access import functions_of
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from metadata.models import (
    BusinessFieldGroupPermission,
    BusinessObject,
    BusinessObjectGroupPermission,
    RecordTypeGroupPermission,
)
from objects.access.grants import GRANTABLE, MODIFY_RECORDS, VIEW_RECORDS, permissions_for

READ = "read"
GroupOwner = Profile | PermissionSet
OwnerT = TypeVar("OwnerT", Profile, PermissionSet)
Matrix = dict[str, tuple[str, ...]]  # object → actions, both in their order


def implied(actions: Collection[str]) -> tuple[str, ...]:
    """Return actions with those that they need: reading for every one, reading all for changing all."""
    found = set(actions)
    if MODIFY_RECORDS in found:
        found.add(VIEW_RECORDS)
    if found:
        found.add(READ)
    return tuple(action for action in GRANTABLE if action in found)


def grants_matrix(actor: Actor, owner: GroupOwner) -> Matrix:
    """Return what a profile or permission set allows with every object, in the organisation's order. Two statements."""
    require_function(actor, MANAGE_USERS)
    rows = _granted(owner.group)
    return {item.api_name: _actions(rows.get(item.pk, {})) for item in _objects().values()}


@transaction.atomic
def set_grants(actor: Actor, owner: GroupOwner, wanted: Mapping[str, Collection[str]]) -> Matrix:
    """Let a profile or permission set do exactly these actions with the named objects; others stay as they are.

    Returns what it may do with the named objects now, which holds what the actions imply. Raises Forbidden, and
    ValidationFailed for objects and actions that there are not. The number of statements does not depend on the
    number of objects.
    """
    require_function(actor, MANAGE_USERS)
    Group.objects.select_for_update().get(pk=owner.group_id)
    objects = _objects()
    after = {name: implied(actions) for name, actions in _checked(objects, wanted).items()}
    granted = _granted(owner.group)
    before = {name: _actions(granted.get(objects[name].pk, {})) for name in after}
    if different := journal.differences(before, after):
        _write(owner.group, {objects[name]: after[name] for name in different}, granted)
        bump_access_version()
        changes = {name: (list(old), list(new)) for name, (old, new) in different.items()}
        journal.tell(actor, journal.Event("grants.objects_changed", owner.name, owner.uuid, changes))
    return after


@transaction.atomic
def clone_profile(actor: Actor, source_id: uuid.UUID, name: str, *, api_name: str = "") -> Profile:
    """Make a profile that allows what another one allows, functions, objects and fields, under its sign-in rules."""
    require_function(actor, MANAGE_USERS)
    source = owner_of(Profile, source_id)
    made = create_profile(actor, name, api_name=api_name, functions=functions_of(source))
    made.allowed_networks, made.requires_second_factor = source.allowed_networks, source.requires_second_factor
    made.save(update_fields=["allowed_networks", "requires_second_factor"])
    _copy(source.group, made.group)
    bump_access_version()
    return made


@transaction.atomic
def clone_permission_set(actor: Actor, source_id: uuid.UUID, name: str, *, api_name: str = "") -> PermissionSet:
    """Make a permission set that allows what another one allows; nobody has it yet."""
    require_function(actor, MANAGE_USERS)
    source = owner_of(PermissionSet, source_id)
    made = create_permission_set(
        actor, name, api_name=api_name, description=source.description, functions=functions_of(source)
    )
    _copy(source.group, made.group)
    bump_access_version()
    return made


def owner_of(model: type[OwnerT], owner_id: uuid.UUID) -> OwnerT:
    """Return a profile or permission set with its group; raises NotFound."""
    found = model._default_manager.select_related("group").filter(uuid=owner_id).first()
    if found is None:
        raise NotFound
    return found


def _objects() -> dict[str, BusinessObject]:
    rows = BusinessObject.objects.filter(state=BusinessObject.State.ACTIVE).order_by("position", "id")
    return {row.api_name: row for row in rows}


def _granted(group: Group) -> dict[int, dict[str, int]]:
    """Return a group's grants: object → action → id of the row."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    rows = BusinessObjectGroupPermission.objects.filter(group=group)
    for object_id, action, row_id in rows.values_list("content_object_id", "permission__codename", "pk"):
        found[object_id][action] = row_id
    return found


def _actions(granted: Collection[str]) -> tuple[str, ...]:
    return tuple(action for action in GRANTABLE if action in granted)


def _checked(
    objects: Mapping[str, BusinessObject], wanted: Mapping[str, Collection[str]]
) -> Mapping[str, Collection[str]]:
    errors = []
    for name, actions in wanted.items():
        if name not in objects:
            errors.append(FieldError(str(name)[:120], "invalid_reference", _("There is no such object.")))
        elif unknown := sorted(set(actions) - set(GRANTABLE)):
            message = _("There is no such action: %(names)s")
            errors.append(FieldError(name, "invalid_choice", message, {"names": ", ".join(unknown)[:120]}))
    if errors:
        raise ValidationFailed(errors)
    return wanted


def _write(
    group: Group, wanted: Mapping[BusinessObject, Collection[str]], granted: Mapping[int, Mapping[str, int]]
) -> None:
    """Delete the rows that are no longer wanted and insert those that are missing: a statement for each."""
    permissions: dict[str, Permission] = {row.codename: row for row in permissions_for(GRANTABLE)}
    gone, new = [], []
    for row, actions in wanted.items():
        present = granted.get(row.pk, {})
        gone += [row_id for action, row_id in present.items() if action not in actions]
        new += [
            BusinessObjectGroupPermission(group=group, content_object=row, permission=permissions[action])
            for action in actions
            if action not in present
        ]
    BusinessObjectGroupPermission.objects.filter(pk__in=gone).delete()
    BusinessObjectGroupPermission.objects.bulk_create(new)


def _copy(source: Group, target: Group) -> None:
    """Give a new group what another one has on objects, fields and record types."""
    models: tuple[type[Any], ...] = (
        BusinessObjectGroupPermission,
        BusinessFieldGroupPermission,
        RecordTypeGroupPermission,
    )
    for model in models:
        rows = model.objects.filter(group=source).values_list("content_object_id", "permission_id")
        model.objects.bulk_create(
            model(group=target, content_object_id=row_id, permission_id=permission_id) for row_id, permission_id in rows
        )
