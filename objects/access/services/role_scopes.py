"""How far a role reaches for each object and action, where that is not its general scope."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.identity import journal
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department, Role
from crm_platform.identity.services import (
    RoleInput,
    bump_access_version,
    create_role,
    require_function,
    update_role,
)
from crm_platform.identity.services.access import lock_identity
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from metadata.models import BusinessObject
from objects.access.models import RoleScope
from objects.access.reach import DELETE, EDIT, EXPORT, READ, SCOPED_ACTIONS, TRANSFER
from objects.access.rules import Reach

Scopes = RoleScope.DataScope
Table = dict[str, dict[str, Reach]]  # object → action → reach; what is left out follows the general scope
Wanted = Mapping[str, Mapping[str, Reach | None]]  # None: as the general scope

ACTION_LABELS = {
    READ: gettext_lazy("Read"),
    EDIT: gettext_lazy("Edit"),
    DELETE: gettext_lazy("Delete"),
    EXPORT: gettext_lazy("Export"),
    TRANSFER: gettext_lazy("Transfer"),
}
_TOO_WIDE = gettext_lazy("“%(action)s” reaches further than “Read”. Nobody can work with records that he does not see.")


@dataclass(frozen=True)
class _Change:
    """One cell of the table that is to be written."""

    object: BusinessObject
    action: str
    reach: Reach | None


def get_role(actor: Actor, role_id: uuid.UUID) -> Role:
    """Return a role; raises Forbidden, NotFound."""
    require_function(actor, MANAGE_USERS)
    found = Role.objects.select_related("parent").filter(uuid=role_id).first()
    if found is None:
        raise NotFound(_("There is no such role."))
    return found


def scope_table(actor: Actor, role: Role) -> Table:
    """Return the scopes of a role that are not its general one."""
    require_function(actor, MANAGE_USERS)
    return _table(role)


@transaction.atomic
def set_scopes(actor: Actor, role_id: uuid.UUID, wanted: Wanted) -> Role:
    """Set how far a role reaches for the named objects and actions; what is left out stays as it is.

    Raises ValidationFailed for what there is not, and where an action would reach further than reading.
    """
    return change_role(actor, role_id, wanted)


@transaction.atomic
def change_role(actor: Actor, role_id: uuid.UUID, wanted: Wanted | None = None, **changes: Any) -> Role:
    """Change a role's own attributes (those of RoleInput) and its scopes in one act."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    role = update_role(actor, role_id, **changes) if changes else get_role(actor, role_id)
    before = _table(role)
    _write(role, _checked(wanted or {}))
    after = _table(role)
    _require_within_reading(role, after)
    if before != after:
        bump_access_version()
        _note(actor, role, before, after)
    return role


@transaction.atomic
def clone_role(actor: Actor, source_id: uuid.UUID, name: str, *, api_name: str = "") -> Role:
    """Make a role that reaches as far as another one, beside it in the hierarchy."""
    source = get_role(actor, source_id)
    made = create_role(
        actor,
        RoleInput(
            name=name,
            api_name=api_name,
            parent=source.parent,
            data_scope=source.data_scope,
            contact_scope=source.contact_scope,
            contact_departments=tuple(source.contact_departments.all()),
            hides_contact_details=source.hides_contact_details,
        ),
    )
    RoleScope.objects.bulk_create(
        RoleScope(
            role=made,
            business_object_id=row.business_object_id,
            action=row.action,
            data_scope=row.data_scope,
            departments=row.departments,
        )
        for row in source.scopes.all()
    )
    bump_access_version()
    return made


def _table(role: Role) -> Table:
    found: Table = {}
    rows = role.scopes.filter(business_object__state=BusinessObject.State.ACTIVE).select_related("business_object")
    for row in rows.order_by("business_object__position", "business_object_id"):
        reach = Reach(row.data_scope, tuple(row.departments))
        found.setdefault(row.business_object.api_name, {})[row.action] = reach
    return found


def _checked(wanted: Wanted) -> list[_Change]:
    names = set(wanted)
    objects = {
        row.api_name: row
        for row in BusinessObject.objects.filter(api_name__in=names, state=BusinessObject.State.ACTIVE)
    }
    chosen = {item for cells in wanted.values() for reach in cells.values() if reach for item in reach.departments}
    departments = set(Department.objects.filter(pk__in=chosen).values_list("pk", flat=True))
    errors = [
        FieldError(name[:120], "invalid_reference", _("There is no such object."))
        for name in sorted(names - set(objects))
    ]
    found = []
    for name, row in objects.items():
        for action, reach in wanted[name].items():
            errors += _cell_errors(f"{name}.{action}"[:120], action, reach, departments)
            found.append(_Change(row, action, _plain(reach)))
    if errors:
        raise ValidationFailed(errors)
    return found


def _cell_errors(place: str, action: str, reach: Reach | None, departments: set[uuid.UUID]) -> Iterable[FieldError]:
    if action not in SCOPED_ACTIONS:
        yield FieldError(place, "invalid_choice", _("There is no such action."))
    elif reach is None:
        return
    elif reach.data_scope not in Scopes.values:
        yield FieldError(place, "invalid_choice", _("Choose one of the offered values."))
    elif reach.data_scope == Scopes.CHOSEN and not reach.departments:
        yield FieldError(place, "required", _("Choose at least one department."))
    elif not set(reach.departments) <= departments:
        yield FieldError(place, "invalid_reference", _("There is no such department."))


def _plain(reach: Reach | None) -> Reach | None:
    """Return a reach without departments that its scope does not need."""
    return reach if reach is None or reach.data_scope == Scopes.CHOSEN else Reach(reach.data_scope)


def _write(role: Role, changes: list[_Change]) -> None:
    """Put the cells into the table: a statement for those that go and one for those that stay."""
    gone = [item for item in changes if item.reach is None]
    kept = [(item, item.reach) for item in changes if item.reach is not None]
    for action in {item.action for item in gone}:
        objects = [item.object for item in gone if item.action == action]
        role.scopes.filter(action=action, business_object__in=objects).delete()
    RoleScope.objects.bulk_create(
        [
            RoleScope(
                role=role,
                business_object=item.object,
                action=item.action,
                data_scope=reach.data_scope,
                departments=list(reach.departments),
            )
            for item, reach in kept
        ],
        update_conflicts=True,
        unique_fields=["role", "business_object", "action"],
        update_fields=["data_scope", "departments"],
    )


def _require_within_reading(role: Role, table: Table) -> None:
    """Raise ValidationFailed where an action reaches further than reading does; one of another kind may stand.

    Subordinates and a department, for instance, cannot be compared: there whoever works with a record must be
    within both.
    """
    general = Reach(role.data_scope)
    errors = [
        FieldError(f"{name}.{action}", "invalid_choice", _TOO_WIDE, {"action": str(ACTION_LABELS[action])})
        for name, cells in table.items()
        for action in SCOPED_ACTIONS
        if is_wider(cells.get(action, general), cells.get(READ, general)) and action in cells
    ]
    if errors:
        raise ValidationFailed(errors)


def is_wider(reach: Reach, other: Reach) -> bool:
    """Tell whether a reach certainly holds all that another one holds, and more."""
    return _holds(reach, other) and not _holds(other, reach)


def _holds(wide: Reach, narrow: Reach) -> bool:
    if wide.data_scope == Scopes.ALL or narrow.data_scope == Scopes.NONE:
        return True
    if wide.data_scope == narrow.data_scope:
        return wide.data_scope != Scopes.CHOSEN or set(narrow.departments) <= set(wide.departments)
    if narrow.data_scope == Scopes.OWN:
        return wide.data_scope != Scopes.NONE
    return (wide.data_scope, narrow.data_scope) == (Scopes.DEPARTMENT_BELOW, Scopes.DEPARTMENT)


def _note(actor: Actor, role: Role, before: Table, after: Table) -> None:
    changes = journal.differences(_said(before), _said(after))
    journal.tell(actor, journal.Event("role.scopes_changed", role.name, role.uuid, changes))


def _said(table: Table) -> dict[str, Any]:
    return {
        f"{name}.{action}": [str(reach.data_scope), *map(str, reach.departments)]
        for name, cells in table.items()
        for action, reach in cells.items()
    }
