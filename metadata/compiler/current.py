"""Which snapshot this request or task works with: read once, pinned, cached by (organisation, version)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from crm_platform.kit.db import fetch_prepared
from crm_platform.tenancy.context import current_schema
from metadata.compiler.record_base import SYSTEM_FIELDS
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import SchemaSpec, from_json
from metadata.models import SchemaVersion

MAX_CACHED = 64  # organisations per process; the least recently used goes first

_pins: ContextVar[dict[str, SchemaSnapshot] | None] = ContextVar("schema_pins", default=None)
# By organisation: the newest snapshot and, where another version was asked for last, that one before it.
_cache: OrderedDict[str, tuple[SchemaSnapshot, ...]] = OrderedDict()
_cache_lock = threading.Lock()


@contextmanager
def pinned_snapshot() -> Iterator[None]:
    """Open the scope of one request or task: the first snapshot read inside it stays for the whole of it."""
    token = _pins.set({})
    try:
        yield
    finally:
        _pins.reset(token)


def current_snapshot() -> SchemaSnapshot:
    """Return the pinned snapshot of the current organisation; reads the version number when none is pinned."""
    schema = current_schema()
    pins = _pins.get()
    if pins is not None and schema in pins:
        return pins[schema]
    snapshot = snapshot_for(schema, current_version())
    if pins is not None:
        pins[schema] = snapshot
    return snapshot


def current_version() -> int:
    """Read the number of the organisation's published version (0: none yet)."""
    rows = fetch_prepared("schema_version", "SELECT current FROM metadata_schemastate ORDER BY id LIMIT 1")
    return int(rows[0][0]) if rows else 0


def repin(version: int | None = None) -> SchemaSnapshot:
    """Drop the pin and take the newest version (or the given one); for a publisher and for stale plans."""
    schema = current_schema()
    pins = _pins.get()
    if pins is not None:
        pins.pop(schema, None)
    if version is None:
        return current_snapshot()
    snapshot = snapshot_for(schema, version)
    if pins is not None:
        pins[schema] = snapshot
    return snapshot


def snapshot_for(schema: str, version: int) -> SchemaSnapshot:
    """Return the snapshot of a version, from the process cache or compiled from its stored spec."""
    return _kept(schema, version) or _keep(SchemaSnapshot(schema, version, load_version(version)))


def _kept(schema: str, version: int) -> SchemaSnapshot | None:
    """Return the cached snapshot of a version; those before it have had their time."""
    with _cache_lock:
        found = next((item for item in _cache.get(schema, ()) if item.version == version), None)
        if found is not None:
            _cache[schema] = tuple(item for item in _cache[schema] if item.version >= version)
            _cache.move_to_end(schema)
        return found


def _keep(snapshot: SchemaSnapshot) -> SchemaSnapshot:
    """Cache what was just compiled, unless another thread was quicker; returns the one to use.

    A version below the newest is kept beside it, never instead: the newest may be one that its publisher is about to
    commit, or one that was rolled back, and only time tells which of them is asked for again.
    """
    schema = snapshot.schema_name
    with _cache_lock:
        present = _cache.get(schema, ())
        same = next((item for item in present if item.version == snapshot.version), None)
        if same is not None:
            return same
        newest = max(present, key=lambda item: item.version, default=None)
        is_older = newest is not None and newest.version > snapshot.version
        _cache[schema] = (snapshot, newest) if is_older and newest is not None else (snapshot,)
        _cache.move_to_end(schema)
        while len(_cache) > MAX_CACHED:
            _cache.popitem(last=False)
    return snapshot


def load_version(version: int) -> SchemaSpec:
    """Return the spec stored for a version; an organisation without one has no objects."""
    stored = SchemaVersion.objects.filter(number=version).values_list("spec", flat=True).first()
    return from_json(stored, SYSTEM_FIELDS) if stored else SchemaSpec()


def forget(schema: str) -> None:
    """Drop an organisation's snapshot from the process cache (it was deleted)."""
    with _cache_lock:
        _cache.pop(schema, None)
