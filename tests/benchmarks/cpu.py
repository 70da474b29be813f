"""What a server costs: processor time of its process group, and of its back ends in PostgreSQL, from /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.place import server

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time; `database` is None when the back ends are not on this machine."""

    server: float
    database: float | None

    def since(self, before: Spent) -> Spent:
        known = self.database is not None and before.database is not None
        return Spent(self.server - before.server, self.database - before.database if known else None)  # type: ignore[operator]


def spent(group: int, application: str) -> Spent:
    """Return what a process group, and the connections that call themselves `application`, have spent so far.

    A parallel query's helpers are not counted.
    """
    return Spent(_group_seconds(group), _backend_seconds(application))


def _group_seconds(group: int) -> float:
    total = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(entry.name)
            if fields and int(fields[2]) == group:
                total += sum(int(value) for value in fields[11:15])
    return total / TICK


def _backend_seconds(application: str) -> float | None:
    with server() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s", [application])
        stats = [_stat(str(pid)) for (pid,) in cursor.fetchall()]
    if not stats or not all(stats):
        return None
    return sum(int(value) for fields in stats for value in fields[11:13]) / TICK


def _stat(pid: str) -> list[str]:
    """Return the fields of /proc/<pid>/stat after the command's name: state is 0, group 2, times 11 to 14."""
    try:
        text = Path("/proc", pid, "stat").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
    return text.rpartition(")")[2].split()
