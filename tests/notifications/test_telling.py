"""Who is told what: rows, preferences, words in every reader's language, the page and the bell."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from crm_platform.jobs.models import Job
from crm_platform.jobs.services import enqueue
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import CursorExpired, Forbidden, NotFound, ValidationFailed
from crm_platform.notifications import selectors
from crm_platform.notifications.models import Notification, Preference
from crm_platform.notifications.registration import KEEP_READ, KEEP_UNREAD, PURGE
from crm_platform.notifications.services import Text, mark_read, notify, notify_more, set_preferences
from tests.kit import make
from tests.kit.query_counts import expected_query_count
from tests.kit.work import run_queued_jobs

ActorFor = Callable[..., Actor]


@pytest.fixture
def li(db: None) -> Any:
    return make.user("li", name="李", email="li@example.com", language="zh-hans", time_zone="Asia/Shanghai")


@pytest.fixture
def ann(db: None) -> Any:
    return make.user("ann", name="Ann", email="ann@example.com", language="en", time_zone="Europe/Berlin")


def titles(actor: Actor, **wanted: Any) -> list[str]:
    with translation.override(actor.language), timezone.override(actor.zone):
        return [item.title for item in selectors.notifications(actor, **wanted).items]


def test_everybody_reads_in_his_own_language_and_time(li: Any, ann: Any, actor_for: ActorFor) -> None:
    data = {"object": {"en": "Lead", "zh-hans": "线索"}, "name": "100%(x)s", "at": datetime(2026, 1, 1, 12, tzinfo=UTC)}
    notify([li.pk, ann.pk], "test.app", title="%(object)s “%(name)s” was assigned to you", data=data)
    assert titles(actor_for(li)) == ["线索“100%(x)s”已分配给您"]
    assert titles(actor_for(ann)) == ["Lead “100%(x)s” was assigned to you"]
    notify([li.pk, ann.pk], "test.app", title="%(at)s, %(day)s", data={**data, "day": date(2026, 2, 3)})
    assert [titles(actor_for(user))[0] for user in (li, ann)] == [
        "2026-01-01 20:00, 2026-02-03",
        "Jan 1, 2026 13:00, Feb 3, 2026",
    ]
    notify([li.pk], "test.app", title="%(count)s", data={"count": 12345})
    assert titles(actor_for(li))[0] == "12,345"


def test_who_is_gone_or_wants_nothing_is_not_told(li: Any, ann: Any, actor_for: ActorFor) -> None:
    set_preferences(actor_for(li), {"test.app": {"app": False}})
    gone = make.user("gone", is_active=False)
    assert notify([li.pk, ann.pk, gone.pk, uuid.uuid4(), ann.pk], "test.app", title="x") == 1
    assert list(Notification.objects.values_list("user_id", flat=True)) == [ann.pk]
    assert notify([], "test.app", title="x") == 0
    assert not Job.objects.filter(kind="notifications.send_mail").exists()


def test_the_same_key_tells_once_for_each(li: Any, ann: Any) -> None:
    for _ in range(2):
        notify([li.pk, ann.pk], "test.app", title="x", dedupe_key="one")
    notify([li.pk], "test.app", title="x", dedupe_key="two")
    assert Notification.objects.count() == 3
    with pytest.raises(IntegrityError), transaction.atomic():
        Notification.objects.create(user=li, kind="test.app", title="x", dedupe_key="one")


def test_what_comes_bit_by_bit_is_told_in_one_line(li: Any, actor_for: ActorFor) -> None:
    actor = actor_for(li)

    def more(count: int) -> None:
        alone, together = Text("one", "/o/lead/1"), Text("%(count)s of them", "/o/lead/")
        notify_more(li.pk, "test.app", count, alone=alone, together=together, data={}, dedupe_key="act")

    more(1)
    assert titles(actor) == ["one"]
    mark_read(actor)
    more(36)
    assert titles(actor, unread=True) == ["37 of them"]
    assert Notification.objects.get().url == "/o/lead/"


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_no_notification_leads_away(li: Any, url: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        notify([li.pk], "test.app", title="x", url=url)


def test_preferences_are_ones_own_and_checked(li: Any, ann: Any, actor_for: ActorFor) -> None:
    actor = actor_for(li)
    set_preferences(actor, {"test.both": {"mail": False}})
    set_preferences(actor, {"test.both": {"mail": True, "app": False}})
    found = {item.key: dict(item.channels) for item in selectors.preferences(actor)}
    assert found["test.both"] == {"app": False, "mail": True}
    assert found["test.app"] == {"app": True, "mail": False}
    assert not Preference.objects.exclude(user=li).exists()
    for wrong in ({"nosuch": {"app": True}}, {"test.app": {"pigeon": True}}):
        with pytest.raises(ValidationFailed):
            set_preferences(actor, wrong)
    with pytest.raises(Forbidden):
        set_preferences(system_actor(), {})


def test_pages_follow_each_other_and_are_ones_own(li: Any, ann: Any, actor_for: ActorFor) -> None:
    actor = actor_for(li)
    for number in range(5):
        notify([li.pk], "test.app" if number % 2 else "test.both", title=f"n{number}")
    notify([ann.pk], "test.app", title="hers")
    first = selectors.notifications(actor, limit=3)
    assert [item.title for item in first.items] == ["n4", "n3", "n2"]
    second = selectors.notifications(actor, limit=3, cursor=first.next_cursor)
    assert ([item.title for item in second.items], second.next_cursor) == (["n1", "n0"], None)
    assert titles(actor, kind="test.app") == ["n3", "n1"]
    with pytest.raises(CursorExpired):
        selectors.notifications(actor, cursor="x")
    assert mark_read(actor, until=first.items[1].id) == 4
    assert (selectors.unread_count(actor), titles(actor, unread=True)) == (1, ["n4"])
    hers = Notification.objects.get(title="hers")
    assert mark_read(actor, [hers.pk]) == 0
    with pytest.raises(NotFound):
        selectors.get_notification(actor, hers.pk)


def test_telling_costs_the_same_for_one_and_for_many(li: Any, ann: Any, actor_for: ActorFor, inbox: Any) -> None:
    people = [make.user(email="x@example.com").pk for _ in range(5)]
    notify([li.pk], "test.both", title="x")
    with expected_query_count("notifications.notify"):
        notify([li.pk], "test.both", title="x")
    with expected_query_count("notifications.notify"):
        notify(people, "test.both", title="x", dedupe_key="k")
    actor = actor_for(li)
    with expected_query_count("notifications.unread"):
        assert selectors.unread_count(actor) == 2


def test_what_is_old_goes(li: Any) -> None:
    now = timezone.now()
    ages = {"kept": (0, None), "read": (91, 91), "old": (181, None), "waits": (181, None), "just read": (100, 1)}
    for title, (told, read) in ages.items():
        notify([li.pk], "test.app", title=title)
        read_at = now - timedelta(days=read) if read is not None else None
        Notification.objects.filter(title=title).update(at=now - timedelta(days=told), read_at=read_at)
    Notification.objects.filter(title="waits").update(mail="waiting")
    assert (KEEP_READ.days, KEEP_UNREAD.days) == (90, 180)
    enqueue(PURGE, {})
    run_queued_jobs()
    assert set(Notification.objects.values_list("title", flat=True)) == {"kept", "waits", "just read"}


# --- pages ------------------------------------------------------------------------------------------------------
def test_the_bell_counts_opens_and_marks(li: Any, client: Any) -> None:
    client.force_login(li)
    for number in range(3):
        notify([li.pk], "test.app", title=f"note{number}", url="/trash/")
    assert client.get("/notifications/unread").json() == {"unread": 3}
    shown = client.get("/notifications/latest")
    assert [f"note{number}" in shown.content.decode() for number in range(3)] == [True] * 3
    newest = Notification.objects.get(title="note2")
    assert client.post(f"/notifications/{newest.pk}")["Location"] == "/trash/"
    assert client.get("/notifications/unread").json() == {"unread": 2}
    assert b"note2" not in client.get("/notifications/?unread=1").content
    answer = client.post("/notifications/read", {"from": "bell", "until": str(newest.pk)})
    assert answer.headers["HX-Trigger"] == '{"unread": {"count": 0}}'


def test_a_page_that_asks_by_itself_keeps_no_session_awake(li: Any, client: Any) -> None:
    from crm_platform.identity.sign_in_models import Session

    client.force_login(li)
    long_ago = timezone.now() - timedelta(hours=1)
    Session.objects.update(last_seen_at=long_ago)
    client.get("/notifications/unread", headers={"X-Background": "1"})
    assert Session.objects.get().last_seen_at == long_ago
    client.get("/notifications/")
    assert Session.objects.get().last_seen_at > long_ago


def test_switches_on_the_page(li: Any, client: Any, actor_for: ActorFor) -> None:
    client.force_login(li)
    assert client.post("/account/notifications", {"on": ["test.app:mail"]}).status_code == 302
    found = {item.key: dict(item.channels) for item in selectors.preferences(actor_for(li))}
    assert (found["test.app"], found["test.both"]) == ({"app": False, "mail": True}, {"app": False, "mail": False})
    assert b'value="test.app:mail" aria-label' in client.get("/account/notifications").content
