"""Who is calling, in which language and zone: the `Actor` that every service takes first."""

from __future__ import annotations

import uuid
import zoneinfo
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="-")
client_address: ContextVar[str] = ContextVar("client_address", default="")  # whence the request came; "" in jobs


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller of a service: a user through a page or a key, or the system itself.

    Holds only plain values, all read once when the caller is authenticated, so that nothing below a face
    needs a request. `functions` are the permissions that are not about one object (manage users, customise
    metadata); grants on objects are read by `objects.access` and kept in `memo`.
    """

    user_id: uuid.UUID | None
    name: str
    via: str  # "console" | "api" | "job" | "command"
    group_ids: tuple[int, ...] = ()
    functions: frozenset[str] = frozenset()
    data_scope: str = "own"  # a Role.DataScope value
    role_id: uuid.UUID | None = None  # Role.uuid
    department_id: uuid.UUID | None = None
    department_path: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    access_version: int = 0
    scopes: frozenset[str] | None = None  # scopes of an API key; None: not limited by a key
    request_id: str = "-"
    is_system: bool = False
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def has_function(self, permission: str) -> bool:
        """Tell whether the caller holds a function permission such as `metadata.customize`."""
        return self.is_system or permission in self.functions

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


def system_actor(name: str = "system", *, via: str = "job", language: str = "en", time_zone: str = "UTC") -> Actor:
    """Return the platform itself as caller, allowed everything; `name` says which part of it acts."""
    return Actor(None, name, via, data_scope="all", language=language, time_zone=time_zone, is_system=True)
