"""Mails from notifications: sent once, and after a crash again under the same id; nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.utils import timezone

from crm_platform.config import env
from crm_platform.jobs.drain import drain
from crm_platform.jobs.models import Job
from crm_platform.notifications import mailing
from crm_platform.notifications.models import Notification
from crm_platform.notifications.services import SEND, notify
from tests.kit import make
from tests.kit.mail_server import Inbox
from tests.kit.work import run_queued_jobs

Mail = Notification.Mail


@pytest.fixture
def people(db: None) -> Iterator[list[Any]]:
    spoken = {"li": "zh-hans", "ann": "en"}
    yield [make.user(name, name=name, email=f"{name}@example.com", language=spoken[name]) for name in spoken]


def make_due() -> None:
    """Let every pause be over."""
    Notification.objects.filter(mail=Mail.WAITING).update(mail_due_at=timezone.now() - timedelta(minutes=1))
    Job.objects.filter(kind=SEND, state=Job.State.QUEUED).update(run_at=timezone.now() - timedelta(minutes=1))


def test_everybody_gets_a_mail_in_his_language(people: list[Any], inbox: Inbox) -> None:
    data = {"object": {"en": "Lead", "zh-hans": "线索"}, "name": "<b>云途\n</b>"}
    title = "%(object)s “%(name)s” was assigned to you"
    notify([user.pk for user in people], "test.both", title=title, url="/o/lead/", data=data)
    assert inbox.mails == []
    run_queued_jobs()
    [chinese], [english] = inbox.to("li@example.com"), inbox.to("ann@example.com")
    assert chinese["Subject"].strip() == "线索“<b>云途 </b>”已分配给您"
    assert english["Subject"].strip() == "Lead “<b>云途 </b>” was assigned to you"
    assert chinese["From"].addresses[0].addr_spec == "crm@acme.example"
    assert chinese["From"].addresses[0].display_name
    bodies = (english.get_body((kind,)).get_content() for kind in ("plain", "html"))
    text, html = (body.replace("\r\n", "\n") for body in bodies)
    assert text.startswith("Hello ann,\n\nLead “<b>")
    assert "https://acme.localhost/o/lead/\n" in text
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "您好" in chinese.get_body(("plain",)).get_content()
    ids = {row.user_id: f"<{row.pk}@acme.example>" for row in Notification.objects.all()}
    assert [chinese["Message-ID"], english["Message-ID"]] == [ids[user.pk] for user in people]
    assert set(Notification.objects.values_list("mail", flat=True)) == {Mail.SENT}
    assert inbox.connections == 1


def test_after_a_crash_between_sending_and_noting_the_same_mail_comes_again(
    people: list[Any], inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    notify([people[0].pk], "test.both", title="x")
    with monkeypatch.context() as patched:
        patched.setattr(mailing, "_settle", _die)
        run_queued_jobs()
    assert len(inbox.mails) == 1
    make_due()
    run_queued_jobs()
    assert len(inbox.mails) == 2
    assert len({mail["Message-ID"] for mail in inbox.mails}) == 1
    make_due()
    run_queued_jobs()
    assert (len(inbox.mails), Notification.objects.get().mail) == (2, Mail.SENT)


def _die(*_given: Any, **_more: Any) -> None:
    raise RuntimeError("the worker dies here")


def test_a_mail_that_somebody_holds_is_not_taken_twice(people: list[Any], inbox: Inbox) -> None:
    notify([user.pk for user in people], "test.both", title="x")
    assert len(mailing.take_due()) == 2
    assert mailing.take_due() == []


def test_what_the_server_puts_off_comes_again_and_what_it_refuses_does_not(people: list[Any], inbox: Inbox) -> None:
    notify([people[0].pk], "test.both", title="put off")
    inbox.refusals = ["451 later"]
    run_queued_jobs()
    row = Notification.objects.get()
    assert (row.mail, row.mail_tries, "451" in row.mail_error) == (Mail.WAITING, 1, True)
    assert row.mail_due_at > timezone.now() + timedelta(seconds=30)
    assert Job.objects.filter(kind=SEND, state=Job.State.QUEUED).count() == 1
    make_due()
    run_queued_jobs()
    assert (Notification.objects.get().mail, len(inbox.mails)) == (Mail.SENT, 1)
    notify([people[0].pk], "test.both", title="refused")
    inbox.refusals = ["554 never"]
    run_queued_jobs()
    assert Notification.objects.get(title="refused").mail == Mail.FAILED


def test_a_server_that_is_away_is_asked_less_and_less_often(people: list[Any], inbox: Inbox, settings: Any) -> None:
    settings.MAIL_SERVER = {"host": "127.0.0.1", "port": 1}
    notify([people[0].pk], "test.both", title="x")
    for _ in range(len(mailing.PAUSES) + 1):
        make_due()
        run_queued_jobs()
    row = Notification.objects.get()
    assert (row.mail, row.mail_tries) == (Mail.FAILED, len(mailing.PAUSES) + 1)
    assert "ConnectionRefusedError" in row.mail_error


def test_no_server_no_mail(people: list[Any], settings: Any) -> None:
    settings.MAIL_SERVER = None
    notify([people[0].pk], "test.both", title="x")
    assert Notification.objects.get().mail == Mail.NONE
    assert not Job.objects.filter(kind=SEND).exists()


def test_failures_stand_on_the_system_page(people: list[Any], inbox: Inbox, admin_client: Any) -> None:
    notify([people[0].pk], "test.both", title="x")
    Notification.objects.update(mail=Mail.FAILED, mail_error="SMTPDataError: 554 never")
    html = admin_client.get("/setup/system/").content.decode()
    assert "554 never" in html
    assert "li@example.com" in html


def test_redis_may_forget_everything(fresh_organization: Any, inbox: Inbox) -> None:
    user = make.user("li", email="li@example.com")
    notify([user.pk], "test.both", title="x")
    redis.Redis.from_url(django_settings.REDIS_URL).flushdb()
    drain()
    assert len(inbox.mails) == 1


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("", None),
        ("smtp://mail", ("mail", 25, "", "", False, False)),
        ("smtp://a%40b:p%2Fw@mail:587?tls=starttls", ("mail", 587, "a@b", "p/w", True, False)),
        ("smtps://mail", ("mail", 465, "", "", False, True)),
    ],
)
def test_the_setting(url: str, wanted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    found = env.mail_server("EMAIL_URL")
    assert (tuple(found.values()) if found else None) == wanted


@pytest.mark.parametrize("url", ["mail:25", "http://mail", "smtp://", "smtp://mail?tls=maybe"])
def test_a_wrong_setting_says_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(env.SettingError):
        env.mail_server("EMAIL_URL")
