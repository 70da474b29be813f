"""django-tenants' PostgreSQL backend, sparing each request two round trips: the health check and the search path."""

from __future__ import annotations

import select
import time
from typing import Any

from django_tenants.postgresql_backend import base

TRUSTED_SECONDS = 30.0  # so long a connection that the server has not closed passes without being asked


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc] # django-tenants has no types
    """Knows what the session's search path is, and hears from the socket that the server has hung up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._path_in_session: list[str] | None = None
        self.search_path_set_schemas: list[str] | None = None
        self._usable_until = 0.0
        super().__init__(*args, **kwargs)

    def is_usable(self) -> bool:
        """Tell whether the connection works. A server that restarts or ends it closes the socket, which costs no
        round trip to see; only a silent network asks for one, every half minute."""
        if self.connection is not None and time.monotonic() < self._usable_until and _is_quiet(self.connection):
            return True
        usable: bool = super().is_usable()
        self._usable_until = time.monotonic() + TRUSTED_SECONDS if usable else 0.0
        return usable

    def close(self) -> None:
        self._path_in_session, self._usable_until = None, 0.0
        super().close()

    def rollback(self) -> None:
        self._path_in_session = None  # a rollback takes a SET with it
        super().rollback()

    def savepoint_rollback(self, sid: str) -> None:
        try:
            super().savepoint_rollback(sid)
        finally:
            self._path_in_session = None

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Set the search path unless the session has it from the request before."""
        if self._setting_search_path or self.search_path_set_schemas:
            return
        if self.schema_name and self._path_in_session == (wanted := self._get_cursor_search_paths()):
            self.search_path_set_schemas = wanted
            return
        self._path_in_session = None
        super()._handle_search_path(cursor)
        self._path_in_session = self.search_path_set_schemas


def _is_quiet(connection: Any) -> bool:
    """Tell whether nothing waits on the socket: an idle session hears only its end, and notices."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
