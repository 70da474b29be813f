"""Setting up a second factor: start, scan, confirm, keep the recovery codes. At sign-in and in one's account."""

from __future__ import annotations

from typing import Any

import segno
from django.http import HttpRequest
from django.utils.safestring import mark_safe

from crm_platform.identity import services, throttle
from crm_platform.identity.auth import build_actor
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.sign_in import CodeForm
from crm_platform.identity.models import User
from crm_platform.identity.services import second_factor
from crm_platform.kit.context import request_id
from crm_platform.kit.errors import StateConflict, ValidationFailed


class SetUp:
    """One user's way to a second factor, as a page shows it."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.form = CodeForm()
        self.codes: list[str] = []

    def start(self) -> None:
        """Make a new secret; raises StateConflict when there is a second factor already."""
        services.begin_second_factor(self.user)

    def confirm(self, request: HttpRequest) -> bool:
        """Take the code that was sent; tells whether the second factor is on now."""
        self.form = CodeForm(request.POST)
        if not self.form.is_valid():
            return False
        actor = build_actor(self.user, via="console", request_id=request_id.get())
        try:
            throttle.count_code(self.user.username)
            self.codes = services.confirm_second_factor(actor, self.user, self.form.cleaned_data["code"])
        except ValidationFailed as failed:
            show_failure(self.form, failed)
        except (throttle.TooManyAttempts, StateConflict) as refused:
            self.form.add_error(None, str(refused.message))
        else:
            throttle.note_code(self.user.username)
            return True
        return False

    def context(self) -> dict[str, Any]:
        """Return what the templates show: the secret as picture and text while it waits, the codes once."""
        secret = None if self.codes else second_factor.pending_secret(self.user)
        return {"form": self.form, "codes": self.codes, "secret": _groups(secret), "qr": self._picture(secret)}

    def _picture(self, secret: str | None) -> str:
        if secret is None:
            return ""
        drawn = segno.make(second_factor.provisioning_uri(self.user, secret), micro=False)
        return mark_safe(drawn.svg_inline(scale=4, border=2, light="#fff"))  # noqa: S308 (squares, drawn here)


def _groups(secret: str | None) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)) if secret else ""
