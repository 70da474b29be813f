"""Fixtures of the identity tests."""

from __future__ import annotations

import pytest
from django.core.cache import caches


@pytest.fixture
def unreachable_redis(settings, monkeypatch):
    """Point the cache at a port where nobody listens."""
    cache = caches.create_connection("default")
    broken = type(cache)("redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 0.2}})
    from crm_platform.identity import throttle

    monkeypatch.setattr(throttle, "cache", broken)
    yield
    throttle._counter.local.clear()
