"""Servers for a test run: embedded, private to the run, gone afterwards."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from crm_platform.launcher.places import ROOT, find_places
from crm_platform.launcher.servers import Postgres, Server, Valkey


def ensure_servers() -> None:
    """Start what DATABASE_URL and REDIS_URL do not name, and point them at it, for this process and its children."""
    var = ROOT / "var"
    var.mkdir(exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="test-", dir=var))
    places = find_places(state)
    servers: list[Server] = []
    for variable, embedded in (
        ("DATABASE_URL", Postgres(places, durable=False)),
        ("REDIS_URL", Valkey(places)),
    ):
        if not os.environ.get(variable):
            servers.append(embedded.start())
            os.environ[variable] = embedded.url
    owner = os.getpid()

    def clean_up() -> None:
        if os.getpid() != owner:  # a forked child must not end its parent's servers
            return
        for server in reversed(servers):
            server.stop()
        for folder in {state, places.state, places.runtime}:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(clean_up)
