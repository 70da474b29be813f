"""Mailboxes: a new message is taken once, whatever breaks; known people get follow-ups; no server within is read."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from crm_platform.files.models import StoredFile
from crm_platform.jobs.models import Job
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, ValidationFailed
from objects.records.service import RecordService
from tests.kit.imap_server import ADDRESS, PASSWORD, USER, Server, imap_server
from tests.objects.world import World
from tests.workflows.intake.conftest import Records
from workflows.intake import settling
from workflows.intake.mail import connecting, reading, taking
from workflows.intake.mail.connecting import Trouble
from workflows.intake.mail.mailboxes import MAILBOXES, create_mailbox, try_mailbox, update_mailbox
from workflows.intake.mail.messages import read_mail
from workflows.intake.mail.reading import read
from workflows.intake.models import Mailbox, MailboxMessage
from workflows.pools.models import Pool

State = MailboxMessage.State


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with imap_server() as server:
        yield server


@pytest.fixture
def server(running: Server, settings: Any) -> Server:
    running.forget()
    settings.MAILBOX_HOSTS = [ADDRESS]
    return running


@pytest.fixture
def box(pool: Pool, server: Server) -> Mailbox:
    given = {"host": ADDRESS, "port": server.port, "security": "plain", "username": USER, "password": PASSWORD}
    return create_mailbox(system_actor(), "lead", {"label": "询盘", "pool_id": pool.pk, "reads_old": True, **given})


def changed(box: Mailbox, **changes: Any) -> Mailbox:
    return update_mailbox(system_actor(), box.pk, changes)


def look(box: Mailbox) -> dict[str, int]:
    found = read(box.pk, timezone.now())
    box.refresh_from_db()
    return found


# --- what becomes of it -----------------------------------------------------------------------------------------
def test_a_new_message_becomes_a_lead_in_the_pool_once(
    box: Mailbox, server: Server, pool: Pool, records: Records
) -> None:
    server.mail("多少钱？\r\n谢谢", message_id="<a@x>")
    assert (look(box), look(box)) == ({"accepted": 1}, {})
    [lead] = records("lead")
    told = {name: lead.value(name) for name in ("name", "email", "company", "description")}
    wanted = {"name": "王芳", "email": "wang@shop.example", "company": "shop.example", "description": "多少钱？\n谢谢"}
    assert told == wanted
    assert (lead.owner_id, lead.pool_id, lead.created_by_id) == (None, pool.pk, None)
    [row] = box.arrivals.all()
    assert (row.record_id, row.sender, row.subject) == (lead.pk, "wang@shop.example", "询价")
    server.number_anew()  # all UIDs are others
    server.mail(**{"from": "li@other.example"}, message_id="<b@x>")
    assert look(box) == {"accepted": 1}
    assert [item.value("name") for item in records("lead")] == ["王芳", "li"]


def test_only_what_is_new_is_read_unless_asked_otherwise(box: Mailbox, server: Server, records: Records) -> None:
    server.mail("old")
    changed(box, reads_old=False)
    assert look(box) == {}
    server.mail("new")
    assert (look(box), [lead.value("description") for lead in records("lead")]) == ({"accepted": 1}, ["new"])


def test_known_people_and_answers_become_follow_ups_with_their_files(
    box: Mailbox, server: Server, records: Records
) -> None:
    service = RecordService(system_actor())
    account = service.create("account", {"name": "云途"}).id
    contact = service.create("contact", {"name": "王", "account_id": account, "email": "wang@shop.example"}).id
    made = EmailMessage()
    for name, value in {"From": "WANG@shop.example", "To": USER, "Subject": "合同", "Message-ID": "<c@x>"}.items():
        made[name] = value
    made.set_content("见附件")
    made.add_attachment(b"name\n1\n", maintype="text", subtype="csv", filename="报价.csv")
    made.add_attachment(b"MZ\x90\x00", maintype="application", subtype="x-msdownload", filename="evil.exe")
    server.put(made.as_bytes())
    server.mail(**{"from": "someone@else.example"}, in_reply_to="<c@x>", message_id="<d@x>")
    assert (look(box), records("lead")) == ({"attached": 2}, [])
    assert {row.record_id for row in box.arrivals.all()} == {contact}
    first, second = records("follow_up")
    assert ("合同" in first.value("content"), "见附件" in first.value("content")) == (True, True)
    assert [item.name for item in StoredFile.objects.filter(record_id=first.pk)] == ["报价.csv"]
    assert "evil.exe" in first.value("content")
    assert second.value("method") == "email"
    changed(box, attaches_known=False)
    server.mail()
    assert (look(box), len(records("lead"))) == ({"accepted": 1}, 1)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"auto_submitted": "auto-replied"}, "auto_reply"),
        ({"precedence": "bulk"}, "list"),
        ({"list_id": "<news.x>"}, "list"),
        ({"return_path": "<>"}, "bounce"),
        ({"from": "MAILER-DAEMON@x.example"}, "bounce"),
        ({"from": USER}, "own"),
        ({"auto_submitted": "no", "return_path": "<wang@shop.example>"}, ""),
    ],
)
def test_machines_mails_are_passed_over(headers: dict[str, str], reason: str) -> None:
    made = EmailMessage()
    for name, value in {"from": "wang@shop.example", "to": USER, **headers}.items():
        made[name.replace("_", "-")] = value
    assert read_mail(Mailbox(username=USER), made.as_bytes()).pass_over == reason


def test_what_is_passed_over_is_listed_and_may_be_released(box: Mailbox, server: Server, records: Records) -> None:
    server.mail(precedence="list")
    assert (look(box), records("lead")) == ({"refused": 1}, [])
    [row] = box.arrivals.all()
    settling.release(system_actor(), MAILBOXES, box.pk, row.pk)
    assert len(records("lead")) == 1


def test_broken_messages_never_stop_the_box(
    box: Mailbox, server: Server, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = [
        b"\x00\xff\xfe",
        b"From: =?utf-8?b?////?= <\xff>\r\nSubject: =?nosuch?q?x?=\r\n"
        b"Content-Type: text/plain; charset=nosuch\r\n\r\n\xff",
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
        b"From: x\r\nDate: never\r\nMessage-ID: <" + b"y" * 2000 + b">\r\n\r\n" + b"\0" * 50,
        b"From: " + b"n" * 400 + b"@x.example\r\nSubject: " + b"s" * 900 + b"\r\n\r\n" + b"t" * 40_000,
    ]
    for raw in odd:
        server.put(raw)
    server.mail(message_id="<good@x>")
    seen = taking.read_mail

    def broken(row: Mailbox, raw: bytes) -> Any:
        if b"Date: never" in raw:
            raise LookupError("a parser")
        return seen(row, raw)

    monkeypatch.setattr(taking, "read_mail", broken)
    found = look(box)
    assert sum(found.values()) == len(odd) + 1
    [row] = box.arrivals.filter(reason="unreadable")
    assert "王芳" in [lead.value("name") for lead in records("lead")]
    settling.release(system_actor(), MAILBOXES, box.pk, row.pk)  # a person reads what no parser could
    assert "Date: never" in records("lead")[-1].value("description")
    assert (look(box), box.error) == ({}, "")


def test_a_message_and_how_far_was_read_are_one_thing(
    box: Mailbox, server: Server, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in "12":
        server.mail(number, **{"from": f"{number}@x.example"})
    whole = MailboxMessage.save

    def dies(self: MailboxMessage, **options: Any) -> None:
        if self.body and '"2"' in self.body:
            raise OperationalError("gone")
        whole(self, **options)

    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(MailboxMessage, "save", dies)
        look(box)
    assert [lead.value("description") for lead in records("lead")] == ["1"]
    assert look(box) == {"accepted": 1}
    assert [lead.value("description") for lead in records("lead")] == ["1", "2"]


def test_one_run_takes_only_so_much(
    box: Mailbox, server: Server, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_MESSAGES", 2)
    monkeypatch.setattr(reading, "MAX_BYTES", 2_000)
    monkeypatch.setattr(reading, "WINDOW", 2)
    for number, text in enumerate(("x" * 5_000, "0", "1")):
        server.mail(text, **{"from": f"{number}@x.example"})
    assert [look(box), look(box), look(box)] == [{"accepted": 2}, {"accepted": 1}, {}]
    assert [lead.value("description") for lead in records("lead")] == [
        "询价",
        "0",
        "1",
    ]  # of the large one only the head


# --- connections ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("host", "addresses", "allowed", "reason"),
    [
        ("127.0.0.1", ["127.0.0.1"], [], "not_allowed"),
        ("localhost", ["::1", "127.0.0.1"], [], "not_allowed"),
        ("mail.example", ["10.1.2.3"], [], "not_allowed"),
        ("mail.example", ["93.184.216.34", "192.168.1.1"], [], "not_allowed"),
        ("mail.example", ["169.254.169.254"], [], "not_allowed"),
        ("mail.example", ["::ffff:10.0.0.1"], [], "not_allowed"),
        ("mail.example", ["2002:0a00:0001::1"], [], "not_allowed"),
        ("mail.example", ["fd00::1"], ["10.0.0.0/8"], "not_allowed"),
        ("mail.example", ["10.1.2.3"], ["10.0.0.0/8"], ""),
        ("Mail.Example.", ["10.1.2.3"], ["mail.example"], ""),
        ("mail.example", ["93.184.216.34"], [], "needs_encryption"),
    ],
)
def test_servers_within_are_asked_only_where_an_operator_allows_it(
    monkeypatch: pytest.MonkeyPatch, settings: Any, host: str, addresses: list[str], allowed: list[str], reason: str
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 143)) for address in addresses]
    monkeypatch.setattr(connecting.socket, "getaddrinfo", lambda *args, **kwargs: found)
    settings.MAILBOX_HOSTS = allowed
    row = Mailbox(host=host, port=143, security="plain")
    if not reason:
        assert connecting.allowed_address(row) == addresses[0]
        return
    with pytest.raises(Trouble) as trouble:
        connecting.allowed_address(row)
    assert trouble.value.reason == reason


def test_what_is_wrong_with_a_connection_is_told_noted_and_backed_off(
    box: Mailbox, server: Server, settings: Any
) -> None:
    server.mail()
    assert try_mailbox(system_actor(), box.pk) == {"messages": 1}
    with socket.create_server((ADDRESS, 0)) as other:

        def chat() -> None:
            for _number in range(2):
                client, _from = other.accept()
                client.sendall(b"HTTP/1.1 400 secret of the intranet\r\n\r\n")
                client.close()

        threading.Thread(target=chat, daemon=True).start()
        no_imap = {"port": other.getsockname()[1], "password": PASSWORD}
        troubles = {
            "refused": {"password": "wrong"},
            "no_imap": no_imap,
            "no_tls": {**no_imap, "security": "tls"},
            "no_folder": {"port": server.port, "security": "plain", "password": PASSWORD, "folder": "No"},
            "unreachable": {"port": 1, "password": PASSWORD},
            "no_such_host": {"host": "nosuch.invalid", "password": PASSWORD},
        }
        for reason, changes in troubles.items():
            changed(box, **changes)
            with pytest.raises(Trouble) as trouble:
                try_mailbox(system_actor(), box.pk)
            assert (trouble.value.reason, "intranet" in str(trouble.value.message)) == (reason, False)
    now = timezone.now()
    waits = []
    for _turn in range(3):
        assert read(box.pk, now) == {}
        box.refresh_from_db()
        waits.append((box.next_at - now).total_seconds())
    assert (box.error, box.failures, waits, box.checked_at) == ("no_such_host", 3, [120, 240, 480], None)


def test_due_mailboxes_are_read_by_jobs_of_their_own(box: Mailbox, server: Server, records: Records) -> None:
    server.mail()

    class Context:
        now = timezone.now()
        args: dict[str, str]

    context: Any = Context()
    assert reading.read_all(context) == reading.read_all(context) == {"mailboxes": 1}
    [job] = Job.objects.filter(kind=reading.ONE)
    context.args = job.args
    assert (reading.read_one(context), reading.read_all(context)) == ({"accepted": 1}, {"mailboxes": 0})


# --- settling ---------------------------------------------------------------------------------------------------
def test_the_password_is_sealed_and_goes_to_no_other_server(box: Mailbox, crm: World) -> None:
    assert PASSWORD not in box.secret_seal
    for changes in ({"host": "evil.example"}, {"port": 1}, {"security": "starttls"}):
        with pytest.raises(ValidationFailed) as failed:
            changed(box, **changes)
        assert [error.field for error in failed.value.errors] == ["password"]
    look(box)
    assert changed(box, label="x").uid_validity == box.uid_validity
    assert changed(box, folder="Other").uid_validity is None
    with pytest.raises(Forbidden):
        try_mailbox(crm.actor("rep"), box.pk)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "a\r\nA1 DELETE x"}, "username"),
        ({"folder": "IN\nBOX"}, "folder"),
        ({"folder": ""}, "folder"),
        ({"host": "a b", "password": "x"}, "host"),
        ({"port": 0, "password": "x"}, "port"),
        ({"password": "a\nb"}, "password"),
        ({"security": "none", "password": "x"}, "security"),
        ({"mapping": [{"field": "name"}]}, "mapping"),
    ],
)
def test_a_mailbox_is_settled_soundly(box: Mailbox, changes: Any, field: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        changed(box, **changes)
    assert [error.field for error in failed.value.errors] == [field]
