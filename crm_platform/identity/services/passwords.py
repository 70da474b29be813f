"""Passwords: what they must be, and the one place that sets them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from crm_platform.identity.models import OrganizationSettings, User
from crm_platform.identity.sign_in_models import FormerPassword, Session
from crm_platform.kit.errors import FieldError

SHORTEST, LONGEST_MINIMUM, MAX_HISTORY, MAX_DAYS = 8, 64, 12, 3650


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of character that a policy may ask for."""

    label: Promise
    message: Promise
    matches: Callable[[str], bool]


KINDS: dict[str, Kind] = {
    "lower": Kind(_("Small letters"), _("Use a small letter, too."), str.islower),
    "upper": Kind(_("Capital letters"), _("Use a capital letter, too."), str.isupper),
    "digit": Kind(_("Digits"), _("Use a digit, too."), str.isdigit),
    "symbol": Kind(_("Signs"), _("Use a sign such as ! or #, too."), lambda letter: not letter.isalnum()),
}


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What the organisation asks of passwords; see OrganizationSettings."""

    min_length: int = 10
    kinds: tuple[str, ...] = ()
    history: int = 0
    max_days: int = 0
    change_first: bool = True

    @classmethod
    def current(cls) -> PasswordPolicy:
        """Return the organisation's policy; the usual one before there are settings."""
        names = [f"password_{name}" for name in ("min_length", "kinds", "history", "max_days", "change_first")]
        row = OrganizationSettings.objects.values_list(*names).first()
        return cls(row[0], tuple(row[1]), *row[2:]) if row else cls()

    def help_text(self) -> str:
        """Return what people read below the box in which they type a new password."""
        parts = [
            str(_("At least %(count)s characters, not only digits, not a common password."))
            % {"count": self.min_length}
        ]
        if self.kinds:
            named = " · ".join(str(KINDS[name].label) for name in self.kinds)
            parts.append(str(_("Must contain: %(kinds)s.")) % {"kinds": named})
        if self.history:
            parts.append(str(_("None of the last %(count)s passwords.")) % {"count": self.history})
        return " ".join(parts)


def password_errors(password: str, user: User) -> list[FieldError]:
    """Return why the password is too weak for this user."""
    policy = PasswordPolicy.current()
    messages: list[str | Promise] = []
    if len(password) < policy.min_length:
        messages.append(
            ngettext_lazy("Use at least %(count)d character.", "Use at least %(count)d characters.", policy.min_length)
            % {"count": policy.min_length}
        )
    messages += [KINDS[name].message for name in policy.kinds if not any(map(KINDS[name].matches, password))]
    try:
        validate_password(password, user)
    except ValidationError as failed:
        messages += failed.messages
    if not messages and _was_used(password, user, policy.history):
        messages.append(_("You had this password before. Choose another one."))
    return [FieldError("password", "validation_rule_failed", message) for message in messages]


def _was_used(password: str, user: User, history: int) -> bool:
    """Tell whether the password is among the last `history` ones; one that must be changed is never good again."""
    if user._state.adding:
        return False
    if (history or user.must_change_password) and check_password(password, user.password):
        return True
    former = FormerPassword.objects.filter(user=user).order_by("-pk").values_list("password", flat=True)
    return history > 1 and any(check_password(password, hashed) for hashed in former[: history - 1])


def set_password(user: User, password: str | None, *, by_other: bool) -> None:
    """Give a user a password that has been checked, save it, and remember the former one as far as the policy wants.

    `by_other`: somebody else chose it, so that its owner has to change it at the next sign-in, if the policy says so.
    """
    policy, is_new = PasswordPolicy.current(), user._state.adding
    if not is_new and user.has_usable_password() and policy.history > 1:
        FormerPassword.objects.create(user=user, password=user.password)
        kept = FormerPassword.objects.filter(user=user).order_by("-pk").values("pk")[:MAX_HISTORY]
        FormerPassword.objects.filter(user=user).exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    user.set_password(password)
    user.password_changed_at = timezone.now()
    user.must_change_password = by_other and policy.change_first and password is not None
    user.session_epoch += 0 if is_new else 1
    names = ["password", "password_changed_at", "must_change_password", "session_epoch"]
    user.save(force_insert=is_new, update_fields=None if is_new else names)
    Session.objects.filter(user=user).delete()


def note_age(user: User) -> None:
    """Ask a user who signs in for a new password when the present one is older than the policy allows."""
    policy = PasswordPolicy.current()
    since = user.password_changed_at or user.created_at
    if policy.max_days and timezone.now() - since > timedelta(days=policy.max_days):
        User.objects.filter(pk=user.pk).update(must_change_password=True)
        user.must_change_password = True
