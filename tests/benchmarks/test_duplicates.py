"""The measurement of the duplicate check, on a few leads: it finds them, and leaves nothing behind."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from crm_platform.kit.context import system_actor
from metadata.compiler.current import pinned_snapshot
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.demo.volume import seed_records
from objects.duplicates.models import DuplicateKey
from tests.benchmarks import duplicates


def test_checks_are_measured_and_explained(fresh_organization: Any) -> None:
    with pinned_snapshot():
        apply(system_actor("bench"), load_package(CRM_PACKAGE))
        for name, count in (("campaign", 5), ("lead", 500)):
            seed_records(system_actor("seed"), name, count, timezone.now())
        assert 0 < duplicates.p95() < 1_000
        assert "Index" in duplicates.plan_of_one()
    assert not DuplicateKey.objects.exists()
