"""Whom somebody finds among his colleagues (通讯录范围): asked by pickers, the directory and whatever takes a user.

Names of people on records that one may see are shown to everybody; this is about finding and choosing them.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Q

from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department, Role, User, UserDepartment
from crm_platform.kit.context import Actor
from crm_platform.tenancy.context import schema_name

CONTACT_DETAILS = frozenset({"email", "phone"})
ContactScope = Role.ContactScope


class Reach(NamedTuple):
    """How far somebody sees among people: the departments (None: everybody), and whether he sees how to call them."""

    departments: tuple[uuid.UUID, ...] | None
    hides_details: bool


EVERYBODY = Reach(None, False)


def visible_people(actor: Actor) -> Q:
    """Return the condition on users whom the caller finds: himself and everybody within his contact scope."""
    departments = _reach(actor).departments
    if departments is None:
        return Q()
    also_there = UserDepartment.objects.filter(department__in=departments).values("user_id")
    return Q(pk=actor.user_id) | Q(department__in=departments) | Q(pk__in=also_there)


def visible_ids(actor: Actor, ids: Collection[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Return those of the ids that belong to people whom the caller finds; costs nothing where he finds everybody."""
    if _reach(actor).departments is None:
        return frozenset(ids)
    return frozenset(User.objects.filter(visible_people(actor), pk__in=ids).values_list("pk", flat=True))


def hides_details(actor: Actor) -> bool:
    """Tell whether e-mail addresses and phone numbers of colleagues are kept from the caller."""
    if _finds_everybody(actor) or actor.role_id is None:
        return False
    if not actor.access_version:
        return _hides(actor.role_id)
    return _hides_kept(schema_name(), actor.access_version, actor.role_id)


def searched(actor: Actor, text: str) -> Q:
    """Return the condition on users whom every word of a text names, by what the caller may know of them."""
    names = ["name", "username", *(() if hides_details(actor) else sorted(CONTACT_DETAILS))]
    found = Q()
    for word in text.split():
        found &= _any(Q(**{f"{name}__icontains": word}) for name in names)
    return found


def _any(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found


def _finds_everybody(actor: Actor) -> bool:
    return actor.is_system or actor.user_id is None or actor.role_id is None or actor.has_function(MANAGE_USERS)


@lru_cache(maxsize=1024)
def _hides_kept(schema: str, access_version: int, role_id: uuid.UUID) -> bool:
    """A role hides them from all who have it: the people of a whole organisation cost a query for each role."""
    return _hides(role_id)


def _hides(role_id: uuid.UUID) -> bool:
    return Role.objects.filter(uuid=role_id, hides_contact_details=True).exists()


def _reach(actor: Actor) -> Reach:
    if _finds_everybody(actor) or actor.user_id is None or actor.role_id is None:
        return EVERYBODY
    if not actor.access_version:
        return _read(actor.role_id, actor.user_id, actor.department_id)
    return _kept(schema_name(), actor.access_version, actor.role_id, actor.user_id, actor.department_id)


@lru_cache(maxsize=4096)
def _kept(
    schema: str, access_version: int, role_id: uuid.UUID, user_id: uuid.UUID, department_id: uuid.UUID | None
) -> Reach:
    """Every change of roles, users and departments makes a new access version."""
    return _read(role_id, user_id, department_id)


def _read(role_id: uuid.UUID, user_id: uuid.UUID, department_id: uuid.UUID | None) -> Reach:
    role = Role.objects.filter(uuid=role_id).first()
    if role is None:
        return EVERYBODY
    if role.contact_scope == ContactScope.ALL:
        return Reach(None, role.hides_contact_details)
    if role.contact_scope == ContactScope.CHOSEN:
        own = list(role.contact_departments.values_list("pk", "path"))
    else:
        mine = Q(pk=department_id) | Q(other_members__user=user_id)
        own = list(Department.objects.filter(mine).distinct().values_list("pk", "path"))
    if role.contact_scope == ContactScope.DEPARTMENT:
        return Reach(tuple(key for key, _path in own), role.hides_contact_details)
    return Reach(_at_and_below([path for _key, path in own]), role.hides_contact_details)


def _at_and_below(paths: list[str]) -> tuple[uuid.UUID, ...]:
    within = _any(Q(path__startswith=path) for path in paths)
    return tuple(Department.objects.filter(within).order_by("path").values_list("pk", flat=True)) if paths else ()
