"""What proves that a submission comes from a page that we made, or from a server that knows the source's secret."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import PlatformError
from crm_platform.tenancy.context import current_schema
from workflows.intake.models import AddressedSource, WebForm

LASTS = 24 * 3600  # seconds that a page may stay open
TOLERANCE = 300  # seconds by which clocks of servers may differ
_SALT = "intake.start"


class PageTooOld(PlatformError):
    code = "state_conflict"
    status = 409
    message = _("This page has been open for too long. Load it again.")


class WrongSignature(PlatformError):
    code = "not_authenticated"
    status = 401
    message = _("The signature or its time is wrong.")


def start_token(form: WebForm) -> str:
    """Return what a page carries: when it was made, and a number by which it is sent only once."""
    return signing.dumps([current_schema(), form.token, time.time(), secrets.token_hex(8)], salt=_SALT)


def read_start(form: WebForm, token: str) -> tuple[float, str]:
    """Return for how many seconds the page has been open and its number; raises PageTooOld for any other token."""
    try:
        schema, name, started, once = signing.loads(token[:500], salt=_SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        raise PageTooOld from None
    if (schema, name) != (current_schema(), form.token):
        raise PageTooOld
    return time.time() - started, once


def secret_of(source: AddressedSource) -> str:
    """Return the secret by which servers sign; it is kept nowhere, and another `secret_number` makes another one."""
    return salted_hmac(
        "intake.secret", f"{current_schema()}:{source.pk}:{source.secret_number}", algorithm="sha256"
    ).hexdigest()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the hex HMAC-SHA256 of `timestamp.body`."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def check_signature(source: AddressedSource, timestamp: str, given: str, body: bytes) -> str:
    """Return what names this request once and for all; raises WrongSignature."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        raise WrongSignature
    wanted = signature(secret_of(source), timestamp, body)
    is_now = abs(time.time() - int(timestamp)) <= TOLERANCE
    if not (constant_time_compare(wanted, given.lower()) and is_now):
        raise WrongSignature
    return wanted
