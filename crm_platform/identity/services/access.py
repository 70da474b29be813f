"""Function permissions of profiles and permission sets, and the version that every cache of rights is keyed by."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal
from crm_platform.identity.functions import FUNCTION_NAMES, MANAGE_USERS, permissions_of
from crm_platform.identity.models import AccessVersion, PermissionSet, Profile, User
from crm_platform.kit.context import Actor
from crm_platform.kit.db import advisory_xact_lock
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed

GroupOwner = Profile | PermissionSet


def require_function(actor: Actor, permission: str) -> None:
    """Raise Forbidden unless the caller holds the function permission."""
    if not actor.has_function(permission):
        raise Forbidden


def bump_access_version() -> None:
    """Move the access version, in the transaction that changes grants, roles, profiles or departments.

    The number is the time in microseconds, so that a change that is rolled back never shares its number with
    a later one: caches in other transactions of this process could have seen it.
    """
    AccessVersion.objects.update(
        number=RawSQL("greatest(number + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)", ())
    )


@transaction.atomic
def set_functions(actor: Actor, owner: GroupOwner, functions: Collection[str]) -> None:
    """Let the holders of a profile or permission set use exactly these functions.

    Somebody must stay able to manage users.
    """
    require_function(actor, MANAGE_USERS)
    wanted = known_functions(functions)
    lock_identity()
    before = functions_of(owner)
    if before == wanted:
        return
    owner.group.permissions.remove(*permissions_of(before - wanted))
    owner.group.permissions.add(*permissions_of(wanted - before))
    keep_a_manager()
    bump_access_version()
    change = {"functions": (sorted(before), sorted(wanted))}
    journal.tell(actor, journal.Event("grants.functions_changed", owner.name, owner.uuid, change))


def functions_of(owner: GroupOwner) -> frozenset[str]:
    """Return the functions that a profile or permission set allows."""
    return functions_of_groups([owner.group_id])[owner.group_id]


def functions_of_groups(group_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Return the functions that each group allows, read by one statement."""
    found: dict[int, set[str]] = {group_id: set() for group_id in group_ids}
    rows = Permission.objects.filter(group__in=found).order_by()
    for group_id, app_label, codename in rows.values_list("group", "content_type__app_label", "codename"):
        found[group_id].add(f"{app_label}.{codename}")
    return {group_id: frozenset(functions) & FUNCTION_NAMES for group_id, functions in found.items()}


@transaction.atomic
def grant_function(actor: Actor, profile_api_name: str, permission: str) -> None:
    """Let everybody with the profile use the function."""
    require_function(actor, MANAGE_USERS)
    profile = _profile(profile_api_name)
    set_functions(actor, profile, functions_of(profile) | known_functions([permission]))


@transaction.atomic
def revoke_function(actor: Actor, profile_api_name: str, permission: str) -> None:
    """Take the function from everybody with the profile; somebody must stay able to manage users."""
    require_function(actor, MANAGE_USERS)
    profile = _profile(profile_api_name)
    set_functions(actor, profile, functions_of(profile) - known_functions([permission]))


def lock_identity() -> None:
    """Take the one lock under which users and profiles change in ways that concern each other."""
    advisory_xact_lock("identity")


def keep_a_manager() -> None:
    """Raise StateConflict when nobody active could manage users any more; under `lock_identity`."""
    app_label, codename = MANAGE_USERS.split(".")
    groups = Group.objects.filter(permissions__codename=codename, permissions__content_type__app_label=app_label)
    managers = User.objects.filter(Q(profile__group__in=groups) | Q(groups__in=groups), is_active=True)
    if not managers.exists():
        raise StateConflict(_("At least one active user must be able to manage users."))


def _profile(api_name: str) -> Profile:
    profile = Profile.objects.select_related("group").filter(api_name=api_name).first()
    if profile is None:
        raise NotFound(_("There is no such profile."))
    return profile


def known_functions(functions: Collection[str]) -> frozenset[str]:
    """Return the functions as a set; raises ValidationFailed for one that there is not."""
    found = frozenset(functions)
    if not found <= FUNCTION_NAMES:
        raise ValidationFailed.single("permission", "invalid_choice", _("There is no such function."))
    return found
