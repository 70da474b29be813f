"""Fixtures of the identity tests."""

from __future__ import annotations

import pytest
from django.core.cache import caches


@pytest.fixture
def unreachable_redis(settings, monkeypatch):
    """Point the cache at a port where nobody listens."""
    broken = type(caches["default"])("redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 0.2}})
    monkeypatch.setattr(caches["default"], "_cache", broken._cache)
