"""The measurement of recycling, on a few leads: a tenth of them returns, and the search for them uses the index."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import recycling


def test_recycling_is_measured_and_explained(fresh_organization: Any) -> None:
    told: list[str] = []
    found = recycling.measure_here(600, told.append)
    assert found.taken == 60
    assert "last_owner_change_at" in told[0] and "60 leads returned" in told[1]
    assert [target.label.split(":")[0] for target in recycling.targets(found)] == ["recycling", "recycling"]
