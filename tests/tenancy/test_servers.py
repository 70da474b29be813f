"""The start-up check says in a line what a server lacks."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.tenancy import servers

pytestmark = pytest.mark.django_db


def test_the_servers_of_this_run_will_do() -> None:
    assert servers.server_problems() == []


def test_old_servers_and_missing_ones_are_named(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(servers, "POSTGRES", 99)
    monkeypatch.setattr(servers, "LOCKS", 10**6)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    problems = servers.server_problems()
    assert len(problems) == 3
    assert "PostgreSQL 99" in problems[0]
    assert "max_locks_per_transaction" in problems[1]
    assert "REDIS_URL" in problems[2]
