"""Function permissions of profiles, and the version that every cache of rights is keyed by."""

from __future__ import annotations

from django.db import transaction
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.functions import FUNCTION_NAMES, MANAGE_USERS, permissions_of
from crm_platform.identity.models import AccessVersion, Profile, User
from crm_platform.kit.context import Actor
from crm_platform.kit.db import advisory_xact_lock
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed


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
def grant_function(actor: Actor, profile_api_name: str, permission: str) -> None:
    """Let everybody with the profile use the function."""
    require_function(actor, MANAGE_USERS)
    _profile(profile_api_name).group.permissions.add(*permissions_of(_known(permission)))
    bump_access_version()


@transaction.atomic
def revoke_function(actor: Actor, profile_api_name: str, permission: str) -> None:
    """Take the function from everybody with the profile; somebody must stay able to manage users."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    _profile(profile_api_name).group.permissions.remove(*permissions_of(_known(permission)))
    keep_a_manager()
    bump_access_version()


def lock_identity() -> None:
    """Take the one lock under which users and profiles change in ways that concern each other."""
    advisory_xact_lock("identity")


def keep_a_manager() -> None:
    """Raise StateConflict when nobody active could manage users any more; under `lock_identity`."""
    app_label, codename = MANAGE_USERS.split(".")
    managers = User.objects.filter(
        is_active=True,
        profile__group__permissions__codename=codename,
        profile__group__permissions__content_type__app_label=app_label,
    )
    if not managers.exists():
        raise StateConflict(_("At least one active user must be able to manage users."))


def _profile(api_name: str) -> Profile:
    profile = Profile.objects.select_related("group").filter(api_name=api_name).first()
    if profile is None:
        raise NotFound(_("There is no such profile."))
    return profile


def _known(permission: str) -> frozenset[str]:
    if permission not in FUNCTION_NAMES:
        raise ValidationFailed.single("permission", "invalid_choice", _("There is no such function."))
    return frozenset({permission})
