"""The measurement of claims, on a few leads: both ways give every lead to one person."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import claims


def test_claims_are_measured_beside_the_bare_transaction(django_db_setup: None, django_db_blocker: Any) -> None:
    told: list[str] = []
    with django_db_blocker.unblock():
        product, bare = claims.measure(30, told.append)
    assert product.won == bare.won == 30 and len(product.times) == len(bare.times) == 90
    assert [line.split(":")[0].strip() for line in told] == ["product", "bare"]
    assert all(target.value for target in claims.targets(product, bare))
