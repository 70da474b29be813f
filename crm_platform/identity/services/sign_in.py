"""Signing in, step by step, and the history of it. The faces keep who is on the way from one step to the next."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal, networks, throttle
from crm_platform.identity.auth import OrganizationBackend
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.services import passwords, second_factor
from crm_platform.identity.services.access import require_function
from crm_platform.identity.sign_in_models import SignInRecord
from crm_platform.kit.context import Actor, request_id, system_actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from crm_platform.kit.json import dumps

SIGNED_IN, WRONG_PASSWORD, WRONG_CODE, LOCKED_OUT, WRONG_NETWORK = (
    *("signed_in", "wrong_password", "wrong_code"),
    *("locked_out", "wrong_network"),
)
SHOWN_OF_UNKNOWN = 2  # letters: people type passwords into the wrong box


@dataclass(frozen=True, slots=True)
class Caller:
    """The browser in front of which somebody sits."""

    address: str
    browser: str = ""


def check_password(username: str, password: str, caller: Caller) -> User | None:
    """Return the user when the password is right and may be used from here; None when something is wrong.

    Raises TooManyAttempts, and AddressNotAllowed once the password was right. An account without second factor
    still has to be welcomed by `welcome`.
    """
    try:
        throttle.count_attempt(username, caller.address)
    except throttle.TooManyAttempts as refused:
        _note_lock(username, caller, refused)
        raise
    user = OrganizationBackend().authenticate(None, username, password)
    if user is None:
        _note(username, User.objects.filter(username=User.objects.normalize(username)).first(), caller, WRONG_PASSWORD)
        return None
    throttle.note_success(username, caller.address)
    require_network(user, caller)
    return user


def require_network(user: User, caller: Caller) -> None:
    """Raise AddressNotAllowed when the user's profile may not be used from here, and write that down."""
    allowed = user.profile.allowed_networks if user.profile else []
    try:
        networks.require_allowed(dumps(allowed).decode(), caller.address)
    except networks.AddressNotAllowed:
        _note(user.username, user, caller, WRONG_NETWORK)
        raise


def check_code(user: User, code: str, caller: Caller) -> str:
    """Return what the code was ("code" or "recovery"), "" when it is wrong; raises TooManyAttempts."""
    try:
        throttle.count_code(user.username)
    except throttle.TooManyAttempts as refused:
        _note_lock(user.username, caller, refused)
        raise
    kind = second_factor.verify(user, code)
    if kind:
        throttle.note_code(user.username)
    else:
        _note(user.username, user, caller, WRONG_CODE)
    return kind


@transaction.atomic
def welcome(user: User, caller: Caller, kind: str = "") -> None:
    """Write down that a user is in, and ask for a new password when the present one is due."""
    _note(user.username, user, caller, SIGNED_IN, kind)
    passwords.note_age(user)
    journal.tell(_as_actor(user), journal.Event("user.signed_in", user.name, user.pk))


def prove(user: User, password: str, code: str, caller: Caller) -> None:
    """Let somebody who is signed in prove who they are: password, and code where there is a second factor.

    Counts as an attempt to sign in does. Raises TooManyAttempts and ValidationFailed.
    """
    throttle.count_attempt(user.username, caller.address)
    if not user.check_password(password):
        raise ValidationFailed.single("current", "validation_rule_failed", _("This is not your present password."))
    if user.second_factor_since is not None and not check_code(user, code, caller):
        raise ValidationFailed.single("code", "validation_rule_failed", second_factor.WRONG_CODE)
    throttle.note_success(user.username, caller.address)


@transaction.atomic
def unlock_user(actor: Actor, user_id: uuid.UUID) -> bool:
    """Let a user try again at once; tells whether there was anything to forget."""
    require_function(actor, MANAGE_USERS)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such user."))
    done = throttle.unlock(user.username)
    if done:
        journal.tell(actor, journal.Event("user.unlocked", user.name, user.pk))
    return done


def _note_lock(username: str, caller: Caller, refused: throttle.TooManyAttempts) -> None:
    """Write down the attempt that closed the door; those that only knock at it are not counted one by one."""
    if not refused.details["is_first"]:
        return
    user = User.objects.filter(username=User.objects.normalize(username)).first()
    _note(username, user, caller, LOCKED_OUT)
    name, user_id = (user.name, user.pk) if user else (_masked(username), None)
    actor = system_actor("sign-in", via="console")
    journal.tell(actor, journal.Event("user.locked_out", name, user_id))


def _note(username: str, user: User | None, caller: Caller, outcome: str, kind: str = "") -> None:
    SignInRecord.objects.create(
        user=user,
        username=user.username if user else _masked(username),
        address=caller.address[:45],
        browser=caller.browser[:100],
        outcome=outcome,
        second_factor=kind,
        request_id=request_id.get()[:64],
    )


def _masked(username: str) -> str:
    return username.strip()[:SHOWN_OF_UNKNOWN] + "…"


def _as_actor(user: User) -> Actor:
    return Actor(user.pk, user.name, "console", request_id=request_id.get())
