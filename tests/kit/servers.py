"""Database and Redis for a test run: those of the environment, else embedded ones started for this run."""

from __future__ import annotations

import os


def ensure_servers() -> None:
    """Make sure that DATABASE_URL and REDIS_URL are set; xdist workers inherit them from their controller."""
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return
    from crm_platform.launcher.testing import ensure_servers as start  # only when none are given

    start()
