"""`/health/live` and `/health/ready`: for probes; need no host name, no organisation and no session."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Min
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django_tenants.utils import get_public_schema_name

from crm_platform.kit.json import dumps
from crm_platform.tenancy.context import leave_organization
from crm_platform.tenancy.database import pending_schemas
from crm_platform.tenancy.models import WakeUp

log = logging.getLogger(__name__)
QUEUE_AGE_LIMIT = 300  # seconds; due work that waits longer means that no worker takes it
PREFIX = "/health/"

Check = Callable[[], dict[str, Any]]


class HealthMiddleware:
    """Answers the probes before anything looks at the host or the session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        if request.path_info == "/health/live":
            return _answer({"status": "ok", "version": settings.VERSION})
        if request.path_info == "/health/ready":
            report = readiness()
            return _answer(report, 503 if report["status"] == "down" else 200)
        return _answer({"status": "unknown probe"}, 404)


def readiness() -> dict[str, Any]:
    """Return the state of everything that a request needs.

    "down": this process can't serve (no database, or its tables are older than the code). "degraded": it
    serves, but slower or with work left lying (no Redis, no worker).
    """
    checks = {"database": _run(_database)}
    if checks["database"]["status"] == "ok":
        checks |= {"migrations": _run(_migrations), "queue": _run(_queue)}
    checks["redis"] = _run(_redis)
    states = {name: check["status"] for name, check in checks.items()}
    if "down" in (states["database"], states.get("migrations")):
        status = "down"
    else:
        status = "ok" if set(states.values()) == {"ok"} else "degraded"
    return {"status": status, "version": settings.VERSION, "checks": checks}


def _run(check: Check) -> dict[str, Any]:
    """Run one check; what goes wrong is logged, not told to the caller."""
    started = time.perf_counter()
    try:
        result = check()
    except (DatabaseError, redis.RedisError, OSError):
        log.warning("health check %s failed", check.__name__.strip("_"), exc_info=True)
        result = {"status": "down"}
    return result | {"ms": round((time.perf_counter() - started) * 1000, 1)}


def _database() -> dict[str, Any]:
    leave_organization()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"status": "ok"}


def _migrations() -> dict[str, Any]:
    return {"status": "ok" if _migrated() else "down"}


def _migrated() -> bool:
    """Tell whether all migrations of this code have run; asked until they have, then never again."""
    if not _seen_migrated:
        pending = pending_schemas([get_public_schema_name(), settings.TENANT_TEMPLATE_SCHEMA])
        if not pending:
            _seen_migrated.append(True)
    return bool(_seen_migrated)


_seen_migrated: list[bool] = []


def _queue() -> dict[str, Any]:
    oldest = WakeUp.objects.aggregate(oldest=Min("due_at"))["oldest"]
    age = max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0
    return {"status": "ok" if age < QUEUE_AGE_LIMIT else "late", "age_seconds": round(age, 1)}


def _redis() -> dict[str, Any]:
    _redis_client().ping()
    return {"status": "ok"}


@cache
def _redis_client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def _answer(body: dict[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(
        dumps(body), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
