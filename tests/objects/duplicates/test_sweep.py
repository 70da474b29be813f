"""The job that looks for duplicates among the records that are there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from django.utils import timezone

from crm_platform.jobs.services import JobContext
from objects.duplicates.models import DuplicateMember, DuplicateSet
from objects.duplicates.rebuild import rebuild
from objects.duplicates.sweep import sweep
from objects.records.service import RecordService
from tests.objects.duplicates.book import match_on, matcher, rule
from tests.objects.world import compiled


def run(job: Any, **args: Any) -> dict[str, Any]:
    """Run a job's handler outside of the job machine, from its start to its end."""
    context = SimpleNamespace(
        args=args,
        cursor=None,
        now=timezone.now(),
        save_cursor=lambda *_args, **_more: None,
        progress=lambda *_args: None,
        check_abort=lambda: None,
    )
    return cast(dict[str, Any], job(cast(JobContext, context)))


def test_a_sweep_leaves_sets_with_scores_and_a_second_one_adds_nothing(boss: RecordService) -> None:
    alike = {boss.create("client", {"name": f"C{n}", "phone": "13800138000"}).id for n in range(3)}
    boss.create("client", {"name": "Other", "phone": "13900139000"})
    match_on("client", "phones", matcher("phone", ["phone"]))
    rule("client", "phones", "report")
    run(rebuild, object_id=compiled("client").spec.id)
    assert run(sweep, object="client") == {"records": 4, "sets": 1}
    found = DuplicateSet.objects.get()
    assert (found.size, found.score, found.state) == (3, 100, DuplicateSet.State.OPEN)
    assert set(DuplicateMember.objects.values_list("record_id", flat=True)) == alike
    assert run(sweep, object="client") == {"records": 4, "sets": 0}
    assert DuplicateSet.objects.count() == 1
