"""Profiles: made, renamed, deleted while nobody has them. What they allow with objects is `objects.access`'s."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext_lazy

from crm_platform.identity import journal, uses
from crm_platform.identity.functions import MANAGE_USERS, permissions_of
from crm_platform.identity.models import Profile
from crm_platform.identity.services.access import (
    bump_access_version,
    known_functions,
    lock_identity,
    require_function,
)
from crm_platform.identity.services.naming import found, name_errors, normalize, require_known
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed

CHANGEABLE = frozenset({"name", "api_name"})
NO_PROFILE = gettext_lazy("There is no such profile.")
IN_USE = gettext_lazy("The profile can't be deleted. It is used by: %(names)s")


@transaction.atomic
def create_profile(actor: Actor, name: str, *, api_name: str = "", functions: Collection[str] = ()) -> Profile:
    """Add a profile that allows these functions, and nothing with any object."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    profile = Profile(name=name, api_name=api_name)
    _require_valid(profile)
    group = Group.objects.create(name=f"profile:{profile.uuid}")
    group.permissions.set(permissions_of(known_functions(functions)))
    profile.group = group
    profile.save(force_insert=True)
    bump_access_version()
    after = {**_state(profile), "functions": sorted(functions)}
    journal.tell(actor, journal.Event("profile.created", profile.name, profile.uuid, journal.differences({}, after)))
    return profile


@transaction.atomic
def update_profile(actor: Actor, profile_id: uuid.UUID, **changes: str) -> Profile:
    """Give a profile another name or API name."""
    require_function(actor, MANAGE_USERS)
    require_known(changes, CHANGEABLE)
    lock_identity()
    profile = found(Profile, profile_id, NO_PROFILE)
    before = _state(profile)
    for name, value in changes.items():
        setattr(profile, name, value)
    _require_valid(profile)
    profile.save(update_fields=list(CHANGEABLE))
    if different := journal.differences(before, _state(profile)):
        bump_access_version()
        journal.tell(actor, journal.Event("profile.changed", profile.name, profile.uuid, different))
    return profile


@transaction.atomic
def delete_profile(actor: Actor, profile_id: uuid.UUID) -> None:
    """Delete a profile that nobody has, with all that it allows; raises StateConflict that names who uses it."""
    require_function(actor, MANAGE_USERS)
    lock_identity()
    profile = found(Profile, profile_id, NO_PROFILE)
    uses.require_unused(profile, str(IN_USE), profile.users.order_by("name").values_list("name", flat=True))
    event = journal.Event("profile.deleted", profile.name, profile.uuid, journal.differences(_state(profile), {}))
    group = profile.group
    profile.delete()
    group.delete()
    bump_access_version()
    journal.tell(actor, event)


def _require_valid(profile: Profile) -> None:
    normalize(profile, "profile")
    if errors := name_errors(profile):
        raise ValidationFailed(errors)


def _state(profile: Profile) -> dict[str, str]:
    return {"name": profile.name, "api_name": profile.api_name}
