"""What this code needs of the servers it is given: PostgreSQL 16 and Redis 6, with a few settings."""

from __future__ import annotations

import redis
from django.conf import settings
from django.db import DatabaseError, connection

POSTGRES, REDIS = 16, 6
LOCKS = 128  # an organisation has a few hundred tables, and cloning one locks them all


def server_problems() -> list[str]:
    """Return one line for each thing that a server lacks; [] when both will do."""
    return [*_postgres_problems(), *_redis_problems()]


def _postgres_problems() -> list[str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'),"
                " current_setting('max_locks_per_transaction')::int"
            )
            version, encoding, locks = cursor.fetchone()
    except DatabaseError as error:
        return [f"PostgreSQL does not answer at DATABASE_URL: {str(error).strip().splitlines()[0]}"]
    problems = []
    if version < POSTGRES:
        problems.append(f"PostgreSQL {POSTGRES} or newer is needed, this is {version}")
    if encoding != "UTF8":
        problems.append(f"the database's encoding must be UTF8, it is {encoding}")
    if locks < LOCKS:
        problems.append(f"max_locks_per_transaction must be at least {LOCKS} (256 is better), it is {locks}")
    return problems


def _redis_problems() -> list[str]:
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=3, socket_connect_timeout=3)
        info = client.info("server")
    except (redis.RedisError, ValueError) as error:
        return [f"Redis does not answer at REDIS_URL: {error}"]
    version = str(info.get("redis_version", "0"))
    if int(version.split(".")[0]) < REDIS:
        return [f"Redis {REDIS} (or Valkey) or newer is needed, this is {version}"]
    return []
