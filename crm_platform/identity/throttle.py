"""Counts failed sign-ins in the cache; in this process's memory while Redis is away."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from crm_platform.identity.models import User
from crm_platform.kit.errors import PlatformError
from crm_platform.tenancy.context import schema_name

WINDOW = 15 * 60  # seconds
PER_ACCOUNT = 5  # failures of one account from one address; another address may still sign in
PER_ADDRESS = 50  # failures of one address over all accounts
MAX_REMEMBERED = 10_000


class TooManyAttempts(PlatformError):
    """The answer after too many failures; the same whether the account exists or not."""

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


def require_attempts_left(username: str, address: str) -> None:
    """Raise TooManyAttempts when account and address, or the address alone, failed too often."""
    account, anywhere = _keys(username, address)
    if _counter.value(account) >= PER_ACCOUNT or _counter.value(anywhere) >= PER_ADDRESS:
        raise TooManyAttempts


def note_failure(username: str, address: str) -> None:
    """Count a failed attempt."""
    for key in _keys(username, address):
        _counter.add(key)


def note_success(username: str, address: str) -> None:
    """Forget the failures of the account from this address."""
    _counter.forget(_keys(username, address)[0])


def _keys(username: str, address: str) -> tuple[str, str]:
    """Return the counters' keys; hashed, because the cache is no place for names and addresses."""
    schema = schema_name()
    pair = f"{schema}\x1f{User.objects.normalize(username)}\x1f{address}"
    return (
        "sign-in:" + hashlib.sha256(pair.encode()).hexdigest(),
        "sign-in-address:" + hashlib.sha256(f"{schema}\x1f{address}".encode()).hexdigest(),
    )


@dataclass
class _Counter:
    """A counter per key that starts again `WINDOW` seconds after its first failure."""

    local: dict[str, tuple[int, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def value(self, key: str) -> int:
        try:
            return int(cache.get(key, 0)) + self._local_value(key)
        except RedisError:
            return self._local_value(key)

    def add(self, key: str) -> None:
        try:
            cache.add(key, 0, WINDOW)
            cache.incr(key)
        except (RedisError, ValueError):  # ValueError: it ran out between the two calls
            self._local_add(key)

    def forget(self, key: str) -> None:
        with self.lock:
            self.local.pop(key, None)
        try:
            cache.delete(key)
        except RedisError:
            return

    def _local_value(self, key: str) -> int:
        count, ends = self.local.get(key, (0, 0.0))
        return count if ends > time.monotonic() else 0

    def _local_add(self, key: str) -> None:
        with self.lock:
            if len(self.local) >= MAX_REMEMBERED:
                self.local.clear()
            count, ends = self.local.get(key, (0, 0.0))
            if ends <= time.monotonic():
                count, ends = 0, time.monotonic() + WINDOW
            self.local[key] = (count + 1, ends)


_counter = _Counter()
