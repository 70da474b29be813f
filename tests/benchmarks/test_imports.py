"""The measurement of imports, on a few rows: it imports what it says, and compares it with COPY."""

from __future__ import annotations

from typing import Any

from metadata.compiler.current import pinned_snapshot
from tests.benchmarks import data, imports


def test_imports_are_measured_beside_copy(fresh_organization: Any) -> None:
    with pinned_snapshot():
        imports.build()
    with pinned_snapshot():
        speed = imports.measure(data.actor("admin"), 450)
    assert speed.copied > speed.imported > 0
    assert [target.value is not None for target in imports.targets(speed)] == [True, True]
