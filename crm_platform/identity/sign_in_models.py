"""What sign-in keeps: sessions, second factors, former passwords, failed attempts, and the history of it all."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.ids import uuid7


class Session(AbstractBaseSession):
    """A browser's session, with what its owner and an administrator may see of it.

    `uuid` names it on pages: the key itself is as good as a password.
    """

    CHANGING = ("session_data", "expire_date", "user", "signed_in_at", "browser")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, null=True, related_name="sessions")
    signed_in_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(db_default=Now())  # to the minute
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=100, blank=True)

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()
        verbose_name = verbose_name_plural = "session"

    @classmethod
    def get_session_store_class(cls) -> Any:
        from crm_platform.identity.sessions import SessionStore  # it reads this model

        return SessionStore

    def save(self, *args: Any, **options: Any) -> None:
        """Save; of a session that exists only what it holds, never when and whence it was seen."""
        if options.get("force_update"):
            options["update_fields"] = self.CHANGING
        super().save(*args, **options)


class SecondFactor(models.Model):
    """A user's authenticator app. Without `confirmed_at` it is being set up and asks nobody for anything.

    `manage.py reseal` finds the secret by the ending of its column's name.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField("identity.User", on_delete=models.CASCADE, related_name="second_factor")
    secret_seal = models.TextField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)  # of the last code that was taken: neither it nor an older one again

    class Meta:
        default_permissions = ()


class RecoveryCode(models.Model):
    """A code for the day on which the phone is lost; works once. Only its digest is kept."""

    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")]


class FormerPassword(models.Model):
    """The hash of a password that a user had, so that it is not chosen again."""

    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="former_passwords")
    password = models.CharField(max_length=128)

    class Meta:
        default_permissions = ()


class FailedAttempts(models.Model):
    """How many attempts in a row failed under a key, until when they count; see `throttle`.

    Keys and accounts are digests: what people type into the wrong box is nobody's business.
    """

    key = models.CharField(max_length=64, primary_key=True)
    account = models.CharField(max_length=64, blank=True, db_index=True)
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField()

    class Meta:
        default_permissions = ()


OUTCOMES = {
    "signed_in": _("Signed in"),
    "wrong_password": _("User name or password wrong"),
    "wrong_code": _("Code wrong"),
    "locked_out": _("Locked after too many failures"),
    "wrong_network": _("Network not allowed"),
}
FACTORS = {"": "", "code": _("Code of the app"), "recovery": _("Recovery code")}


class SignInRecord(models.Model):
    """One attempt to sign in, and how it ended. The database refuses UPDATE, TRUNCATE and any DELETE but that of
    the retention job. `username` is what was typed; of an account that does not exist only how it begins.
    """

    at = models.DateTimeField(db_default=Now())
    user = models.ForeignKey("identity.User", on_delete=models.PROTECT, null=True, related_name="+")
    username = models.CharField(max_length=150)
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=100, blank=True)
    outcome = models.CharField(max_length=20)  # a key of OUTCOMES
    second_factor = models.CharField(max_length=20, blank=True)  # a key of FACTORS: what was given besides
    request_id = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["-at", "-id"], name="sign_in_at"),
            models.Index(fields=["user", "-at"], name="sign_in_user"),
        ]

    @property
    def outcome_label(self) -> str:
        return str(OUTCOMES.get(self.outcome, self.outcome))

    @property
    def factor_label(self) -> str:
        return str(FACTORS.get(self.second_factor, self.second_factor))

    @property
    def outcome_color(self) -> str:
        """The colour of the tag that tells the outcome."""
        return "green" if self.outcome == "signed_in" else "red"
