"""The probes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from crm_platform.config import health
from crm_platform.tenancy.models import WakeUp


@pytest.fixture
def probe(db):
    from django.db import connection

    def get(path):
        tenant = connection.tenant
        try:
            return Client(SERVER_NAME="no.such.host").get(path)
        finally:
            connection.set_tenant(tenant)

    return get


def test_live_needs_nothing(probe, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = probe("/health/live")
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    assert "sessionid" not in response.cookies


def test_ready_reports_every_part(probe):
    body = probe("/health/ready").json()
    assert body["status"] == "ok"
    assert {name: check["status"] for name, check in body["checks"].items()} == {
        "database": "ok",
        "migrations": "ok",
        "queue": "ok",
        "redis": "ok",
    }


def test_work_left_lying_degrades(probe):
    WakeUp.objects.create(schema_name="x", due_at=timezone.now() - timedelta(hours=1))
    response = probe("/health/ready")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"]["queue"]["age_seconds"] > 3000


def test_redis_away_degrades(probe, monkeypatch):
    import redis

    monkeypatch.setattr(health, "_redis_client", lambda: redis.Redis.from_url("redis://127.0.0.1:1"))
    response = probe("/health/ready")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert "127.0.0.1" not in response.content.decode()


def test_missing_migrations_are_down(probe, monkeypatch):
    monkeypatch.setattr(health, "_seen_migrated", [])
    monkeypatch.setattr(health, "pending_schemas", lambda schemas: schemas)
    assert probe("/health/ready").status_code == 503


def test_database_away_is_down(probe, monkeypatch):
    from django.db import OperationalError

    def away():
        raise OperationalError("could not connect to server at secret-host")

    monkeypatch.setattr(health, "_database", away)
    response = probe("/health/ready")
    assert response.status_code == 503
    assert "secret-host" not in response.content.decode()


def test_unknown_probe_is_404(probe):
    assert probe("/health/other").status_code == 404
