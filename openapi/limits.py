"""How often a credential may call: a burst window in Redis, in this process while Redis is away."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass

import redis
from django.conf import settings
from django.core.cache import cache
from django.http.response import HttpResponseBase

log = logging.getLogger(__name__)


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

    def count(self, key: str) -> int:
        self.counts[key] = self.counts.get(key, 0) + 1
        self.counts.move_to_end(key)
        while len(self.counts) > self.size:
            self.counts.popitem(last=False)
        return self.counts[key]


_local = _LocalCounter()


def count_call(credential: str) -> Window | None:
    """Count one call and return the window; None when calls are not limited."""
    limit, seconds = settings.API_BURST
    if not limit:
        return None
    now = int(time.time())
    slot = now // seconds
    key = f"api-burst:{credential}:{slot}"
    try:
        cache.add(key, 0, seconds * 2)
        used = cache.incr(key)
    except (redis.RedisError, ValueError, OSError):
        used = _local.count(key)
    return Window(limit, seconds, used, (slot + 1) * seconds - now)
