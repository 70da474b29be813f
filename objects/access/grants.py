"""Which profile may do what with which object: django-guardian rows on the object's metadata row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils.translation import gettext as _
from guardian.shortcuts import assign_perm, remove_perm

from crm_platform.identity.models import Profile
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, ValidationFailed
from crm_platform.tenancy.context import current_schema
from metadata.models import BusinessObject, BusinessObjectGroupPermission

VIEW_RECORDS, MODIFY_RECORDS = "view_all", "modify_all"
ACTIONS = (
    *("read", "create", "edit", "delete", "import", "export"),
    *("mass_update", "merge", "convert", "transfer", "share", "restore"),
)
GRANTABLE = (*ACTIONS, VIEW_RECORDS, MODIFY_RECORDS)  # the last two widen the reach over records

Grants = Mapping[str, frozenset[str]]


def grants_of(actor: Actor) -> Grants:
    """Return the actions granted to the caller's groups, by the API name of the object.

    Read once per access version and set of groups in each process. An actor without a version (0) was not
    built from an account: its grants are read every time.
    """
    if not actor.group_ids:
        return MappingProxyType({})
    if not actor.access_version:
        return _read(actor.group_ids)
    return _cached(current_schema(), actor.access_version, actor.group_ids)


@lru_cache(maxsize=2048)
def _cached(schema: str, access_version: int, group_ids: tuple[int, ...]) -> Grants:
    return _read(group_ids)


def _read(group_ids: tuple[int, ...]) -> Grants:
    rows = BusinessObjectGroupPermission.objects.filter(group__in=group_ids).values_list(
        "content_object__api_name", "permission__codename"
    )
    found: dict[str, set[str]] = {}
    for api_name, action in rows:
        found.setdefault(api_name, set()).add(action)
    return MappingProxyType({name: frozenset(actions) for name, actions in found.items()})


@transaction.atomic
def grant_object(actor: Actor, profile: Profile, obj: BusinessObject, actions: Iterable[str]) -> None:
    """Allow a profile these actions on an object, beside those that it has."""
    _may_grant(actor)
    for permission in permissions_for(actions):
        assign_perm(permission, profile.group, obj)
    bump_access_version()


@transaction.atomic
def revoke_object(actor: Actor, profile: Profile, obj: BusinessObject, actions: Iterable[str]) -> None:
    """Take these actions on an object away from a profile."""
    _may_grant(actor)
    for permission in permissions_for(actions):
        remove_perm(permission, profile.group, obj)
    bump_access_version()


def granted_actions(actor: Actor, group: Group, obj: BusinessObject) -> frozenset[str]:
    """Return what a group may do with an object, for the screens on which that is set."""
    rows = BusinessObjectGroupPermission.objects.filter(group=group, content_object=obj)
    return frozenset(rows.values_list("permission__codename", flat=True))


def _may_grant(actor: Actor) -> None:
    if not (actor.has_function("identity.manage_users") or actor.has_function("metadata.customize")):
        raise Forbidden


def permissions_for(actions: Iterable[str]) -> list[Permission]:
    """Return the permission rows of actions; raises ValidationFailed for an unknown one."""
    wanted = tuple(actions)
    unknown = [action for action in wanted if action not in GRANTABLE]
    if unknown:
        raise ValidationFailed.single("actions", "invalid_choice", _("Unknown action."), actions=unknown)
    return list(
        Permission.objects.filter(
            content_type__app_label="metadata", content_type__model="businessobject", codename__in=wanted
        )
    )
