"""One generic registry: things found by their `key`, each key once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Keyed(Protocol):
    @property
    def key(self) -> str: ...


T = TypeVar("T", bound=Keyed)


class UnknownKeyError(LookupError):
    """Nothing is registered under this key."""


class Registry(Generic[T]):
    """Holds instances by key, in the order in which they were registered."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._items: dict[str, T] = {}

    def register(self, item: T) -> T:
        """Add `item`; refuses a key that is taken, so that two modules can't fight over one name."""
        if item.key in self._items:
            raise ValueError(f"{self.what} {item.key!r} is registered twice")
        self._items[item.key] = item
        return item

    def get(self, key: str) -> T:
        """Return the item; UnknownKeyError names the known keys."""
        try:
            return self._items[key]
        except KeyError:
            raise UnknownKeyError(f"no {self.what} {key!r}; known: {', '.join(self._items)}") from None

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def keys(self) -> tuple[str, ...]:
        return tuple(self._items)
