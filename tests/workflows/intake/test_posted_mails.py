"""Mails that a mail server posts: kept before the answer, then taken as mails that are read are, once for both ways."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import OperationalError
from django.utils import timezone

from crm_platform.files.models import StoredFile
from crm_platform.files.store import content_key, storage
from crm_platform.identity.models import User
from crm_platform.jobs.models import Job
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, StateConflict, ValidationFailed
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.layouts.hosts import host_of
from tests.objects.world import World
from tests.workflows.intake.conftest import Records
from workflows.intake import settling, sources
from workflows.intake.mail import posting, reading, taking
from workflows.intake.mail.mailboxes import MAILBOXES, create_mailbox, try_mailbox, update_mailbox
from workflows.intake.models import Mailbox, MailboxMessage, PostedMail
from workflows.pools.models import Pool

Post = Callable[..., Any]
RAW, OCTETS = "message/rfc822", "application/octet-stream"


@pytest.fixture
def address(pool: Pool) -> tuple[Mailbox, str]:
    given = {"label": "邮件服务器", "pool_id": pool.pk, "username": "sales@acme.example"}
    return posting.create_address(system_actor(), "lead", given)


@pytest.fixture
def post(address: tuple[Mailbox, str], site: OrganizationAPIClient) -> Post:
    def call(body: Any, content_type: str = RAW, token: str = address[1]) -> Any:
        return site.generic("POST", f"/api/v1/public/email/{token}", body, content_type)

    return call


def mail(text: str = "多少钱？", *, file: bool = False, **headers: str) -> bytes:
    made = EmailMessage()
    usual = {"from": "王芳 <wang@shop.example>", "to": "sales@acme.example", "subject": "询价", "message_id": "<a@x>"}
    for name, value in {**usual, **headers}.items():
        if value:
            made[name.replace("_", "-")] = value
    made.set_content(text, cte="8bit")
    if file:
        made.add_attachment(b"name\n1\n", maintype="text", subtype="csv", filename="报价.csv")
    return made.as_bytes()


def work_off() -> list[dict[str, int]]:
    """Run the jobs that take what was posted."""
    context = [SimpleNamespace(args=job.args, now=timezone.now()) for job in Job.objects.filter(kind=posting.TAKE)]
    return [found for item in context if (found := posting.take_one(item))]  # type: ignore[arg-type]


def test_a_posted_mail_is_kept_first_and_taken_afterwards(
    address: tuple[Mailbox, str], post: Post, pool: Pool, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = post(mail())
    assert (answer.status_code, answer.json()) == (202, {"id": str(PostedMail.objects.get().pk)})
    key = content_key(hashlib.sha256(mail()).hexdigest())
    assert (storage().exists(key), records("lead")) == (True, [])  # all of it is there before anybody looks
    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(MailboxMessage, "save", lambda *_given, **_options: (_ for _ in ()).throw(OperationalError))
        work_off()
    assert (PostedMail.objects.count(), records("lead")) == (1, [])  # nothing is lost, nothing half done
    assert (work_off(), work_off()) == ([{"accepted": 1}], [])
    [lead] = records("lead")
    told = {name: lead.value(name) for name in ("name", "email", "company", "description")}
    wanted = {"name": "王芳", "email": "wang@shop.example", "company": "shop.example", "description": "多少钱？"}
    assert (told, lead.pool_id, lead.created_by_id) == (wanted, pool.pk, None)
    [row] = address[0].arrivals.all()
    assert (row.record_id, row.subject, row.uid) == (lead.pk, "询价", None)
    assert (PostedMail.objects.exists(), StoredFile.objects.filter(held_by="intake").exists()) == (False, False)
    post(mail("once more"))
    assert (work_off(), len(records("lead"))) == ([], 1)  # the Message-ID is known


def test_both_ways_take_a_mail_once_and_answers_find_their_record(
    address: tuple[Mailbox, str], post: Post, pool: Pool, records: Records
) -> None:
    given = {"label": "IMAP", "host": "imap.example", "username": "u", "password": "p", "attaches_known": False}
    box = create_mailbox(system_actor(), "lead", given)
    Mailbox.objects.filter(pk=box.pk).update(uid_validity=1)

    def read(uid: int, raw: bytes) -> str:
        return taking.take(box.pk, reading.Place(1, uid), raw)

    assert read(1, mail()) == "accepted"
    post(mail())
    assert (work_off(), len(records("lead"))) == ([], 1)
    post(mail("2", message_id="<b@x>", **{"from": "li@other.example"}))
    assert (work_off(), read(2, mail("2", message_id="<b@x>"))) == ([{"accepted": 1}], "")
    first, _second = records("lead")
    post(mail("见附件", file=True, message_id="<c@x>", in_reply_to="<a@x>", **{"from": "boss@shop.example"}))
    assert work_off() == [{"attached": 1}]
    [note] = records("follow_up")
    assert MailboxMessage.objects.filter(record_id=first.pk).count() == 2
    assert [item.name for item in StoredFile.objects.filter(record_id=note.pk)] == ["报价.csv"]
    nameless = [mail(text, message_id="", **{"from": "x@y.example"}) for text in "445"]
    for raw in nameless:
        post(raw)
    assert len(work_off()) == 2  # the same bytes are the same mail


@pytest.mark.parametrize(
    ("headers", "state"),
    [({"precedence": "list"}, "refused"), ({"from": "sales@acme.example"}, "refused"), ({"from": "\n "}, "accepted")],
)
def test_machines_are_passed_over_and_released_from_the_list(
    address: tuple[Mailbox, str], records: Records, headers: dict[str, str], state: str
) -> None:
    raw = mail().replace(b"From: ", b"X-From: ") if headers.get("from") == "\n " else mail(**headers)
    posting.receive(address[0], raw)
    assert work_off() == [{state: 1}]
    if state == "refused":
        row = address[0].arrivals.get()
        settling.release(system_actor(), MAILBOXES, address[0].pk, row.pk)
    assert len(records("lead")) == 1


def test_services_may_post_forms_and_every_byte_is_kept(post: Post, records: Records, site: Any) -> None:
    boundary = "b0und"

    def parts(name: str, raw: bytes, extra: str = "") -> bytes:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
        return head.encode() + raw + f"\r\n--{boundary}--\r\n".encode()

    old = mail("", message_id="<gb@x>").replace(b'charset="utf-8"', b'charset="gb18030"') + "合同".encode("gb18030")
    form = f"multipart/form-data; boundary={boundary}"
    assert post(parts("body-mime", old), form).status_code == 202
    assert (
        post(
            parts("email", mail(message_id="<f@x>", **{"from": "f@f.example"}), '; filename="m.eml"'), form
        ).status_code
        == 202
    )
    coded = urlencode({"body-mime": mail("编码", message_id="<u@x>", **{"from": "u@u.example"})}).encode()
    assert post(coded, "application/x-www-form-urlencoded").status_code == 202
    work_off()
    assert sorted(lead.value("description") for lead in records("lead")) == ["合同", "多少钱？", "编码"]
    for body, kind in ((b"", RAW), (b" \n", OCTETS), (b"x", form), (parts("other", b"x"), form), (b"a=1", form)):
        assert post(body, kind).status_code == 400, (body, kind)


def test_unknown_addresses_get_one_answer_whatever_is_sent(
    address: tuple[Mailbox, str], post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    box, token = address
    monkeypatch.setattr(sources, "MAX_MAIL", 500)
    with caplog.at_level(logging.INFO, "crm.request"):
        assert post(mail("x" * 90_000)).status_code == 413
    assert ("/public/email/…" in caplog.text, token in caplog.text) == (True, False)
    assert token not in str(Mailbox.objects.values().get(pk=box.pk))
    update_mailbox(system_actor(), box.pk, {"is_active": False})
    tokens = [token, "nosuch", "x" * 3_000, box.token_digest, token.swapcase()]
    answers = [post(body, token=item) for item in tokens for body in (mail(), b"", b"x" * 90_000)]
    seen = {(answer.status_code, str({**answer.json(), "request_id": ""})) for answer in answers}
    assert len(seen) == 1 and answers[0].status_code == 404
    update_mailbox(system_actor(), box.pk, {"is_active": True})
    _box, other = posting.another_address(system_actor(), box.pk)
    assert [post(mail(), token=item).status_code for item in (token, other)] == [404, 202]


def test_one_address_takes_only_so_many_at_a_time(
    address: tuple[Mailbox, str], post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "PER_ADDRESS", 2)
    answers = [post(mail(message_id=f"<{number}@x>")).status_code for number in range(3)]
    work_off()  # what became of them counts as well
    assert (answers, post(mail(message_id="<4@x>")).status_code) == ([202, 202, 429], 429)


def test_what_waits_too_long_and_what_is_gone(address: tuple[Mailbox, str], records: Records) -> None:
    lost = posting.receive(address[0], mail(message_id="<lost@x>"))
    storage().delete(content_key(lost.file.sha256))
    Job.objects.all().delete()
    context: Any = SimpleNamespace(now=timezone.now())
    posting.take_again(context)
    assert not Job.objects.exists()
    PostedMail.objects.update(at="2020-01-01T00:00:00Z")
    posting.take_again(context)
    posting.take_again(context)
    assert (Job.objects.count(), work_off()) == (1, [{"held": 1}])
    assert (address[0].arrivals.get().reason, records("lead")) == ("unreadable", [])


# --- settling ---------------------------------------------------------------------------------------------------
def test_addresses_are_settled_soundly(address: tuple[Mailbox, str], crm: World) -> None:
    box, admin, rep = address[0], system_actor(), crm.actor("rep")
    for changes in ({"host": "imap.example"}, {"password": "x"}):
        with pytest.raises(ValidationFailed):
            update_mailbox(admin, box.pk, changes)
    for call in (posting.create_address, create_mailbox):
        with pytest.raises(Forbidden):
            call(rep, "lead", {"label": "x"})
    with pytest.raises(Forbidden):
        posting.another_address(rep, box.pk)
    with pytest.raises(StateConflict):
        try_mailbox(admin, box.pk)
    read = create_mailbox(admin, "lead", {"label": "I", "host": "h.example", "username": "u", "password": "p"})
    with pytest.raises(StateConflict):
        posting.another_address(admin, read.pk)
    assert reading.read_all(SimpleNamespace(now=timezone.now())) == {"mailboxes": 1}  # type: ignore[arg-type]


def test_the_console_shows_an_address_once(crm: World, pool: Pool, site: OrganizationAPIClient) -> None:
    admin = OrganizationClient(host_of(crm))
    admin.force_login(User.objects.get(username="admin"))
    new = {"label": "网关", "object": "lead", "username": ""}
    shown = admin.post("/setup/mailboxes/new-address", new)
    assert (shown.status_code, shown["Cache-Control"]) == (200, "no-store")
    url = shown.context["url"]
    assert url in shown.content.decode()
    box = Mailbox.objects.get()
    form = admin.get(f"/setup/mailboxes/{box.pk}")
    assert url.rpartition("/")[2] not in form.content.decode()
    posted = {name: form.context["form"][name].value() or "" for name in form.context["form"].fields}
    posted |= {"version": box.version, "mapping-TOTAL_FORMS": "1", "mapping-INITIAL_FORMS": "0"}
    posted |= {"mapping-0-field": "name", "mapping-0-path": "subject", "pool": pool.pk}
    assert admin.post(f"/setup/mailboxes/{box.pk}", posted).status_code == 302
    box.refresh_from_db()
    assert (box.pool_id, box.mapping) == (pool.pk, [{"field": "name", "path": "subject"}])
    assert box.is_posted and box.token_digest
    again = admin.post(f"/setup/mailboxes/{box.pk}/address").context["url"]
    codes = [site.generic("POST", one, mail(), RAW).status_code for one in (url, again)]
    assert (codes, "网关" in admin.get("/setup/mailboxes/").content.decode()) == ([404, 202], True)
    work_off()
    assert "询价" in admin.get(f"/setup/mailboxes/{box.pk}/mails").content.decode()
