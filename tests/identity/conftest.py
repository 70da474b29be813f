"""Fixtures of the identity tests."""

from __future__ import annotations

import pytest
from django.core.cache import caches


@pytest.fixture
def unreachable_redis(settings, monkeypatch):
    """Point the cache at a port where nobody listens."""
    cache = caches.create_connection("default")
    broken = type(cache)("redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 0.2}})
    monkeypatch.setattr("django.core.cache.cache", broken)
    monkeypatch.setattr("openapi.limits.cache", broken, raising=False)
