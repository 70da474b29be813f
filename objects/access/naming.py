"""Principals as people read them, and whether there is anybody behind one."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from crm_platform.identity.models import Department, Role, User, UserGroup
from crm_platform.identity.people import visible_ids
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from objects.access.models import Territory
from objects.access.principals import (
    DEPARTMENT,
    DEPARTMENT_BELOW,
    EVERYONE,
    GROUP,
    KINDS,
    ROLE,
    ROLE_BELOW,
    TERRITORIES,
    TERRITORY,
    TERRITORY_BELOW,
    USER,
    Principal,
)

# Where the principals of each kind are found, and by which of their columns.
TABLES: dict[str, tuple[type[Model], str]] = {
    USER: (User, "pk"),
    ROLE: (Role, "uuid"),
    ROLE_BELOW: (Role, "uuid"),
    GROUP: (UserGroup, "uuid"),
    DEPARTMENT: (Department, "pk"),
    DEPARTMENT_BELOW: (Department, "pk"),
    TERRITORY: (Territory, "pk"),
    TERRITORY_BELOW: (Territory, "pk"),
}


def names_of(written: Iterable[str]) -> dict[str, str]:
    """Return the names of principals by their written form: one query for each kind of thing that they are.

    One that is gone keeps a name that says so.
    """
    wanted: dict[tuple[type[Model], str], set[uuid.UUID]] = defaultdict(set)
    parsed = {text: Principal.parse(text) for text in set(written)}
    for principal in parsed.values():
        if principal.id is not None:
            wanted[TABLES[principal.kind]].add(principal.id)
    found = {
        place: dict(_manager(place[0]).filter(**{f"{place[1]}__in": ids}).values_list(place[1], "name"))
        for place, ids in wanted.items()
    }
    return {text: _name(principal, found) for text, principal in parsed.items()}


def _name(principal: Principal, found: dict[tuple[type[Model], str], dict[Any, str]]) -> str:
    if principal.id is None:
        return str(KINDS[EVERYONE])
    name = found[TABLES[principal.kind]].get(principal.id, _("(no longer there)"))
    return name if principal.kind == USER else f"{KINDS[principal.kind]}: {name}"


def existing(text: object, field: str, *, but: Iterable[str] = TERRITORIES, chooser: Actor | None = None) -> Principal:
    """Read a principal that there is, of any kind `but` some; raises ValidationFailed at `field`.

    For a `chooser` there are no users but those of his contact scope. Territories are for sharing rules alone.
    """
    principal = Principal.parse(text if isinstance(text, str) else "", field)
    if principal.kind in but:
        raise ValidationFailed.single(field, "invalid_choice", _("Choose somebody else."))
    if principal.id is None:
        return principal
    model, key = TABLES[principal.kind]
    row = _manager(model).filter(**{key: principal.id}).first()
    if row is None or (chooser and principal.kind == USER and not visible_ids(chooser, [principal.id])):
        message = _("There is no such user, group, role, department or territory.")
        raise ValidationFailed.single(field, "invalid_reference", message)
    if not getattr(row, "is_active", True):
        raise ValidationFailed.single(field, "inactive_reference", _("This entry is no longer active."))
    return principal


def _manager(model: type[Model]) -> Any:
    return model._default_manager
