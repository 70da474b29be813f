"""The three servers that are compared, each under granian as the launcher starts it."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from crm_platform.launcher.processes import Service, services
from tests.benchmarks.load import Call, call

PRODUCT, TWIN, BARE = "product", "twin", "bare"
APPLICATIONS = {
    PRODUCT: ("crm_platform.config.wsgi:application", "tests.benchmarks.settings"),
    TWIN: ("tests.benchmarks.twin.wsgi:application", "tests.benchmarks.twin.settings"),
    BARE: ("tests.benchmarks.bare:application", ""),
}
START_SECONDS = 60


@dataclass(frozen=True)
class Contender:
    """A running server and the headers of the caller."""

    name: str
    port: int
    headers: dict[str, str]
    service: Service

    @property
    def application(self) -> str:
        return f"bench-{self.name}"

    @property
    def group(self) -> int:
        assert self.service.process is not None
        return self.service.process.pid

    def ask(self, request: Call) -> tuple[int, bytes]:
        return call(self.port, self.headers, request)


@contextmanager
def running(folder: Path, headers: dict[str, dict[str, str]], ready: dict[str, Call]) -> Iterator[dict[str, Contender]]:
    """Start the servers, wait until each answers its `ready` request, stop them at the end.

    `folder` holds their logs and, as `statements.json`, the SQL of the bare one.
    """
    with ExitStack() as stack:
        found = {}
        for name, (application, settings) in APPLICATIONS.items():
            port = _free_port()
            service = _service(name, application, settings, folder, port)
            service.start()
            stack.callback(service.stop)
            found[name] = Contender(name, port, headers[name], service)
        for name, contender in found.items():
            _wait(contender, ready[name])
        yield found


def _service(name: str, application: str, settings: str, folder: Path, port: int) -> Service:
    environment = {
        "DJANGO_SETTINGS_MODULE": settings,
        "API_BURST_CALLS": "0",
        "PGAPPNAME": f"bench-{name}",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "BARE_STATEMENTS": str(folder / "statements.json"),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO"),
    }
    web = services(environment, folder, "127.0.0.1", port)[0]
    return Service(name, [*web.command[:-1], application], environment, folder / f"{name}.log", grace=5.0)


def _wait(contender: Contender, request: Call) -> None:
    status, body, until = 0, b"", time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            status, body = contender.ask(request)
        except OSError:
            time.sleep(0.2)
            continue
        if status == 200:
            return
        break
    log = contender.service.log.read_text(errors="replace")[-2000:]
    print(log, file=sys.stderr)
    raise RuntimeError(f"{contender.name} does not answer: {status} {body[:300]!r}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
