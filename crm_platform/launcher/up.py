"""`make up`: from nothing to a page in the browser, and back to nothing at Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from crm_platform.launcher import frontend
from crm_platform.launcher.errors import LaunchError
from crm_platform.launcher.places import ROOT, Places, find_places
from crm_platform.launcher.processes import Service, services
from crm_platform.launcher.servers import Postgres, Server, Valkey

READY_SECONDS = 60
SETTINGS = "crm_platform.config.settings.dev"


def up() -> None:
    """Start everything, print where it is, and stay until asked to stop. Raises LaunchError."""
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    started = time.monotonic()
    places = find_places()
    stopping = _StopSignal()
    with _only_one(places), ExitStack() as cleanup:
        _require_free(host, port)
        environment = _environment(places, cleanup)
        _say("Preparing the database (the first start also makes the demo organisation) …")
        if frontend.build(places.logs / "frontend.log"):
            _say("Built the front end.")
        _prepare(environment, places)
        running = services(environment, places.logs, host, port)
        cleanup.callback(_stop_all, running)
        for service in running:
            service.start()
        _wait_for_page(running[0], host, port)
        _print_welcome(places, host, port, time.monotonic() - started)
        while not stopping.wait(1.0):
            for service in running:
                service.revive()


class _StopSignal:
    """Turns Ctrl-C and SIGTERM into a flag; a second one ends the launcher at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, _frame: object) -> None:
        if self.asked:
            raise SystemExit(130)
        self.asked = True
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(0)

    def wait(self, seconds: float) -> bool:
        time.sleep(seconds)
        return self.asked


@contextmanager
def _only_one(places: Places) -> Iterator[None]:
    with (places.state / "launcher.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LaunchError("another instance of this checkout is running: stop it first (Ctrl-C)") from None
        yield


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise LaunchError(
                f"port {port} is taken ({error.strerror}): choose another with PORT=8001 make up"
            ) from None


def _environment(places: Places, cleanup: ExitStack) -> dict[str, str]:
    """Return the children's settings, starting the embedded servers that no URL replaces."""
    environment = {
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", SETTINGS),
        "SECRET_KEY": os.environ.get("SECRET_KEY") or _secret_key(places),
        "PYTHONPATH": str(ROOT),
    }
    for variable, make in (("DATABASE_URL", Postgres), ("REDIS_URL", Valkey)):
        if not os.environ.get(variable):
            embedded = make(places)
            _register(cleanup, embedded.start())
            environment[variable] = embedded.url
    return environment


def _register(cleanup: ExitStack, server: Server) -> None:
    def stop() -> None:
        server.stop()
        _say(f"{server.name} has stopped.")

    cleanup.callback(stop)


def _secret_key(places: Places) -> str:
    """Return this installation's key, made on the first run, readable by us alone."""
    path = places.state / "secret_key"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text()


def _prepare(environment: dict[str, str], places: Places) -> None:
    """Migrate, collect, and make the demo on the first run, in a process of its own."""
    log = places.logs / "setup.log"
    command = [sys.executable, "-m", "crm_platform.config.prepare", str(places.state / "demo_logins.txt")]
    with log.open("ab") as output:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output)
    if done.returncode != 0:
        raise LaunchError(f"the installation could not be prepared: {_last_line(log)} (all of it in {log})")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "no message"


def _wait_for_page(web: Service, host: str, port: int) -> None:
    address = f"http://{_shown_host(host)}:{port}/health/ready"
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends:
        if web.process is not None and web.process.poll() is not None:
            raise LaunchError(f"the web server did not start: {_last_line(web.log)} (all of it in {web.log})")
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise LaunchError(f"no page after {READY_SECONDS} s: see {web.log}")


def _shown_host(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 (shown, not bound)


def _print_welcome(places: Places, host: str, port: int, seconds: float) -> None:
    logins = places.state / "demo_logins.txt"
    shown = "localhost" if host == "127.0.0.1" else _shown_host(host)
    _say(f"\n  Ready after {seconds:.0f} s:  http://{shown}:{port}/\n")
    if logins.exists():
        _say(logins.read_text().rstrip() + "\n")
    _say(f"  Logs are in {places.logs}. Press Ctrl-C to stop.\n")


def _stop_all(running: list[Service]) -> None:
    """Stop taking requests and schedules first, then let the worker finish."""
    _say("\nStopping: waiting for running work to finish …")
    web, worker, beat = running
    for service in (beat, web, worker):
        service.stop()


def _say(text: str) -> None:
    print(text, flush=True)
