"""What the organisation asks of those who sign in: passwords, sessions, second factors, networks of profiles."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal, networks
from crm_platform.identity.functions import MANAGE_ORGANIZATION, MANAGE_USERS
from crm_platform.identity.models import OrganizationSettings, Profile, User
from crm_platform.identity.services import passwords
from crm_platform.identity.services.access import bump_access_version, require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed

SHORTEST_KEPT, LONGEST_KEPT = 180, 3650  # days; the database lets no younger rows go
LONGEST_SESSION = 336  # hours: as long as the cookie
RANGES: dict[str, tuple[int, int]] = {
    "password_min_length": (passwords.SHORTEST, passwords.LONGEST_MINIMUM),
    "password_history": (0, passwords.MAX_HISTORY),
    "password_max_days": (0, passwords.MAX_DAYS),
    "session_idle_minutes": (0, LONGEST_SESSION * 60),
    "session_max_hours": (1, LONGEST_SESSION),
    "sign_in_keep_days": (SHORTEST_KEPT, LONGEST_KEPT),
    "audit_keep_days": (SHORTEST_KEPT, LONGEST_KEPT),
}


@dataclass(frozen=True, kw_only=True)
class SignInPolicy:
    """The settings as an administrator gives them; see OrganizationSettings."""

    password_min_length: int
    password_kinds: Sequence[str]
    password_history: int
    password_max_days: int
    password_change_first: bool
    requires_second_factor: bool
    session_idle_minutes: int
    session_max_hours: int
    sign_in_keep_days: int
    audit_keep_days: int


@transaction.atomic
def update_sign_in_policy(actor: Actor, policy: SignInPolicy) -> None:
    """Replace the policy; it holds from the next sign-in, for sessions from the next request."""
    require_function(actor, MANAGE_ORGANIZATION)
    row = OrganizationSettings.objects.select_for_update().get()
    errors = [
        FieldError(name, "out_of_range", _("Give a number from %(low)s to %(high)s."), {"low": low, "high": high})
        for name, (low, high) in RANGES.items()
        if not low <= getattr(policy, name) <= high
    ]
    if set(policy.password_kinds) - set(passwords.KINDS):
        errors.append(FieldError("password_kinds", "invalid_choice", _("Choose one of the offered values.")))
    if errors:
        raise ValidationFailed(errors)
    before, after = policy_of(row), asdict(policy)
    after["password_kinds"] = [name for name in passwords.KINDS if name in policy.password_kinds]
    for name, value in after.items():
        setattr(row, name, value)
    row.save(update_fields=list(after))
    changes = journal.differences(before, after)
    if changes:
        journal.tell(actor, journal.Event("sign_in.policy_changed", row.name, changes=changes))


def policy_of(row: OrganizationSettings) -> dict[str, Any]:
    """Return the present policy by the names of SignInPolicy."""
    return {name: getattr(row, name) for name in SignInPolicy.__dataclass_fields__}


@transaction.atomic
def update_profile_sign_in(
    actor: Actor, profile_id: uuid.UUID, allowed: Sequence[str], requires_second_factor: bool, address: str
) -> None:
    """Say whence users with the profile may call, and whether they need a second factor.

    `address` is the caller's: a list that would lock him out is refused.
    """
    require_function(actor, MANAGE_USERS)
    profile = Profile.objects.select_for_update(of=("self",)).filter(uuid=profile_id).first()
    if profile is None:
        raise NotFound(_("There is no such profile."))
    found = _networks(allowed)
    is_own = actor.user_id is not None and User.objects.filter(pk=actor.user_id, profile=profile).exists()
    if is_own and found and not networks.is_within(found, address):
        message = _("Your own address, %(address)s, is not in the list: you would lock yourself out.")
        raise ValidationFailed.single("allowed_networks", "validation_rule_failed", message, address=address)
    before = {name: getattr(profile, name) for name in ("allowed_networks", "requires_second_factor")}
    profile.allowed_networks = [str(network) for network in found]
    profile.requires_second_factor = requires_second_factor
    profile.save(update_fields=["allowed_networks", "requires_second_factor"])
    changes = journal.differences(before, {name: getattr(profile, name) for name in before})
    if changes:
        bump_access_version()
        journal.tell(actor, journal.Event("profile.sign_in_changed", profile.name, profile.uuid, changes))


def _networks(allowed: Sequence[str]) -> list[networks.Network]:
    found, errors = [], []
    for text in allowed:
        try:
            network = networks.parse(text)
        except ValueError:
            message = _("%(text)s is no network. Write 10.1.0.0/16, 2001:db8::/32 or a single address.")
            errors.append(FieldError("allowed_networks", "invalid_type", message, {"text": text[:60]}))
        else:
            if network not in found:
                found.append(network)
    if len(found) > networks.MAX_NETWORKS:
        errors.append(
            FieldError(
                "allowed_networks", "too_long", _("At most %(count)s networks."), {"count": networks.MAX_NETWORKS}
            )
        )
    if errors:
        raise ValidationFailed(errors)
    return found
