"""Server-sent events: one state told again and again while it changes, for a bounded time and to few at once.

A stream takes a thread of the server as long as it lasts, so that no process serves many; who has watched for as
long as it may asks again. While a stream sleeps it holds no connection to the database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import StreamingHttpResponse

from crm_platform.kit.json import dumps
from openapi.http import RateLimited

SECONDS, TICK, SILENCE = 25.0, 1.0, 10.0  # of a stream, between two looks, until a sign of life
AGAIN = 2  # seconds after which who was cut off, or is one too many, asks again
CONTENT_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
# The state as it is now, and whether it is the last one; None for who may not know it any more.
Read = Callable[[], tuple[Mapping[str, Any], bool] | None]


class Places:
    """Counts the streams of this process: so many at once, and one of each caller. A place that nobody left ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: dict[str, float] = {}  # by caller: until when

    def take(self, caller: str, most: int, now: float) -> bool:
        """Take the caller's place; False where he has one, or there is none left."""
        with self._lock:
            self._taken = {key: until for key, until in self._taken.items() if until > now}
            if caller in self._taken or len(self._taken) >= most:
                return False
            self._taken[caller] = now + SECONDS + SILENCE
            return True

    def leave(self, caller: str) -> None:
        with self._lock:
            self._taken.pop(caller, None)


places = Places()


@dataclass
class Stream:
    """The text of a stream. Closing it, or coming to its end, gives its place back."""

    read: Read
    leave: Callable[[], None]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._events()
        finally:
            self.leave()

    def close(self) -> None:
        self.leave()

    def _events(self) -> Iterator[bytes]:
        told, spoke = None, self.clock()
        until = spoke + SECONDS
        yield f"retry: {AGAIN * 1000}\n\n".encode()
        while True:
            found = self.read()
            _let_go()
            if found is None:
                return
            (state, is_last), now = found, self.clock()
            if state != told or is_last:
                told, spoke = state, now
                yield _event("end" if is_last else "progress", state)
            elif now - spoke >= SILENCE:
                spoke = now
                yield b": still there\n\n"
            if is_last or now + TICK > until:
                return
            self.sleep(TICK)


def stream(caller: str, read: Read) -> StreamingHttpResponse:
    """Answer with a stream; raises RateLimited where the caller has one already or too many are watching."""
    most = settings.API_STREAMS
    if most and not places.take(caller, most, time.monotonic()):
        raise RateLimited(retry_after=AGAIN)
    return StreamingHttpResponse(Stream(read, lambda: places.leave(caller)), content_type=CONTENT_TYPE, headers=HEADERS)


def _event(name: str, state: Mapping[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + dumps(state) + b"\n\n"


def _let_go() -> None:
    """Give the connection back, unless a transaction around the whole request needs it still."""
    if not connection.in_atomic_block:
        connection.close()
