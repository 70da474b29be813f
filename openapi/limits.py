"""How often a credential may call: a burst window in Redis, in this process while Redis is away."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings
from django.http.response import HttpResponseBase


@dataclass(frozen=True)
class Window:
    """What is left of the current window."""

    limit: int
    seconds: int
    used: int
    resets_in: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit

    def annotate(self, response: HttpResponseBase) -> None:
        """Add the RateLimit headers (draft-ietf-httpapi-ratelimit-headers)."""
        left = max(0, self.limit - self.used)
        response["RateLimit-Policy"] = f'"burst";q={self.limit};w={self.seconds}'
        response["RateLimit"] = f'"burst";r={left};t={self.resets_in}'


class _LocalCounter:
    """Counts in this process; bounded, so that strangers can't fill the memory."""

    def __init__(self, size: int = 10_000) -> None:
        self.size = size
        self.counts: OrderedDict[str, int] = OrderedDict()

    def count(self, key: str, calls: int) -> int:
        self.counts[key] = self.counts.get(key, 0) + calls
        self.counts.move_to_end(key)
        while len(self.counts) > self.size:
            self.counts.popitem(last=False)
        return self.counts[key]


_local = _LocalCounter()


def count_call(credential: str, calls: int = 1) -> Window | None:
    """Count a call, or what is as much as several, and return the window; None when calls are not limited."""
    limit, seconds = settings.API_BURST
    if not limit:
        return None
    now = int(time.time())
    slot = now // seconds
    key = f"api-burst:{credential}:{slot}"
    try:
        used = _count(key, seconds * 2, calls)
    except (redis.RedisError, OSError):
        used = _local.count(key, calls)
    return Window(limit, seconds, used, (slot + 1) * seconds - now)


def _count(key: str, seconds: int, calls: int) -> int:
    """Add to a counter that is forgotten after so long, in one round trip; return what it has come to."""
    pipeline = _client().pipeline(transaction=False)
    pipeline.incrby(key, calls)
    pipeline.expire(key, seconds)
    used, _expires = pipeline.execute()
    return int(used)


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
