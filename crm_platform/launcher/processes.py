"""The platform's own processes: started, watched, started again when they die, drained at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from crm_platform.launcher.errors import LaunchError
from crm_platform.launcher.places import ROOT

RESTARTS_ALLOWED = 5
RESTART_WINDOW = 60.0


@dataclass
class Service:
    """One process (a group of its own). `grace` seconds pass between asking it to end and making it."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    grace: float = 30.0
    process: subprocess.Popen[bytes] | None = None
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=RESTARTS_ALLOWED))

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def revive(self) -> None:
        """Start it again when it has died; raises LaunchError when it keeps dying."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        self.deaths.append(now)
        if len(self.deaths) == RESTARTS_ALLOWED and now - self.deaths[0] < RESTART_WINDOW:
            raise LaunchError(f"the {self.name} keeps dying: see {self.log}")
        print(f"The {self.name} ended unexpectedly and is started again (see {self.log}).", flush=True)
        self.start()

    def stop(self) -> None:
        """Ask it to finish what it has begun, then end whatever is left of its group."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.grace)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def tool(name: str) -> str:
    """Return a command of the virtual environment that runs us."""
    return str(Path(sys.executable).parent / name)


def services(environment: dict[str, str], logs: Path, host: str, port: int) -> list[Service]:
    """Return web, worker and beat, in the order in which they start."""
    granian = [tool("granian"), "--interface", "wsgi", "--host", host, "--port", str(port)]
    granian += ["--workers", "2", "--blocking-threads", "4", "--backpressure", "200", "--workers-kill-timeout", "20"]
    celery = [sys.executable, "-m", "celery", "-A", "crm_platform.config"]
    return [
        Service("web server", [*granian, "crm_platform.config.wsgi:application"], environment, logs / "web.log"),
        Service(
            "worker",
            [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"],
            environment,
            logs / "worker.log",
            grace=60.0,
        ),
        Service(
            "scheduler",
            [*celery, "beat", "--loglevel", "INFO", "--schedule", str(logs.parent / "beat"), "--pidfile="],
            environment,
            logs / "beat.log",
            grace=10.0,
        ),
    ]
