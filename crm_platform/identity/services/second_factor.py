"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for the day it is lost."""

from __future__ import annotations

import base64
import hmac
import secrets
import uuid
from datetime import datetime

import pyotp
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import OrganizationSettings, User
from crm_platform.identity.services.access import require_function
from crm_platform.identity.services.sessions import forget_sessions
from crm_platform.identity.sign_in_models import RecoveryCode, SecondFactor
from crm_platform.kit import sealing
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, StateConflict, ValidationFailed

STEP_SECONDS = 30
TOLERANCE = 1  # steps before and after the present one: clocks of phones are not exact
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 80 bits: a keyed digest is enough, nobody guesses them
WRONG_CODE = _("This code is not right. Codes change every 30 seconds; check the clock of your phone.")


@transaction.atomic
def begin_second_factor(user: User) -> None:
    """Make a secret for a user without a second factor; it asks for nothing until `confirm_second_factor`."""
    if user.second_factor_since is not None:
        raise StateConflict(_("Two-factor sign-in is set up already."))
    sealed = sealing.seal(pyotp.random_base32())
    SecondFactor.objects.update_or_create(user=user, defaults={"secret_seal": sealed, "confirmed_at": None})


def pending_secret(user: User) -> str | None:
    """Return the secret that is being set up, None when none is."""
    row = SecondFactor.objects.filter(user=user, confirmed_at=None).first()
    return sealing.unseal(row.secret_seal) if row else None


def provisioning_uri(user: User, secret: str) -> str:
    """Return what the QR code says to the app."""
    issuer = OrganizationSettings.objects.values_list("name", flat=True).first() or "CRM"
    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=issuer)


@transaction.atomic
def confirm_second_factor(actor: Actor, user: User, code: str, now: datetime | None = None) -> list[str]:
    """Switch the second factor on, given a code of the app; returns the recovery codes, which nobody sees again."""
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    row = SecondFactor.objects.select_for_update().filter(user=user, confirmed_at=None).first()
    if row is None:
        raise StateConflict(_("Begin again: there is nothing to confirm."))
    if not _take(row, code, now or timezone.now()):
        raise ValidationFailed.single("code", "validation_rule_failed", WRONG_CODE)
    row.confirmed_at = user.second_factor_since = timezone.now()
    row.save(update_fields=["confirmed_at"])
    user.save(update_fields=["second_factor_since"])
    journal.tell(actor, journal.Event("second_factor.enabled", user.name, user.pk))
    return _new_codes(user)


@transaction.atomic
def verify(user: User, code: str, now: datetime | None = None) -> str:
    """Return "code" or "recovery" for what the code is, "" when it is wrong; each works once."""
    row = SecondFactor.objects.select_for_update().filter(user=user, confirmed_at__isnull=False).first()
    if row is None:
        return ""
    plain = "".join(code.split()).replace("-", "")
    if _take(row, plain, now or timezone.now()):
        return "code"
    unused = RecoveryCode.objects.filter(user=user, used_at=None, digest=_digest(user.pk, plain))
    return "recovery" if unused.update(used_at=timezone.now()) else ""


@transaction.atomic
def renew_recovery_codes(actor: Actor, user: User) -> list[str]:
    """Return new recovery codes; the former ones no longer work."""
    if user.second_factor_since is None:
        raise StateConflict(_("Two-factor sign-in is not set up."))
    journal.tell(actor, journal.Event("second_factor.codes_renewed", user.name, user.pk))
    return _new_codes(user)


def codes_left(user: User) -> int:
    """Return how many recovery codes a user still has."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def is_required_of(user: User) -> bool:
    """Tell whether organisation or profile ask for a second factor."""
    of_profile = user.profile is not None and user.profile.requires_second_factor
    return of_profile or OrganizationSettings.objects.filter(requires_second_factor=True).exists()


@transaction.atomic
def disable_second_factor(actor: Actor, user: User) -> None:
    """Switch a user's own second factor off; the face has asked for password and code."""
    if is_required_of(user):
        raise StateConflict(_("Your organisation requires two-factor sign-in."))
    _remove(user)
    journal.tell(actor, journal.Event("second_factor.disabled", user.name, user.pk))


@transaction.atomic
def reset_second_factor(actor: Actor, user_id: uuid.UUID) -> None:
    """Take the second factor from somebody who lost the phone; their sessions end."""
    require_function(actor, MANAGE_USERS)
    user = User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such user."))
    if user.second_factor_since is None:
        raise StateConflict(_("Two-factor sign-in is not set up."))
    _remove(user)
    forget_sessions(user.pk)
    journal.tell(actor, journal.Event("second_factor.reset", user.name, user.pk))


def _remove(user: User) -> None:
    SecondFactor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).update(second_factor_since=None)


def _take(row: SecondFactor, code: str, now: datetime) -> bool:
    """Tell whether the code is right and newer than the last one that was; `row` is locked."""
    totp, present = pyotp.TOTP(sealing.unseal(row.secret_seal)), int(now.timestamp()) // STEP_SECONDS
    for step in range(present - TOLERANCE, present + TOLERANCE + 1):
        is_right = hmac.compare_digest(totp.generate_otp(step).encode(), code.strip().encode())
        if is_right and step > row.last_step:
            row.last_step = step
            row.save(update_fields=["last_step"])
            return True
    return False


def _new_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    plain = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user.pk, code)) for code in plain)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in plain]


def _digest(user_id: uuid.UUID, code: str) -> str:
    return sealing.digest(f"recovery {user_id} {code.lower()}")
