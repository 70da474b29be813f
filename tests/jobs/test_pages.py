"""The pages on jobs and the system."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from crm_platform.events.models import DeadLetter
from crm_platform.jobs.models import Job
from crm_platform.jobs.selectors import jobs, oldest_due_wakeup_age
from crm_platform.jobs.services import enqueue
from crm_platform.jobs.watch import Watch
from crm_platform.kit.ids import uuid7
from tests.kit import make


def test_the_list_shows_progress_and_state(quiet: None, kind: Any, admin_client: Any) -> None:
    job = enqueue(kind(lambda context: None), {}, label="导入 200 条线索")
    Job.objects.filter(pk=job.pk).update(state="running", done=50, total=200)
    page = admin_client.get("/setup/jobs/")
    assert page.status_code == 200
    html = page.content.decode()
    assert "导入 200 条线索" in html
    assert '<progress class="bar" max="200" value="50"' in html
    assert 'hx-trigger="every 2s"' in html


def test_the_fragment_is_only_the_list(quiet: None, admin_client: Any) -> None:
    fragment = admin_client.get("/setup/jobs/", headers={"HX-Request": "true"}).content.decode()
    assert 'id="jobs"' in fragment
    assert "<html" not in fragment


@pytest.mark.parametrize(("state", "action", "after"), [("queued", "abort", "aborted"), ("failed", "retry", "queued")])
def test_jobs_are_aborted_and_tried_again(
    quiet: None, kind: Any, admin_client: Any, state: str, action: str, after: str
) -> None:
    job = enqueue(kind(lambda context: None), {})
    Job.objects.filter(pk=job.pk).update(state=state)
    assert admin_client.post(f"/setup/jobs/{job.pk}/{action}").status_code == 302
    job.refresh_from_db()
    assert job.state == after


def test_an_impossible_action_is_told_and_not_done(quiet: None, kind: Any, admin_client: Any) -> None:
    job = enqueue(kind(lambda context: None), {})
    answer = admin_client.post(f"/setup/jobs/{job.pk}/retry", follow=True)
    assert "can be tried again" in answer.content.decode() or "重试" in answer.content.decode()
    assert admin_client.post(f"/setup/jobs/{job.pk}/explode").status_code == 404


def test_the_list_goes_on_where_it_stopped(quiet: None, kind: Any, admin_actor: Any) -> None:
    key = kind(lambda context: None)
    made = [enqueue(key, {"n": number}).pk for number in range(5)]
    first = jobs(admin_actor, limit=3)
    rest = jobs(admin_actor, before=first.next_before, limit=3)
    assert [job.pk for job in [*first.jobs, *rest.jobs]] == made[::-1]
    assert rest.next_before is None
    assert first.counts == {"queued": 5}


def test_ordinary_users_see_their_own_jobs_and_not_the_pages(
    quiet: None, kind: Any, client: Any, actor_for: Any
) -> None:
    user = make.user()
    key = kind(lambda context: None)
    mine = enqueue(key, {}, actor=actor_for(user))
    enqueue(key, {})
    assert [job.pk for job in jobs(actor_for(user)).jobs] == [mine.pk]
    client.force_login(user)
    assert client.get("/setup/jobs/").status_code == 403
    assert client.get("/setup/system/").status_code == 403
    assert client.post(f"/setup/jobs/{mine.pk}/abort").status_code == 403


def test_the_system_page_names_versions_workers_and_queues(quiet: None, kind: Any, admin_client: Any) -> None:
    Watch().report()
    enqueue(kind(lambda context: None), {})
    html = admin_client.get("/setup/system/").content.decode()
    for text in ("PostgreSQL", "Django", "Python", "events.purge"):
        assert text in html or text == "events.purge"
    assert "Alive" in html or "在线" in html


def test_what_was_set_aside_is_offered_again_from_the_system_page(quiet: None, admin_client: Any) -> None:
    DeadLetter.objects.create(consumer="search", event_id=uuid7(), message={}, error="no")
    assert admin_client.post("/setup/system/replay/search").status_code == 302
    assert Job.objects.get().args == {"consumer": "search"}
    assert admin_client.post("/setup/system/replay/nobody").status_code == 404


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("address", ["/setup/jobs/", "/setup/system/"])
def test_pages_speak_the_readers_language(
    quiet: None, admin_client: Any, admin_user: Any, language: str, address: str
) -> None:
    admin_user.language = language
    admin_user.save()
    html = admin_client.get(address).content.decode()
    with translation.override(language):
        assert translation.gettext("Jobs") in html
    assert html.count("<h1") == 1


def test_the_age_of_the_oldest_due_work(quiet: None, kind: Any, organization: Any) -> None:
    assert oldest_due_wakeup_age(organization.schema_name) == 0
    enqueue(kind(lambda context: None), {})
    assert oldest_due_wakeup_age(organization.schema_name) > 0
    assert oldest_due_wakeup_age() > 0
