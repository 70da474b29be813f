"""An IMAP server in this process (pymap, in memory): what a test puts into its folder can be read from a mailbox."""

from __future__ import annotations

import asyncio
import imaplib
import socket
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from pymap.backend.dict import DictBackend
from pymap.imap import IMAPService

USER, PASSWORD = "sales@acme.example", "pass word"
ADDRESS = "127.0.0.1"


@dataclass
class Server:
    """A running server with one user; `kept` is what was put into the folder."""

    port: int
    config: Any = None
    kept: list[bytes] = field(default_factory=list)
    client: Any = None

    def put(self, raw: bytes) -> None:
        """Put a message into the folder."""
        self.kept.append(raw)
        self._append(raw)

    def mail(self, text: str = "多少钱？", **headers: str) -> None:
        """Put a mail into the folder; `in_reply_to="<a@b>"` is the header In-Reply-To."""
        made = EmailMessage()
        usual = {"from": "王芳 <wang@shop.example>", "to": USER, "subject": "询价"}
        for name, value in {**usual, "message_id": f"<{len(self.kept)}@shop.example>", **headers}.items():
            made[name.replace("_", "-")] = value
        made.set_content(text)
        self.put(made.as_bytes())

    def number_anew(self) -> None:
        """Give the folder's messages other UIDs, in a folder that is called otherwise."""
        kept = list(self.kept)
        self.forget()
        for raw in kept:
            self.put(raw)

    def _append(self, raw: bytes) -> None:
        if self.client is None:
            self.client = imaplib.IMAP4(ADDRESS, self.port)
            self.client.login(USER, PASSWORD)
        state, answer = self.client.append("INBOX", None, None, raw)
        assert state == "OK", answer

    def forget(self) -> None:
        """Forget the folder: the next one is called otherwise (UIDVALIDITY)."""
        self.config.set_cache.clear()
        self.kept.clear()
        self.client = None


@contextmanager
def imap_server() -> Iterator[Server]:
    """Run a server, without encryption, for the block."""
    with socket.create_server((ADDRESS, 0)) as free:
        server = Server(free.getsockname()[1])
    started, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(server, started, stop)), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        stop.set()
        thread.join(10)


async def _serve(server: Server, started: threading.Event, stop: threading.Event) -> None:
    parser = ArgumentParser()
    DictBackend.add_subparser("dict", parser.add_subparsers())
    IMAPService.add_arguments(parser)
    given = ["--host", ADDRESS, "--port", str(server.port), "--no-tls", "dict"]
    args = parser.parse_args([*given, "--demo-user", USER, "--demo-password", PASSWORD])
    args.debug, args.passlib_cfg = False, None
    backend, server.config = await DictBackend.init(args)
    server.config.apply_context()
    async with AsyncExitStack() as stack:
        await backend.start(stack)
        await IMAPService(backend, server.config).start(stack)
        started.set()
        while not stop.is_set():
            await asyncio.sleep(0.05)
