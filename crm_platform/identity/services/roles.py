"""Roles: made, changed, put below each other, deleted while nobody has them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.identity import journal, uses
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department, Role
from crm_platform.identity.services.access import bump_access_version, lock_identity, require_function
from crm_platform.identity.services.naming import found, name_errors, normalize, require_known
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed

MAX_DEPTH = 20
NO_ROLE = gettext_lazy("There is no such role.")
IN_USE = gettext_lazy("The role can't be deleted. It is used by: %(names)s")


@dataclass(frozen=True, kw_only=True)
class RoleInput:
    """What an administrator says about a role; without an API name it gets one."""

    name: str
    api_name: str = ""
    parent: Role | None = None
    data_scope: str = Role.DataScope.OWN
    contact_scope: str = Role.ContactScope.ALL
    contact_departments: Sequence[Department] = ()  # of the contact scope `chosen`
    hides_contact_details: bool = False


CHANGEABLE = frozenset(item.name for item in fields(RoleInput))


@transaction.atomic
def create_role(actor: Actor, data: RoleInput) -> Role:
    """Add a role."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    role = Role()
    departments = _fill(role, {item.name: getattr(data, item.name) for item in fields(data)}, ())
    role.save(force_insert=True)
    role.contact_departments.set(departments)
    bump_access_version()
    journal.tell(actor, journal.Event("role.created", role.name, role.uuid, journal.differences({}, _state(role))))
    return role


@transaction.atomic
def update_role(actor: Actor, role_id: uuid.UUID, **changes: Any) -> Role:
    """Change some of a role's attributes (those of RoleInput); its reach per object is `objects.access`'s."""
    require_function(actor, MANAGE_USERS)
    require_known(changes, CHANGEABLE)
    lock_identity()
    role = found(Role, role_id, NO_ROLE)
    before = _state(role)
    departments = _fill(role, changes, tuple(role.contact_departments.all()))
    role.save()
    role.contact_departments.set(departments)
    if different := journal.differences(before, _state(role)):
        bump_access_version()
        journal.tell(actor, journal.Event("role.changed", role.name, role.uuid, different))
    return role


@transaction.atomic
def delete_role(actor: Actor, role_id: uuid.UUID) -> None:
    """Delete a role that nobody has; raises StateConflict that names who uses it."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    role = found(Role, role_id, NO_ROLE)
    own = [*role.users.order_by("name").values_list("name", flat=True)]
    below = [_("role “%(name)s” below it") % {"name": item.name} for item in role.children.order_by("id")]
    uses.require_unused(role, str(IN_USE), [*own, *below])
    event = journal.Event("role.deleted", role.name, role.uuid, journal.differences(_state(role), {}))
    role.delete()
    bump_access_version()
    journal.tell(actor, event)


def _fill(role: Role, given: dict[str, Any], departments: Sequence[Department]) -> Sequence[Department]:
    """Put values into the role's attributes and return the departments of its contacts; raises ValidationFailed."""
    departments = given.get("contact_departments", departments)
    for name, value in given.items():
        if name != "contact_departments":
            setattr(role, name, value)
    normalize(role, "role")
    errors = [*name_errors(role), *_choice_errors(role), *_parent_errors(role)]
    if role.contact_scope != Role.ContactScope.CHOSEN:
        departments = ()
    elif not departments:
        errors.append(FieldError("contact_departments", "required", _("Choose at least one department.")))
    if errors:
        raise ValidationFailed(errors)
    return departments


def _choice_errors(role: Role) -> list[FieldError]:
    wrong = {
        "data_scope": role.data_scope not in Role.DataScope.values,
        "contact_scope": role.contact_scope not in Role.ContactScope.values,
    }
    message = _("Choose one of the offered values.")
    return [FieldError(name, "invalid_choice", message) for name, is_wrong in wrong.items() if is_wrong]


def _parent_errors(role: Role) -> list[FieldError]:
    parents = dict(Role.objects.values_list("pk", "parent_id"))
    above, depth = role.parent_id, 1
    while above is not None:
        if above == role.pk:
            return [FieldError("parent", "invalid_reference", _("A role can't stand below itself."))]
        above, depth = parents.get(above), depth + 1
    if depth + _height(role, parents) > MAX_DEPTH:
        message = _("Roles may be at most %(count)s levels deep.") % {"count": MAX_DEPTH}
        return [FieldError("parent", "out_of_range", message)]
    return []


def _height(role: Role, parents: Mapping[int, int | None]) -> int:
    """Return how many levels of roles stand below the role."""
    level, height = {role.pk}, 0
    while level := {pk for pk, parent in parents.items() if parent in level and parent is not None}:
        height += 1
    return height


def _state(role: Role) -> dict[str, Any]:
    """Return what the audit trail says about a role."""
    departments = role.contact_departments.order_by("path").values_list("name", flat=True)
    return {
        "name": role.name,
        "api_name": role.api_name,
        "parent": role.parent.name if role.parent else None,
        "data_scope": str(role.data_scope),
        "contact_scope": str(role.contact_scope),
        "contact_departments": list(departments),
        "hides_contact_details": role.hides_contact_details,
    }
