"""The measurement of reach by rules, on a few leads: every way adds leads, and nothing stays behind."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from crm_platform.kit.context import system_actor
from metadata.compiler.current import pinned_snapshot
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.access.models import RecordShare, SharingRule
from objects.demo.volume import seed_records
from objects.query.query import RecordQuery
from tests.benchmarks import data, reach
from tests.benchmarks.load import Answers, Call
from tests.kit import make


def test_reach_is_measured_and_explained(fresh_organization: Any) -> None:
    asked: list[tuple[str, str]] = []

    def ask(key: str, request: Call) -> Answers:
        asked.append((key, request.path))
        return Answers([float(len({item for item, _path in asked}))])

    with pinned_snapshot():
        apply(system_actor("bench"), load_package(CRM_PACKAGE))
        make.user(data.HEAD, role="department_head", department=make.department("Home"))
        for name, count in (("campaign", 5), ("lead", 600)):
            seed_records(system_actor("seed"), name, count, timezone.now())
        before = RecordQuery(system_actor(), "lead").count("exact").value
        with reach.representative():
            assert 0 < reach.seen() < 1
            assert "Append" in reach.plan_of(reach.REP)
        assert RecordQuery(system_actor(), "lead").count("exact").value == before
        assert reach.measure(fresh_organization.schema_name, ask, 2) > 1
    assert len({key for key, _path in asked}) == 2 and len(asked) == 4
    assert not SharingRule.objects.exists() and not RecordShare.objects.exists()
