"""The pages of handovers, and giving selected records of a list to others."""

from __future__ import annotations

import re
from typing import Any

from crm_platform.identity.models import User
from objects.handover.models import Handover
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.kit.work import run_queued_jobs
from tests.layouts.test_access import take_away
from tests.objects.world import World, compiled


def owners(name: str) -> set[Any]:
    return set(compiled(name).model._base_manager.filter(deleted_at=None).values_list("owner_id", flat=True))


def test_a_leaver_hands_over_by_the_form(crm: World, admin: OrganizationClient, records: RecordService) -> None:
    leaver, heir, other = (crm.users[name] for name in ("rep", "city", "south"))
    for number in range(3):
        records.create("lead", {"name": f"线索{number}", "company": "C", "owner_id": str(leaver.pk)})
    records.create("task", {"name": "任务", "owner_id": str(leaver.pk)})
    chosen = admin.get("/setup/handovers/", {"user": str(leaver.pk)})
    assert (chosen.status_code, chosen["Location"]) == (302, f"/setup/handover/{leaver.pk}")
    html = admin.get(chosen["Location"]).content.decode()
    assert re.search(r'<td data-label="名下记录" class="num">3</td>', html)

    given = {"everything": "user", "everything_user": str(heir.pk), "teams": "pass", "shares": "keep"}
    wrong = admin.post(chosen["Location"], {**given, "everything_user": str(leaver.pk)})
    assert wrong.status_code == 422
    assert "请选择离职人员以外的人" in wrong.content.decode()
    sent = {**given, "rule_lead": "user", "user_lead": str(other.pk), "deactivate": "on"}
    answer = admin.post(chosen["Location"], sent)
    assert answer.status_code == 302, answer.content.decode()
    row = Handover.objects.get()
    assert (answer["Location"], row.plan["heir"]) == (f"/setup/handovers/{row.pk}", str(heir.pk))
    assert not User.objects.get(pk=leaver.pk).is_active
    running = admin.get(answer["Location"]).content.decode()
    assert 'hx-trigger="every 2s"' in running
    run_queued_jobs()

    done = admin.get(answer["Location"]).content.decode()
    assert 'hx-trigger="every 2s"' not in done
    assert "已移交 4 条，失败 0 条" in done
    assert (owners("lead"), owners("task")) == ({other.pk}, {heir.pk})
    assert str(row.pk) in admin.get("/setup/handovers/").content.decode()


def test_the_selected_records_go_to_several_in_turn(crm: World, browser: Any, records: RecordService) -> None:
    head = browser("boss")
    ids = [str(records.create("lead", {"name": f"L{n}", "company": "C"}).id) for n in range(4)]
    asked = head.post("/o/lead/assign", {"ids": ids}).content.decode()
    assert "转移给…" in asked
    missing = head.post("/o/lead/assign", {"ids": ids, "to": "round_robin"})
    assert (missing.status_code, Handover.objects.count()) == (422, 0)
    chosen = [str(crm.users[name].pk) for name in ("south", "city")]
    answer = head.post("/o/lead/assign", {"ids": ids, "to": "round_robin", "owners": chosen}, follow=True)
    assert "4 条记录" in answer.content.decode()
    rows = RecordQuery(crm.actor("boss"), "lead").fields("owner_id").page(10).rows
    assert sorted(row[0] for row in rows) == sorted(chosen * 2)
    report = Handover.objects.get()
    assert (report.kind, report.state, report.items.filter(state="moved").count()) == ("transfer", "done", 4)
    assert head.get(f"/setup/handovers/{report.pk}").status_code == 200, "who gave the order reads its report"


def test_giving_away_needs_the_right(crm: World, browser: Any, records: RecordService) -> None:
    take_away(crm, "transfer")
    rep = browser("rep")
    lead = str(records.create("lead", {"name": "L", "company": "C"}).id)
    assert rep.post("/o/lead/assign", {"ids": [lead]}).status_code == 403
    assert "转移给…" not in rep.get("/o/lead/").content.decode()
