"""The measurements of rules, formulas and roll-ups, on a few records: they measure what they say."""

from __future__ import annotations

from typing import Any

from metadata.compiler.current import pinned_snapshot
from objects.records.service import RecordService
from tests.benchmarks import data, saves, summaries


def test_saves_with_and_without_rules_are_compared(fresh_organization: Any) -> None:
    with pinned_snapshot():
        actor = data.actor("admin")
        saves.build(actor)
        costs = saves.measure(actor, 3)
        assert list(costs) == ["create", "update"]
        assert [target.verdict != "not measured" for target in saves.targets(costs)] == [True] * 4


def test_roll_ups_are_measured_and_explained(fresh_organization: Any) -> None:
    with pinned_snapshot():
        actor = data.actor("admin")
        firms = summaries.build(actor, 300)
        found = summaries.targets(summaries.whole(actor), summaries.one_change(actor, firms, 3))
        assert len(found) == 2 and all(target.value for target in found)
        line = summaries._line_of(firms["large"])
        plans = summaries.explained(lambda: RecordService(actor).update(summaries.LINE, line, {"amount__c": 7}))
        assert any("Update on" in plan for plan in plans)
