"""Counts attempts to sign in, before the password is looked at: a hundred at once are a hundred, not none yet.

The counters are rows, changed by one statement each: exact over all processes, and whether Redis is there or not
neither opens nor closes the door. Why not django-axes: docs/adr/0009-own-lockout.md.
"""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User
from crm_platform.identity.sign_in_models import FailedAttempts
from crm_platform.kit.errors import PlatformError

WINDOW = 15 * 60  # seconds, from the first of the failures
PER_ACCOUNT = 5  # failures of one account from one address; another address may still sign in
PER_ADDRESS = 50  # failures of one address over all accounts
PER_CODE = 5  # wrong codes of one account from anywhere: who gets so far has the password

# Rows of accounts come before those of addresses, so that no two statements wait for each other.
_COUNT = """
    INSERT INTO identity_failedattempts AS f (key, account, count, ends_at)
    SELECT key, account, 1, clock_timestamp() + %s * interval '1 second'
    FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS given (key, account, place) ORDER BY place
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN f.ends_at <= clock_timestamp() THEN 1 ELSE f.count + 1 END,
        ends_at = CASE WHEN f.ends_at <= clock_timestamp() THEN excluded.ends_at ELSE f.ends_at END
    RETURNING count
"""
_SUCCEED = """
    WITH own AS (DELETE FROM identity_failedattempts WHERE key = %s)
    UPDATE identity_failedattempts SET count = greatest(count - 1, 0) WHERE key = %s
"""


class TooManyAttempts(PlatformError):
    """The answer after too many failures; the same whether the account exists or not.

    `is_first` in the details: this attempt is the one that closed the door.
    """

    code = "rate_limited"
    status = 429
    message = _("Too many failed attempts. Wait a quarter of an hour and try again.")


def client_address(request: HttpRequest) -> str:
    """Return the caller's address; behind TRUSTED_PROXY_COUNT proxies the one that the outermost of them saw."""
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    proxies = settings.TRUSTED_PROXY_COUNT
    if proxies and len(forwarded) >= proxies:
        return forwarded[-proxies]
    return str(request.META.get("REMOTE_ADDR", ""))


def count_attempt(username: str, address: str) -> None:
    """Count an attempt with a password as failed until `note_success`; raises TooManyAttempts."""
    account, anywhere = _keys(username, address)
    of_account, of_address = _count([account, anywhere], [account_of(username), ""])
    if of_account > PER_ACCOUNT or of_address > PER_ADDRESS:
        raise TooManyAttempts(is_first=of_account == PER_ACCOUNT + 1 or of_address == PER_ADDRESS + 1)


def note_success(username: str, address: str) -> None:
    """Forget the failures of the account from this address, and that this attempt was counted for the address."""
    with connection.cursor() as cursor:
        cursor.execute(_SUCCEED, _keys(username, address))


def count_code(username: str) -> None:
    """Count a code as wrong until `note_code`; raises TooManyAttempts."""
    (count,) = _count([_code_key(username)], [account_of(username)])
    if count > PER_CODE:
        raise TooManyAttempts(is_first=count == PER_CODE + 1)


def note_code(username: str) -> None:
    """Forget the wrong codes of the account."""
    FailedAttempts.objects.filter(key=_code_key(username)).delete()


def count_link(address: str) -> None:
    """Count a link of an invitation as wrong until `note_link`; raises TooManyAttempts."""
    (count,) = _count([_link_key(address)], [""])
    if count > PER_ADDRESS:
        raise TooManyAttempts(is_first=count == PER_ADDRESS + 1)


def note_link(address: str) -> None:
    """Forget that this link was counted for the address."""
    FailedAttempts.objects.filter(key=_link_key(address), count__gt=0).update(count=F("count") - 1)


def account_of(username: str) -> str:
    """Return the digest by which the counters of an account are found together."""
    return _digest("account", User.objects.normalize(username))


def _keys(username: str, address: str) -> tuple[str, str]:
    return _digest("password", User.objects.normalize(username), address), _digest("address", address)


def _code_key(username: str) -> str:
    return _digest("code", User.objects.normalize(username))


def _link_key(address: str) -> str:
    return _digest("link", address)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _count(keys: list[str], accounts: list[str]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [WINDOW, keys, accounts])
        return [count for (count,) in cursor.fetchall()]


def is_locked(username: str) -> bool:
    """Tell whether an account can't sign in from somewhere, or not with a code, for too many failures."""
    limit = min(PER_ACCOUNT, PER_CODE)
    return FailedAttempts.objects.filter(
        account=account_of(username), count__gte=limit, ends_at__gt=timezone.now()
    ).exists()


def unlock(username: str) -> bool:
    """Forget all failures of an account; tells whether there were any."""
    return bool(FailedAttempts.objects.filter(account=account_of(username)).delete()[0])


def forget_old() -> int:
    """Delete counters whose time is over; returns how many."""
    return FailedAttempts.objects.filter(ends_at__lt=timezone.now()).delete()[0]
